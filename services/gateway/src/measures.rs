//! What the dashboards see of the gateway: messages that wait, how far they lag behind the log, what went abroad.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tongguan_meters::{DISCLOSED_FIELDS, DISCLOSURES, LAG, QUEUE, label};
use tongguan_vocabulary::Clock;

use crate::domain::Recorded;
use crate::store::Store;

/// How often what waits is counted.
const INTERVAL: Duration = Duration::from_secs(10);

/// Visits that were committed: those that showed something abroad count.
pub(crate) fn recorded(visits: &[Recorded]) {
    for Recorded { visit, .. } in visits {
        if visit.left_the_country() {
            DISCLOSURES.add(1, &[label("region", visit.region.clone())]);
            DISCLOSED_FIELDS.add(visit.vin_fields, &[label("class", "vin")]);
            DISCLOSED_FIELDS.add(visit.personal_fields, &[label("class", "personal")]);
        }
    }
}

/// Counts what waits until the process stops.
pub(crate) async fn watch(store: Store, clock: Clock, stopping: CancellationToken) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        tokio::select! {
            () = stopping.cancelled() => return,
            _ = ticks.tick() => {}
        }
        match store.waiting(clock.now()).await {
            Ok(waiting) => {
                QUEUE.set(waiting.due, &[label("queue", "webhooks")]);
                LAG.set(waiting.lag, &[label("consumer", "webhooks")]);
            }
            Err(error) => tracing::debug!(%error, "what waits could not be counted"),
        }
    }
}
