//! Which roles are ready, as `grpc.health.v1` says it: asked of the role itself, database included.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tongguan_rpc::{Channel, Tasks};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::channel::unguarded;

/// Readiness of every role of the process; cheap to clone. The empty name stands for all of them together.
#[derive(Clone)]
pub struct Health {
    reporter: HealthReporter,
    channel: Channel,
    roles: Arc<Mutex<BTreeMap<String, bool>>>,
}

impl Health {
    /// Nothing is ready yet.
    pub async fn new() -> Self {
        let (reporter, server) = tonic_health::server::health_reporter();
        reporter
            .set_service_status("", ServingStatus::NotServing)
            .await;
        Self {
            reporter,
            channel: unguarded(server),
            roles: Arc::default(),
        }
    }

    /// The service `grpc.health.v1.Health`.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Says whether `role` (a full proto service name) can serve now.
    pub async fn set(&self, role: &str, ready: bool) {
        let all = {
            let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
            roles.insert(role.to_owned(), ready);
            roles.values().all(|ready| *ready)
        };
        self.reporter.set_service_status(role, status(ready)).await;
        self.reporter.set_service_status("", status(all)).await;
    }

    /// Whether every role that reported is ready, and at least one did.
    pub fn ready(&self) -> bool {
        let roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        !roles.is_empty() && roles.values().all(|ready| *ready)
    }

    /// Asks `check` now and every `interval` until the process stops; `check` should look at the role's database.
    pub async fn watch<C, F>(
        &self,
        tasks: &Tasks,
        role: &'static str,
        interval: Duration,
        mut check: C,
    ) where
        C: FnMut() -> F + Send + 'static,
        F: Future<Output = bool> + Send,
    {
        self.set(role, check().await).await;
        let health = self.clone();
        let stopping = tasks.stopping();
        tasks.spawn("health", async move {
            let mut before = None;
            while stopping
                .run_until_cancelled(tokio::time::sleep(interval))
                .await
                .is_some()
            {
                let ready = tokio::time::timeout(interval, check())
                    .await
                    .unwrap_or(false);
                if stopping.is_cancelled() {
                    break;
                }
                if before.is_some_and(|before| before != ready) {
                    tracing::warn!(role, ready, "readiness changed");
                }
                before = Some(ready);
                health.set(role, ready).await;
            }
        });
    }

    /// Says that nothing is ready any more: balancers look elsewhere while open calls finish.
    pub async fn stop(&self) {
        let names: Vec<String> = {
            let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
            roles.values_mut().for_each(|ready| *ready = false);
            roles.keys().cloned().collect()
        };
        for name in names.iter().map(String::as_str).chain([""]) {
            self.reporter
                .set_service_status(name, ServingStatus::NotServing)
                .await;
        }
    }
}

fn status(ready: bool) -> ServingStatus {
    if ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}
