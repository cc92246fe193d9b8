//! The worker that drives durable lookups: claims what is due, asks, records under its fence; also erases by policy.

use futures::StreamExt;
use tongguan_rpc::Tasks;

use crate::measures;
use crate::service::Service;
use crate::store::Erased;

/// Starts the worker; it runs until `tasks` stop. Several processes may run one each: a lookup is claimed by one at a time.
pub(crate) fn start(service: Service, owner: String, tasks: &Tasks) {
    let stopping = tasks.stopping();
    tasks.spawn("maintenance lookups", async move {
        let mut erased = None;
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                () = round(&service, &owner) => {}
            }
            let now = service.now();
            service.measure();
            if erased.is_none_or(|last| now - last > time::Duration::HOUR) {
                match service.erase_old().await {
                    Ok(gone) => {
                        erased = Some(now);
                        if gone != Erased::default() {
                            let Erased {
                                raw,
                                answers,
                                lookups,
                            } = gone;
                            tracing::info!(raw, answers, lookups, "erased by policy");
                        }
                    }
                    // With the next round again.
                    Err(error) => tracing::warn!(%error, "erasing by policy failed"),
                }
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = service.idle() => {}
            }
        }
    });
}

async fn round(service: &Service, owner: &str) {
    let claimed = match service.claim(owner).await {
        Ok(claimed) => {
            measures::due(claimed.len());
            claimed
        }
        Err(error) => return tracing::warn!(%error, "no lookup could be claimed"),
    };
    let attempts = futures::stream::iter(claimed).map(|claimed| async move {
        if let Err(error) = service.attempt(&claimed).await {
            // The lease runs out and the lookup is tried again.
            tracing::warn!(%error, lookup = %claimed.lookup.id, "an attempt failed");
        }
    });
    attempts
        .buffer_unordered(service.parallel())
        .collect::<()>()
        .await;
}
