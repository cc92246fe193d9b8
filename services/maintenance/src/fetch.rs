//! Gets the answer of one source for one vehicle: from memory, from the store, or from the source, once for all who ask.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use moka::future::Cache;
use tongguan_rpc::Tasks;
use tongguan_vocabulary::{Tenant, Vin, World};
use uuid::Uuid;

use crate::config::Config;
use crate::domain::findings::{Changes, changes};
use crate::domain::history::{Answer, Used};
use crate::domain::outcome::{Lives, Outcome};
use crate::domain::record::Record;
use crate::domain::text::hex;
use crate::error::Error;
use crate::store::Store;
use crate::upstream::profile::Question;
use crate::upstream::{Fetched, Upstream, explanation, provinces};
use crate::vault::Vault;

/// Whose answer about which vehicle from which source.
type Key = (Tenant, Vin, String);
type Flight = Shared<BoxFuture<'static, Arc<Answer>>>;

/// Where answers come from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Fetcher(Arc<Inner>);

struct Inner {
    sources: BTreeMap<String, Upstream>,
    lives: Lives,
    store: Store,
    vault: Vault,
    world: World,
    tasks: Tasks,
    /// Newest answers that were answers.
    answers: Cache<Key, Arc<Answer>>,
    /// Newest failures, with the plate that was asked with.
    failures: Cache<(Key, String), Arc<Answer>>,
    /// Questions under way.
    flights: Mutex<HashMap<(Key, String), Flight>>,
}

/// One question about one vehicle.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) tenant: Tenant,
    pub(crate) vin: Vin,
    pub(crate) plate: String,
    pub(crate) consent: String,
    /// The oldest answer that will do, instead of its fresh life.
    pub(crate) max_age: Option<time::Duration>,
    /// How long to wait for the source.
    pub(crate) wait: Duration,
}

impl Fetcher {
    pub(crate) fn new(
        config: &Config,
        store: Store,
        world: World,
        tasks: Tasks,
    ) -> Result<Self, Error> {
        let client = crate::upstream::client()?;
        let mut sources = BTreeMap::new();
        for (id, source) in &config.sources {
            let wrong = |reason: String| Error::Source {
                id: id.clone(),
                reason,
            };
            let province = provinces::find(id)
                .ok_or_else(|| wrong("no such row in data/provinces.json".to_owned()))?;
            let upstream = Upstream::new(province, source.clone(), client.clone(), world.clone())
                .map_err(wrong)?;
            sources.insert(id.clone(), upstream);
        }
        let memory = |lives: u64| {
            Cache::builder()
                .max_capacity(config.cached_answers)
                .time_to_live(Duration::from_secs(lives))
                .build()
        };
        Ok(Self(Arc::new(Inner {
            sources,
            lives: config.lives(),
            vault: Vault::new(config)?,
            store,
            world,
            tasks,
            answers: memory(u64::from(config.usable_s)),
            failures: Cache::builder()
                .max_capacity(config.cached_answers)
                .time_to_live(Duration::from_secs(u64::from(config.refused_s.max(60))))
                .build(),
            flights: Mutex::default(),
        })))
    }

    pub(crate) fn sources(&self) -> &BTreeMap<String, Upstream> {
        &self.0.sources
    }

    /// The answer of one source as it can be used now, and whether the source was left alone.
    pub(crate) async fn get(&self, source: &str, wanted: &Wanted) -> Result<(Used, bool), Error> {
        let now = self.0.world.clock.now();
        let Some(upstream) = self.0.sources.get(source) else {
            let answer = self.failure(
                source,
                "",
                false,
                &wanted.consent,
                &Fetched::without(
                    Outcome::Unsupported,
                    "no source is configured for this province",
                    None,
                ),
            );
            return Ok((self.used(Arc::new(answer), None), true));
        };
        let key = (wanted.tenant.clone(), wanted.vin, source.to_owned());
        let known = self.known(&key).await?;
        if let Some(answer) = &known {
            let enough = wanted
                .max_age
                .unwrap_or_else(|| self.0.lives.of(answer.outcome));
            if now - answer.fetched_at <= enough && !enough.is_zero() {
                return Ok((self.used(answer.clone(), None), true));
            }
        }
        let failing = (key.clone(), wanted.plate.clone());
        let asked_again = wanted.max_age.is_some_and(time::Duration::is_zero);
        let recent = self.0.failures.get(&failing).await.filter(|failed| {
            !asked_again && now - failed.fetched_at <= self.0.lives.of(failed.outcome)
        });
        if let Some(failed) = recent {
            return Ok((self.settle(known, failed), true));
        }
        let seen = known.as_ref().map(|answer| answer.id);
        let flight = self.flight(source, failing, wanted, seen);
        let heard = tokio::time::timeout(wanted.wait, flight).await;
        let answer = if let Ok(answer) = heard {
            answer
        } else {
            let slow = Fetched::without(
                Outcome::UpstreamDown,
                "the source needs longer than was waited; it is still being asked",
                Some(Duration::from_secs(2)),
            );
            Arc::new(self.failure(
                source,
                upstream.profile.label(),
                upstream.config.simulated,
                &wanted.consent,
                &slow,
            ))
        };
        let used = if answer.outcome.is_answer() {
            self.used(answer, None)
        } else {
            self.settle(known, answer)
        };
        Ok((used, false))
    }

    /// The newest answer that is kept, without asking anybody.
    pub(crate) async fn kept(
        &self,
        tenant: &Tenant,
        vin: &Vin,
        source: &str,
    ) -> Result<Option<Used>, Error> {
        let key = (tenant.clone(), *vin, source.to_owned());
        Ok(self
            .known(&key)
            .await?
            .map(|answer| self.used(answer, None)))
    }

    /// A failure that was noted before, as it counts now.
    pub(crate) fn noted(&self, known: Option<Used>, failed: Answer) -> Used {
        self.settle(known.map(|used| used.answer), Arc::new(failed))
    }

    /// Forgets what is in memory of a vehicle.
    pub(crate) async fn forget(&self, tenant: &Tenant, vin: &Vin) {
        for source in self.0.sources.keys() {
            self.0
                .answers
                .invalidate(&(tenant.clone(), *vin, source.clone()))
                .await;
        }
    }

    /// An older answer stands in for a failure that passes; a refusal of authorisation is never papered over.
    fn settle(&self, known: Option<Arc<Answer>>, failed: Arc<Answer>) -> Used {
        match known {
            Some(answer) if failed.outcome.passes() => self.used(answer, Some(failed)),
            _ => self.used(failed, None),
        }
    }

    fn used(&self, answer: Arc<Answer>, refresh: Option<Arc<Answer>>) -> Used {
        Used::new(answer, refresh, &self.0.lives, self.0.world.clock.now())
    }

    async fn known(&self, key: &Key) -> Result<Option<Arc<Answer>>, Error> {
        if let Some(answer) = self.0.answers.get(key).await {
            return Ok(Some(answer));
        }
        let stored = self
            .0
            .store
            .find_answer(&key.0, &key.1, &key.2)
            .await?
            .map(Arc::new);
        if let Some(answer) = &stored {
            self.0.answers.insert(key.clone(), answer.clone()).await;
        }
        Ok(stored)
    }

    /// The question under way, or a new one that goes on even if everybody who asked went away.
    ///
    /// `seen` is the answer the caller knows. A question that ended while the caller read the store has put its
    /// answer into memory before it left the table of flights, so that nobody asks twice.
    fn flight(
        &self,
        source: &str,
        failing: (Key, String),
        wanted: &Wanted,
        seen: Option<Uuid>,
    ) -> Flight {
        let mut flights = self
            .0
            .flights
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&failing) {
            return flight.clone();
        }
        let newest = self.0.answers.get(&failing.0).now_or_never().flatten();
        if let Some(answer) = newest.filter(|answer| Some(answer.id) != seen) {
            return futures::future::ready(answer).boxed().shared();
        }
        let (this, source, asked) = (self.clone(), source.to_owned(), wanted.clone());
        let flight: Flight = async move { this.fetch(&source, &asked).await }
            .boxed()
            .shared();
        flights.insert(failing.clone(), flight.clone());
        let (this, running) = (self.clone(), flight.clone());
        self.0.tasks.spawn("maintenance question", async move {
            running.await;
            this.0
                .flights
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&failing);
        });
        flight
    }

    async fn fetch(&self, source: &str, wanted: &Wanted) -> Arc<Answer> {
        let Some(upstream) = self.0.sources.get(source) else {
            return Arc::new(self.failure(
                source,
                "",
                false,
                &wanted.consent,
                &Fetched::without(
                    Outcome::Unsupported,
                    explanation(Outcome::Unsupported),
                    None,
                ),
            ));
        };
        let question = Question {
            vin: wanted.vin,
            plate: wanted.plate.clone(),
        };
        let fetched = upstream.ask(&question).await;
        let mut answer = self.failure(
            source,
            upstream.profile.label(),
            upstream.config.simulated,
            &wanted.consent,
            &fetched,
        );
        tracing::info!(
            source,
            vin = wanted.vin.masked(),
            outcome = answer.outcome.as_str(),
            rows = answer.rows,
            "a maintenance source was asked"
        );
        let key = (wanted.tenant.clone(), wanted.vin, source.to_owned());
        if !answer.outcome.is_answer() {
            let answer = Arc::new(answer);
            self.0
                .failures
                .insert((key, wanted.plate.clone()), answer.clone())
                .await;
            return answer;
        }
        let today = self.0.world.clock.today_in_china();
        answer.records = fetched
            .rows
            .iter()
            .filter_map(|row| Record::read(source, row, today))
            .collect();
        answer.unreadable += answer
            .rows
            .saturating_sub(fetched.unreadable)
            .saturating_sub(answer.records.len() as u32);
        if answer.unreadable > 0 && answer.outcome == Outcome::Found {
            answer.outcome = Outcome::FoundPartial;
            explanation(answer.outcome).clone_into(&mut answer.detail);
        }
        match self.0.store.find_answer(&key.0, &key.1, &key.2).await {
            Ok(Some(before)) => answer.changes = compare(&before, &answer),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "the answer before could not be read"),
        }
        if let Err(error) = self.keep(wanted, &answer, &fetched.raw).await {
            tracing::warn!(%error, "an answer could not be stored; it is used from memory");
        }
        let answer = Arc::new(answer);
        self.0
            .failures
            .invalidate(&(key.clone(), wanted.plate.clone()))
            .await;
        self.0.answers.insert(key, answer.clone()).await;
        answer
    }

    async fn keep(&self, wanted: &Wanted, answer: &Answer, raw: &[u8]) -> Result<(), Error> {
        let sealed = self
            .0
            .vault
            .seal(&format!("{}/{}", wanted.tenant, answer.id), raw)?;
        self.0
            .store
            .keep_answer(&wanted.tenant, &wanted.vin, answer, Some(&sealed))
            .await?;
        Ok(())
    }

    /// An answer without records.
    fn failure(
        &self,
        source: &str,
        profile: &str,
        simulated: bool,
        consent: &str,
        fetched: &Fetched,
    ) -> Answer {
        let hash = if fetched.raw.is_empty() {
            String::new()
        } else {
            hex(digest(&SHA256, &fetched.raw).as_ref())
        };
        Answer {
            id: self.0.world.ids.next(),
            source: source.to_owned(),
            outcome: fetched.outcome,
            detail: fetched.detail.clone(),
            profile: profile.to_owned(),
            simulated,
            raw_sha256: hash,
            consent: consent.to_owned(),
            fetched_at: self.0.world.clock.now(),
            as_of: fetched.as_of,
            rows: fetched.rows.len() as u32 + fetched.unreadable,
            unreadable: fetched.unreadable,
            retry_after: fetched
                .retry_after
                .map(|wait| wait.as_secs().clamp(1, 86_400) as u32)
                .or_else(|| fetched.outcome.passes().then_some(30)),
            records: Vec::new(),
            changes: Changes::default(),
        }
    }
}

/// Equal bytes need no comparison of records, and keep the differences found before.
fn compare(before: &Answer, now: &Answer) -> Changes {
    if before.raw_sha256 == now.raw_sha256 {
        return before.changes.clone();
    }
    changes(
        &before.records,
        &now.records,
        now.outcome != Outcome::FoundPartial,
    )
}
