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
    roles: Arc<Mutex<BTreeMap<String, Readiness>>>,
}

/// Whether a role can serve now, or why it can not, for its operator.
pub type Readiness = Result<(), String>;

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
        let why = || "it can not serve".to_owned();
        self.tell(role, ready.then_some(()).ok_or_else(why)).await;
    }

    /// As [`Health::set`], with the reason where it can not.
    pub async fn tell(&self, role: &str, readiness: Readiness) {
        let ready = readiness.is_ok();
        let all = {
            let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
            roles.insert(role.to_owned(), readiness);
            roles.values().all(Result::is_ok)
        };
        self.reporter.set_service_status(role, status(ready)).await;
        self.reporter.set_service_status("", status(all)).await;
    }

    /// Whether every role that reported is ready, and at least one did.
    pub fn ready(&self) -> bool {
        let roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        !roles.is_empty() && roles.values().all(Result::is_ok)
    }

    /// Every role that is not ready, with the reason: for operators, not for the public.
    pub fn troubles(&self) -> Vec<(String, String)> {
        let roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |(role, readiness): (&String, &Readiness)| {
            Some((role.clone(), readiness.as_ref().err()?.clone()))
        };
        roles.iter().filter_map(named).collect()
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
        F: Future<Output = Readiness> + Send,
    {
        self.tell(role, check().await).await;
        let health = self.clone();
        let stopping = tasks.stopping();
        tasks.spawn("health", async move {
            let mut before = None;
            while stopping
                .run_until_cancelled(tokio::time::sleep(interval))
                .await
                .is_some()
            {
                let late = |_| Err("it does not answer".to_owned());
                let readiness = tokio::time::timeout(interval, check()).await;
                let readiness = readiness.unwrap_or_else(late);
                if stopping.is_cancelled() {
                    break;
                }
                if before.as_ref().is_some_and(|before| *before != readiness) {
                    let why = readiness.as_ref().err().map(String::as_str);
                    tracing::warn!(role, ready = why.is_none(), why, "readiness changed");
                }
                before = Some(readiness.clone());
                health.tell(role, readiness).await;
            }
        });
    }

    /// Says that nothing is ready any more: balancers look elsewhere while open calls finish.
    pub async fn stop(&self) {
        let names: Vec<String> = {
            let mut roles = self.roles.lock().unwrap_or_else(PoisonError::into_inner);
            let stopping =
                |readiness: &mut Readiness| *readiness = Err("it is stopping".to_owned());
            roles.values_mut().for_each(stopping);
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
