//! Sends what is due: one worker of all replicas, every endpoint by itself, so that a slow one delays nobody.

use std::collections::HashMap;
use std::time::Duration as Wait;

use reqwest::header::RETRY_AFTER;
use time::Duration;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;
use tongguan_storage::lease;
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Webhooks, keys, reach};
use crate::Error;
use crate::domain::{Attempt, Delivery};

/// Endpoints that are sent to at the same time.
const PARALLEL: usize = 64;
/// How long a worker holds the work without a sign of life.
const LEASE: Duration = Duration::seconds(60);
/// How often old messages are looked for.
const PRUNE: Wait = Wait::from_hours(1);
/// What all replicas compete for.
const NAME: &str = "webhook-deliveries";

impl Webhooks {
    /// Works until the process stops. What is in flight then is sent again later: receivers know the id.
    pub(crate) async fn send(self, stopping: CancellationToken) {
        let owner = self.world.ids.next().to_string();
        // Tasks of their own: a flight that holds a connection must go on while due messages are looked for.
        let mut flights = JoinSet::new();
        let mut busy: HashMap<Id, (Tenant, Uuid)> = HashMap::new();
        let mut prunings = tokio::time::interval(PRUNE);
        while !stopping.is_cancelled() {
            let due = self.due(&owner).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "due webhooks could not be read; they are looked for again");
                Vec::new()
            });
            for (place, messages) in by_endpoint(due) {
                if busy.len() < PARALLEL && busy.values().all(|one| *one != place) {
                    let flight = self.clone().flight(place.0.clone(), messages);
                    busy.insert(flights.spawn(flight).id(), place);
                }
            }
            tokio::select! {
                Some(landed) = flights.join_next_with_id() => {
                    let id = landed.map_or_else(|error| error.id(), |(id, ())| id);
                    busy.remove(&id);
                }
                () = self.wake.notified() => {}
                _ = prunings.tick() => self.prune().await,
                () = tokio::time::sleep(Wait::from_secs(1)) => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    /// Forgets messages that are over and older than the policy keeps them. Events themselves stay: they are a chain.
    async fn prune(&self) {
        let before = self.world.clock.now() - self.keep;
        match self.store.prune_deliveries(before).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old webhook deliveries were forgotten"),
            Err(error) => tracing::warn!(%error, "old webhook deliveries could not be forgotten"),
        }
    }

    async fn due(&self, owner: &str) -> Result<Vec<(Tenant, Delivery)>, Error> {
        let now = self.world.clock.now();
        let due = self.store.due(now).await?;
        if due.is_empty() {
            return Ok(due);
        }
        let held = lease::claim(self.store.database(), NAME, owner, now, LEASE).await?;
        Ok(if held.is_some() { due } else { Vec::new() })
    }

    /// Sends an endpoint's messages one after the other.
    async fn flight(self, tenant: Tenant, messages: Vec<Delivery>) {
        for message in messages {
            let outcome = async {
                let attempt = self.attempt(&tenant, &message).await?;
                let now = self.world.clock.now();
                self.store
                    .attempted(&tenant, &message, &attempt, now)
                    .await?;
                Ok::<_, Error>(attempt.accepted())
            };
            match outcome.await {
                Ok(true) => {}
                // The rest waits for its own turn: an endpoint that is down is not hammered.
                Ok(false) => break,
                Err(error) => {
                    tracing::warn!(%error, delivery = %message.id, "a webhook could not be sent or noted");
                    break;
                }
            }
        }
    }

    async fn attempt(&self, tenant: &Tenant, message: &Delivery) -> Result<Attempt, Error> {
        let endpoint = self.store.endpoint(tenant, message.endpoint).await?;
        let url = match reach::address(&endpoint.url, self.private) {
            Ok(url) => url,
            Err(why) => return Ok(failed(format!("the address {why}"))),
        };
        let now = self.world.clock.now();
        let (id, timestamp) = (message.event.to_string(), now.unix_timestamp());
        let signatures = keys::signatures(
            &self.sealer,
            endpoint.id,
            endpoint.live(now),
            &id,
            timestamp,
            &message.body,
        );
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signatures)
            .body(message.body.clone());
        // The body of the answer is never read: it could be without end, and says nothing we act on.
        Ok(match request.send().await {
            Ok(answer) if answer.status().is_success() => Attempt {
                status: answer.status().as_u16(),
                failure: String::new(),
                retry_after: None,
            },
            Ok(answer) => {
                let seconds = answer.headers().get(RETRY_AFTER);
                let seconds = seconds.and_then(|value| value.to_str().ok()?.parse::<u32>().ok());
                Attempt {
                    status: answer.status().as_u16(),
                    failure: format!("answered {}", answer.status().as_u16()),
                    retry_after: seconds.map(|seconds| Duration::seconds(seconds.into())),
                }
            }
            Err(error) if error.is_timeout() => failed("did not answer in time"),
            Err(error) if error.is_connect() => failed("could not be reached"),
            Err(_) => failed("the connection broke"),
        })
    }
}

fn failed(why: impl Into<String>) -> Attempt {
    Attempt {
        status: 0,
        failure: why.into(),
        retry_after: None,
    }
}

/// The messages of each endpoint, in the order in which they are due.
fn by_endpoint(due: Vec<(Tenant, Delivery)>) -> Vec<((Tenant, Uuid), Vec<Delivery>)> {
    let mut places: Vec<((Tenant, Uuid), Vec<Delivery>)> = Vec::new();
    for (tenant, message) in due {
        let place = (tenant, message.endpoint);
        match places.iter_mut().find(|(known, _)| *known == place) {
            Some((_, messages)) => messages.push(message),
            None => places.push((place, vec![message])),
        }
    }
    places
}
