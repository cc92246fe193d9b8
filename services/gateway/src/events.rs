//! The event log: fed from the other services' streams, one follower per tenant and stream, and read out.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tongguan_meters::{FEED_DELAY, label};
use tongguan_rpc::Tasks;
use tongguan_storage::lease;
use tongguan_vocabulary::{Tenant, World};

use crate::Error;
use crate::domain::{Feed, Happening};
use crate::peers::Desk;
use crate::store::{EventPage, Messages, Store};
use crate::webhooks::Render;

/// Events of one transaction.
const ROUND: usize = 256;
/// How long a follower holds its stream without a sign of life.
const LEASE: time::Duration = time::Duration::seconds(60);
/// How often a follower whose stream is silent gives one.
const RENEW: Duration = Duration::from_secs(20);
/// The longest pause after a failure.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The use cases of the log. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Log {
    store: Store,
    desk: Desk,
    world: World,
    joined: Arc<Notify>,
    grown: watch::Sender<u64>,
    messages: Messages,
    /// Wakes the sender of webhooks.
    sender: Arc<Notify>,
}

/// Why a stretch of following ended.
enum End {
    /// Another replica follows.
    Held,
    /// The stream ended; so many events had been taken over.
    Dry(usize),
}

impl Log {
    pub(crate) fn new(
        store: Store,
        desk: Desk,
        world: World,
        render: Render,
        sender: Arc<Notify>,
    ) -> Self {
        let ids = world.ids.clone();
        Self {
            messages: Messages { render, ids },
            sender,
            store,
            desk,
            world,
            joined: Arc::default(),
            grown: watch::Sender::default(),
        }
    }

    /// Makes sure that the tenant's log is fed.
    pub(crate) async fn join(&self, tenant: &Tenant) -> Result<(), Error> {
        if self.store.join(tenant, self.world.clock.now()).await? {
            self.joined.notify_one();
        }
        Ok(())
    }

    /// One page of the log.
    pub(crate) async fn list(
        &self,
        tenant: &Tenant,
        after: u64,
        kind_prefix: &str,
        limit: u32,
    ) -> Result<EventPage, Error> {
        self.store.events(tenant, after, kind_prefix, limit).await
    }

    /// Tells of growth by this process; readers look again each second for that of others.
    pub(crate) fn growth(&self) -> watch::Receiver<u64> {
        self.grown.subscribe()
    }

    /// Follows the streams of every tenant that listens, until the process stops.
    pub(crate) async fn feed(self, tasks: Tasks) {
        let stopping = tasks.stopping();
        let mut followed = HashSet::new();
        while !stopping.is_cancelled() {
            match self.store.listeners().await {
                Ok(tenants) => {
                    for tenant in tenants {
                        if followed.insert(tenant.clone()) {
                            for feed in Feed::ALL {
                                let following =
                                    self.clone().follow(tenant.clone(), feed, stopping.clone());
                                tasks.spawn("event feed", following);
                            }
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "the listeners of events could not be read"),
            }
            tokio::select! {
                () = self.joined.notified() => {}
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    async fn follow(self, tenant: Tenant, feed: Feed, stopping: CancellationToken) {
        let owner = self.world.ids.next().to_string();
        let mut pause = Duration::ZERO;
        while !stopping.is_cancelled() {
            pause = match self.stretch(&owner, &tenant, feed, &stopping).await {
                Ok(End::Dry(0)) => Duration::from_secs(1),
                Ok(End::Dry(_)) => Duration::ZERO,
                Ok(End::Held) => Duration::from_secs(5),
                Err(error) => {
                    let feed = feed.name();
                    tracing::warn!(%error, feed, "an event feed broke off; it goes on from its last event");
                    (pause * 2).clamp(Duration::from_secs(1), LONGEST_PAUSE)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    /// Follows one stream from its last position until it ends, breaks or another replica has taken it.
    async fn stretch(
        &self,
        owner: &str,
        tenant: &Tenant,
        feed: Feed,
        stopping: &CancellationToken,
    ) -> Result<End, Error> {
        let name = format!("events/{}/{tenant}", feed.name());
        let claim = || {
            let now = self.world.clock.now();
            lease::claim(self.store.database(), &name, owner, now, LEASE)
        };
        let Some(mut held) = claim().await? else {
            return Ok(End::Held);
        };
        let token = self.store.position(tenant, feed).await?;
        let mut told = self
            .desk
            .watch(tenant, feed, token)
            .await?
            .ready_chunks(ROUND);
        let mut taken = 0;
        loop {
            let chunk = tokio::select! {
                () = stopping.cancelled() => {
                    lease::release(self.store.database(), &held, self.world.clock.now()).await?;
                    return Ok(End::Dry(taken));
                }
                chunk = tokio::time::timeout(RENEW, told.next()) => chunk,
            };
            held = match claim().await? {
                Some(renewed) => renewed,
                None => return Ok(End::Held),
            };
            let chunk = match chunk {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok(End::Dry(taken)),
                Err(_silence) => continue,
            };
            let mut broken = None;
            let mut good: Vec<Happening> = Vec::with_capacity(chunk.len());
            for one in chunk {
                match one {
                    Ok(happening) => good.push(happening),
                    Err(error) => broken = Some(error),
                }
            }
            match self.take_over(&held, tenant, feed, &good).await? {
                Some(fresh) => taken += fresh,
                None => return Ok(End::Held),
            }
            if let Some(error) = broken {
                // A stream ends at its deadline; where it brought something that is no failure.
                return if taken > 0 {
                    Ok(End::Dry(taken))
                } else {
                    Err(error.into())
                };
            }
        }
    }

    async fn take_over(
        &self,
        held: &lease::Lease,
        tenant: &Tenant,
        feed: Feed,
        told: &[Happening],
    ) -> Result<Option<usize>, Error> {
        let now = self.world.clock.now();
        let fresh = self
            .store
            .take_over(held, tenant, feed, told, &self.messages, now)
            .await?;
        if fresh.is_some_and(|fresh| fresh > 0) {
            for happening in told {
                let age = (now - happening.at).as_seconds_f64();
                FEED_DELAY.record(age.max(0.0), &[label("feed", feed.name())]);
            }
            self.grown.send_modify(|count| *count += 1);
            self.sender.notify_one();
        }
        Ok(fresh)
    }
}
