//! Readiness jobs: taken in, worked off by one worker at a time, read out.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tongguan_storage::{Once, lease};
use tongguan_vocabulary::{Tenant, World};
use uuid::Uuid;

use crate::Error;
use crate::domain::{Job, Part};
use crate::peers::Listing;
use crate::service::{Ready, Service};
use crate::store::Store;

/// Cars of one round: a round is far shorter than the lease.
const ROUND: u32 = 128;
/// How long a worker holds the work without a sign of life.
const LEASE: time::Duration = time::Duration::seconds(60);
/// What all replicas compete for.
const NAME: &str = "readiness-jobs";

/// How cars and answers are stored, handed in so that the use cases need not know the wire.
#[derive(Clone, Copy)]
pub(crate) struct Codec {
    pub(crate) listing: fn(Value) -> (String, Result<Listing, Error>),
    pub(crate) row: fn(u64, String, Result<Ready, Error>) -> (Value, bool),
}

/// The use cases of jobs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Jobs {
    store: Store,
    service: Service,
    world: World,
    codec: Codec,
    wake: Arc<Notify>,
}

/// A write with its idempotency key.
pub(crate) struct Keyed<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) canonical: &'a [u8],
}

impl Jobs {
    pub(crate) fn new(store: Store, service: Service, world: World, codec: Codec) -> Self {
        Self {
            store,
            service,
            world,
            codec,
            wake: Arc::default(),
        }
    }

    pub(crate) async fn start(
        &self,
        tenant: &Tenant,
        key: Keyed<'_>,
        markets: Vec<String>,
        rows: &[Value],
        open: bool,
    ) -> Result<Job, Error> {
        let now = self.world.clock.now();
        let once = Once::new(
            tenant,
            "StartReadinessJob",
            key.request_id,
            key.canonical,
            now,
        );
        let job = Job::start(self.world.ids.next(), markets, rows.len() as u64, open, now);
        let job = self.store.start(&once, tenant, &job, rows).await?;
        self.wake.notify_one();
        Ok(job)
    }

    pub(crate) async fn add(
        &self,
        tenant: &Tenant,
        key: Keyed<'_>,
        part: &Part,
    ) -> Result<Job, Error> {
        let now = self.world.clock.now();
        let once = Once::new(
            tenant,
            "AddToReadinessJob",
            key.request_id,
            key.canonical,
            now,
        );
        let job = self.store.add(&once, tenant, part, now).await?;
        self.wake.notify_one();
        Ok(job)
    }

    pub(crate) async fn get(&self, tenant: &Tenant, id: Uuid) -> Result<Job, Error> {
        self.store
            .find(tenant, id)
            .await?
            .ok_or(Error::JobNotFound { job: id })
    }

    pub(crate) async fn cancel(&self, tenant: &Tenant, id: Uuid) -> Result<Job, Error> {
        self.store.cancel(tenant, id, self.world.clock.now()).await
    }

    /// Stored answers from a row on; empty past the last one.
    pub(crate) async fn answers(
        &self,
        tenant: &Tenant,
        id: Uuid,
        from: u64,
    ) -> Result<Vec<Value>, Error> {
        self.store.answers(tenant, id, from, ROUND).await
    }

    /// Works until the process stops. Of all replicas one works at a time; the others look again each second.
    pub(crate) async fn work(self, stopping: CancellationToken) {
        let owner = self.world.ids.next().to_string();
        while !stopping.is_cancelled() {
            let worked = self.round(&owner).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a round of readiness jobs failed; it is tried again");
                false
            });
            if !worked {
                tokio::select! {
                    () = self.wake.notified() => {}
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    () = stopping.cancelled() => {}
                }
            }
        }
    }

    /// Checks the next cars of one job; says whether there were any.
    async fn round(&self, owner: &str) -> Result<bool, Error> {
        let Some((tenant, job)) = self.store.next().await? else {
            return Ok(false);
        };
        let now = self.world.clock.now();
        let Some(lease) = lease::claim(self.store.database(), NAME, owner, now, LEASE).await?
        else {
            return Ok(false);
        };
        let rows = self.store.pending(&tenant, &job, ROUND).await?;
        let listings = rows.into_iter().map(self.codec.listing).collect();
        let answers = self
            .service
            .check_all(tenant.clone(), listings, job.markets.clone(), None);
        let stored =
            answers.map(|(row, key, answer)| (self.codec.row)(job.done + row as u64, key, answer));
        let answers: Vec<(Value, bool)> = stored.collect().await;
        self.store
            .progress(&lease, &tenant, &job, &answers, self.world.clock.now())
            .await?;
        Ok(!answers.is_empty())
    }
}
