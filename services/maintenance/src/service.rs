//! The use cases of the maintenance lookup, in domain words.

mod durable;
mod views;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tongguan_access::Caller;
use tongguan_rpc::{PageToken, Tasks};
use tongguan_storage::Once;
use tongguan_vocabulary::{Tenant, Vin, World};
use uuid::Uuid;

use crate::config::Config;
use crate::domain::history::Used;
use crate::domain::lookup::{Ask, Lookup, State};
use crate::domain::odometer::{Analysis, Timeline, analyse};
use crate::domain::outcome::Lives;
use crate::error::Error;
use crate::fetch::{Fetcher, Wanted};
use crate::measures;
use crate::store::{Purged, Store};
use crate::upstream::manners::Health;
use crate::upstream::{Upstream, provinces};

use self::views::{View, Views};

/// The longest a call waits for sources.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// What a lookup gets where its caller names no deadline, and at most.
const DEADLINE: (time::Duration, time::Duration) =
    (time::Duration::days(7), time::Duration::days(30));

/// The maintenance lookup; cheap to clone.
#[derive(Clone)]
pub(crate) struct Service(Arc<Inner>);

struct Inner {
    config: Config,
    lives: Lives,
    fetcher: Fetcher,
    views: Views,
    store: Store,
    world: World,
    wake: Notify,
}

/// A history with what it was asked for.
pub(crate) struct Told {
    pub(crate) ask: Ask,
    pub(crate) view: Arc<View>,
    /// No source was asked for it.
    pub(crate) cached: bool,
    pub(crate) now: OffsetDateTime,
}

/// A durable lookup and what is known so far.
pub(crate) struct Progress {
    pub(crate) lookup: Lookup,
    pub(crate) told: Option<Told>,
}

impl Service {
    pub(crate) fn new(
        config: Config,
        store: Store,
        world: World,
        tasks: Tasks,
    ) -> Result<Self, Error> {
        Ok(Self(Arc::new(Inner {
            lives: config.lives(),
            views: Views::new(config.cached_answers / 8),
            fetcher: Fetcher::new(&config, store.clone(), world.clone(), tasks)?,
            config,
            store,
            world,
            wake: Notify::new(),
        })))
    }

    /// A vehicle's history, from what is kept or within a short wait.
    pub(crate) async fn look_up(&self, caller: &Caller, ask: Ask) -> Result<Told, Error> {
        self.permitted(&ask)?;
        let sources = self.choose(&ask)?;
        self.gather(&caller.tenant, ask, &sources, self.wait())
            .await
    }

    /// Starts a durable lookup, or answers the one that asks the same.
    pub(crate) async fn start(
        &self,
        caller: &Caller,
        request_id: &str,
        canonical: &[u8],
        ask: Ask,
        deadline: Option<OffsetDateTime>,
    ) -> Result<Lookup, Error> {
        self.permitted(&ask)?;
        self.choose(&ask)?;
        let now = self.0.world.clock.now();
        let lookup = Lookup {
            id: self.0.world.ids.next(),
            ask,
            state: State::Running,
            outcome: None,
            failures: Vec::new(),
            attempts: 0,
            next_attempt_at: now,
            deadline_at: deadline.unwrap_or(now + DEADLINE.0).min(now + DEADLINE.1),
            created_at: now,
            updated_at: now,
        };
        let once = Once::new(&caller.tenant, "StartLookup", request_id, canonical, now);
        let started = self
            .0
            .store
            .start(
                &once,
                &caller.tenant,
                &lookup,
                now - self.0.lives.found,
                self.0.world.ids.next(),
            )
            .await?;
        self.0.wake.notify_one();
        Ok(started)
    }

    /// Where a lookup stands, with what its sources told so far.
    pub(crate) async fn progress(&self, caller: &Caller, id: Uuid) -> Result<Progress, Error> {
        let lookup = self
            .0
            .store
            .find_lookup(&caller.tenant, id)
            .await?
            .ok_or(Error::LookupNotFound { id })?;
        let mut used = Vec::new();
        for source in self.choose(&lookup.ask)? {
            let kept = self
                .0
                .fetcher
                .kept(&caller.tenant, &lookup.ask.vin, &source)
                .await?;
            let failed = lookup
                .failures
                .iter()
                .find(|answer| answer.source == source);
            match failed {
                Some(failed) => used.push(self.0.fetcher.noted(kept, failed.clone())),
                None => used.extend(kept),
            }
        }
        let told = if used.is_empty() {
            None
        } else {
            Some(
                self.tell(&caller.tenant, lookup.ask.clone(), used, true)
                    .await,
            )
        };
        Ok(Progress { lookup, told })
    }

    /// Ends a lookup.
    pub(crate) async fn cancel(&self, caller: &Caller, id: Uuid) -> Result<Lookup, Error> {
        self.0
            .store
            .cancel(
                &caller.tenant,
                id,
                self.0.world.clock.now(),
                self.0.world.ids.next(),
            )
            .await
    }

    /// The sources that can be asked, by id.
    pub(crate) fn list_sources(
        &self,
        token: &str,
        size: i32,
    ) -> Result<(Vec<&Upstream>, String), Error> {
        let tokens = PageToken::of(&["sources"]);
        let after = tokens.decode(token)?.unwrap_or_default();
        let size = PageToken::size(size, 50, 100);
        let found: Vec<&Upstream> = self
            .0
            .fetcher
            .sources()
            .iter()
            .filter(|(id, _)| **id > after)
            .map(|(_, upstream)| upstream)
            .take(size as usize + 1)
            .collect();
        Ok(tokens.page(found, size, |last| last.province.id.clone()))
    }

    /// How a source is doing, and how many lookups wait for it.
    pub(crate) async fn health(
        &self,
        id: &str,
    ) -> Result<(&Upstream, Health, u64, OffsetDateTime), Error> {
        let upstream = self
            .0
            .fetcher
            .sources()
            .get(id)
            .ok_or_else(|| self.unknown(id))?;
        let now = self.0.world.clock.now();
        Ok((
            upstream,
            upstream.manners.health(now),
            self.0.store.parked(id).await?,
            now,
        ))
    }

    /// Tells how every source is doing.
    pub(crate) fn measure(&self) {
        let now = self.0.world.clock.now();
        for (id, upstream) in self.0.fetcher.sources() {
            measures::health(id, &upstream.manners.health(now));
        }
    }

    /// Judges readings; looks nothing up.
    pub(crate) fn analyse(
        &self,
        mut timeline: Timeline,
        as_of: Option<time::Date>,
    ) -> (Timeline, Analysis) {
        timeline.as_of = as_of.unwrap_or_else(|| self.0.world.clock.today_in_china());
        let analysis = analyse(&timeline);
        (timeline, analysis)
    }

    /// Erases what is kept of a vehicle.
    pub(crate) async fn purge(
        &self,
        caller: &Caller,
        request_id: &str,
        canonical: &[u8],
        vin: Vin,
        consent: &str,
        reason: &str,
    ) -> Result<Purged, Error> {
        let now = self.0.world.clock.now();
        let once = Once::new(&caller.tenant, "PurgeHistory", request_id, canonical, now);
        let event = (self.0.world.ids.next(), now);
        let purged = self
            .0
            .store
            .purge(&once, &caller.tenant, &vin, consent, reason, event)
            .await?;
        self.0.fetcher.forget(&caller.tenant, &vin).await;
        self.0.views.forget(&caller.tenant, &vin).await;
        Ok(purged)
    }

    fn wait(&self) -> Duration {
        Duration::from_millis(self.0.config.wait_ms)
    }

    fn permitted(&self, ask: &Ask) -> Result<(), Error> {
        let today = self.0.world.clock.today_in_china();
        if ask.consent.covers(today) {
            return Ok(());
        }
        Err(Error::ConsentExpired {
            id: ask.consent.id.clone(),
            today,
        })
    }

    /// The sources to ask: those named, that of the plate's province, the national exchange, or every one.
    fn choose(&self, ask: &Ask) -> Result<Vec<String>, Error> {
        if !ask.sources.is_empty() {
            let known = |id: &String| {
                provinces::find(id)
                    .map(|_| id.clone())
                    .ok_or_else(|| self.unknown(id))
            };
            let chosen: BTreeSet<String> =
                ask.sources.iter().map(known).collect::<Result<_, _>>()?;
            return Ok(chosen.into_iter().collect());
        }
        if let Some(province) = provinces::of_plate(&ask.known.plate) {
            return Ok(vec![province.id.clone()]);
        }
        if self.0.fetcher.sources().contains_key("national") {
            return Ok(vec!["national".to_owned()]);
        }
        Ok(self.0.fetcher.sources().keys().cloned().collect())
    }

    fn unknown(&self, id: &str) -> Error {
        let known: Vec<&str> = self
            .0
            .fetcher
            .sources()
            .keys()
            .map(String::as_str)
            .collect();
        Error::SourceUnknown {
            id: id.chars().take(40).collect(),
            known: known.join(","),
        }
    }

    async fn gather(
        &self,
        tenant: &Tenant,
        ask: Ask,
        sources: &[String],
        wait: Duration,
    ) -> Result<Told, Error> {
        let wanted = Wanted {
            tenant: tenant.clone(),
            vin: ask.vin,
            plate: ask.known.plate.clone(),
            consent: ask.consent.id.clone(),
            max_age: ask
                .max_age_s
                .map(|seconds| time::Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX))),
            wait: ask
                .wait_ms
                .map_or(wait, Duration::from_millis)
                .min(LONGEST_WAIT)
                .min(within_deadline()),
        };
        let got = try_join_all(
            sources
                .iter()
                .map(|source| self.0.fetcher.get(source, &wanted)),
        )
        .await?;
        let cached = got.iter().all(|(_, alone)| *alone);
        let used = got.into_iter().map(|(used, _)| used).collect();
        Ok(self.tell(tenant, ask, used, cached).await)
    }

    async fn tell(&self, tenant: &Tenant, ask: Ask, used: Vec<Used>, cached: bool) -> Told {
        let now = self.0.world.clock.now();
        let today = self.0.world.clock.today_in_china();
        let view = self
            .0
            .views
            .view(tenant, ask.vin, used, &ask.known, now, today)
            .await;
        Told {
            ask,
            view,
            cached,
            now,
        }
    }
}

/// What is left of the caller's time, less what it takes to answer: a caller with little time gets the outcomes that
/// are known, not an expired deadline.
fn within_deadline() -> Duration {
    tongguan_rpc::remaining().map_or(LONGEST_WAIT, |left| {
        left.saturating_sub(Duration::from_millis(150))
    })
}
