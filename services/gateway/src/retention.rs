//! The event log lets go of what is older or more than is kept; the chain stays provable from where it begins.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tongguan_vocabulary::Clock;

use crate::domain::Kept;
use crate::store::Store;
use crate::{Config, Error};

/// How often it is looked for events to let go.
const LOOK: Duration = Duration::from_mins(10);

/// Prunes the logs of all tenants.
pub(crate) struct Retention {
    store: Store,
    clock: Clock,
    days: u32,
    newest: u64,
}

impl Retention {
    pub(crate) fn new(store: Store, clock: Clock, config: &Config) -> Self {
        Self {
            store,
            clock,
            days: config.keep_events_days,
            newest: config.keep_events,
        }
    }

    /// Works until the process stops.
    pub(crate) async fn work(self, stopping: CancellationToken) {
        while !stopping.is_cancelled() {
            if let Err(error) = self.prune(&stopping).await {
                tracing::warn!(%error, "events could not be let go; it is tried again");
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    async fn prune(&self, stopping: &CancellationToken) -> Result<(), Error> {
        let age = time::Duration::days(i64::from(self.days));
        let kept = Kept {
            since: (self.days > 0).then(|| self.clock.now() - age),
            newest: (self.newest > 0).then_some(self.newest),
        };
        if kept.since.is_none() && kept.newest.is_none() {
            return Ok(());
        }
        for tenant in self.store.listeners().await? {
            let mut gone = 0;
            loop {
                let some = self.store.prune_events(&tenant, kept).await?;
                gone += some;
                if some == 0 || stopping.is_cancelled() {
                    break;
                }
            }
            if gone > 0 {
                tracing::info!(gone, "events were let go");
            }
        }
        Ok(())
    }
}
