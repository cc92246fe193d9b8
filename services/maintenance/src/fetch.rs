//! Gets the answer of one source for one vehicle: from memory, from the store, or from the source, once for all who ask.

mod ask;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use moka::future::Cache;
use tongguan_rpc::Tasks;
use tongguan_vocabulary::{Tenant, Vin, World};
use uuid::Uuid;

use crate::config::Config;
use crate::domain::history::{Answer, Used};
use crate::domain::outcome::{Lives, Outcome};
use crate::error::Error;
use crate::measures;
use crate::store::Store;
use crate::upstream::{Fetched, Upstream, Wire, provinces};
use crate::vault::Vault;

/// Whose answer about which vehicle from which source.
type Key = (Tenant, Vin, String);
/// An answer, and whether the source was asked for it.
type Flight = Shared<BoxFuture<'static, (Arc<Answer>, bool)>>;

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
        let wire = Wire::Http(crate::upstream::client()?);
        let mut sources = BTreeMap::new();
        for (id, source) in &config.sources {
            let wrong = |reason: String| Error::Source {
                id: id.clone(),
                reason,
            };
            let province = provinces::find(id)
                .ok_or_else(|| wrong("no such row in data/provinces.json".to_owned()))?;
            let upstream = Upstream::new(province, source.clone(), wire.clone(), world.clone())
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
        let held = self.0.answers.get(&key).await;
        let enough = held.filter(|answer| self.is_enough(answer, wanted));
        measures::remembered(enough.is_some());
        if let Some(answer) = enough {
            return Ok((self.used(answer, None), true));
        }
        let failing = (key.clone(), wanted.plate.clone());
        let mut heard = None;
        // A question under way may end with an older answer than this caller takes: then it is put once more.
        for _ in 0..3 {
            let held = self.0.answers.get(&key).await;
            if let Some(answer) = held
                .as_ref()
                .filter(|answer| self.is_enough(answer, wanted))
            {
                return Ok((self.used(answer.clone(), None), true));
            }
            let again = wanted.max_age.is_some_and(time::Duration::is_zero);
            let recent = self.0.failures.get(&failing).await.filter(|failed| {
                !again && now - failed.fetched_at <= self.0.lives.of(failed.outcome)
            });
            if let Some(failed) = recent {
                return Ok((self.settle(self.known(&key).await?, failed), true));
            }
            let flight = self.flight(
                source,
                failing.clone(),
                wanted,
                held.map(|answer| answer.id),
            );
            let Ok((answer, asked)) = tokio::time::timeout(wanted.wait, flight).await else {
                break;
            };
            if asked || self.is_enough(&answer, wanted) {
                heard = Some((answer, asked));
                break;
            }
        }
        let (answer, asked) = heard.unwrap_or_else(|| {
            let slow = Fetched::without(
                Outcome::UpstreamDown,
                "the source needs longer than was waited; it is still being asked",
                Some(Duration::from_secs(2)),
            );
            let label = upstream.profile.label();
            let simulated = upstream.config.simulated;
            let failed = self.failure(source, label, simulated, &wanted.consent, &slow);
            (Arc::new(failed), true)
        });
        let used = if answer.outcome.is_answer() {
            self.used(answer, None)
        } else {
            self.settle(self.known(&key).await?, answer)
        };
        Ok((used, !asked))
    }

    /// Whether an answer is young enough for a caller; nothing is for one who wants it anew.
    fn is_enough(&self, answer: &Answer, wanted: &Wanted) -> bool {
        let enough = wanted
            .max_age
            .unwrap_or_else(|| self.0.lives.of(answer.outcome));
        !enough.is_zero() && self.0.world.clock.now() - answer.fetched_at <= enough
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
            return futures::future::ready((answer, false)).boxed().shared();
        }
        let (this, source, asked) = (self.clone(), source.to_owned(), wanted.clone());
        // The store is read inside the flight: a crowd that asks for one vehicle reads it once.
        let flight: Flight = async move {
            let key = (asked.tenant.clone(), asked.vin, source.clone());
            match this.known(&key).await {
                Ok(Some(answer)) if this.is_enough(&answer, &asked) => (answer, false),
                Ok(_) => (this.fetch(&source, &asked).await, true),
                Err(error) => {
                    tracing::warn!(%error, "a kept answer could not be read; the source is asked");
                    (this.fetch(&source, &asked).await, true)
                }
            }
        }
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
}
