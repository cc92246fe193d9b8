//! The worker: claims cases that are due, gathers evidence step by step, decides, certifies, lets timers end.

mod gather;
mod round;

use std::time::Duration as StdDuration;

use futures::StreamExt as _;
use time::{Duration, OffsetDateTime};

use crate::domain::case::Parked;
use crate::domain::certificate::Life;
use crate::domain::evidence::{InspectionEvidence, VehicleEvidence};
use crate::domain::{Case, Event, State};
use crate::error::Error;
use crate::service::Service;
use crate::store::{Claim, Entry, Happened, Held};

/// Cases claimed at once, and worked on side by side.
const AT_ONCE: u32 = 32;
/// The longest pause of a parked case.
const LONGEST_PAUSE: Duration = Duration::HOUR;

/// Runs until the process stops.
pub(crate) async fn run(service: Service) {
    let owner = format!("clearance-{}", service.world.ids.next());
    let stopping = service.tasks.stopping();
    let interval = StdDuration::from_millis(service.config.worker_interval_ms.max(1));
    while !stopping.is_cancelled() {
        let moved = service.work(&owner).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the worker could not look for due cases");
            0
        });
        if moved > 0 {
            continue;
        }
        tokio::select! {
            () = stopping.cancelled() => {}
            () = service.wake.notified() => {}
            () = tokio::time::sleep(interval) => {}
        }
    }
}

impl Service {
    /// Claims what is due and moves it; answers how many cases moved. A case that failed keeps its lease:
    /// that is its pause.
    pub(crate) async fn work(&self, owner: &str) -> Result<usize, Error> {
        let now = self.world.clock.now();
        let lease = Duration::seconds(self.config.lease_seconds.max(1));
        let claims = self.store.claim_due(owner, now, lease, AT_ONCE).await?;
        let moved = futures::stream::iter(claims)
            .map(|claim| async move {
                match self.move_on(&claim).await {
                    Ok(()) => {
                        if let Err(error) = self.store.release(&claim).await {
                            tracing::warn!(%error, "a lease could not be given up; it ends by itself");
                        }
                        1
                    }
                    Err(error) => {
                        tracing::warn!(%error, case = %claim.id, "a case could not be moved; it is tried again when its lease ends");
                        0
                    }
                }
            })
            .buffer_unordered(8)
            .fold(0, |sum, one: usize| async move { sum + one })
            .await;
        Ok(moved)
    }

    async fn move_on(&self, claim: &Claim) -> Result<(), Error> {
        let id = claim.id;
        let case = self
            .store
            .find(&claim.tenant, id)
            .await?
            .ok_or(Error::CaseNotFound { id })?;
        let moved = match case.state {
            State::Submitted => self.begin(claim, Event::GatherStarted, "GATHERING").await,
            State::Parked => self.begin(claim, Event::Resume, "RESUMED").await,
            State::Gathering => self.gather(claim, case).await,
            State::Licensed => self.certify(claim, &case).await,
            State::Certified | State::Reserved => self.lapse(claim, &case).await,
            _ => Ok(()),
        };
        match moved {
            // Somebody else moved it meanwhile, such as an exporter who withdrew: nothing is lost.
            Err(Error::Illegal(_) | Error::LeaseLost { .. }) => Ok(()),
            other => other,
        }
    }

    async fn begin(&self, claim: &Claim, event: Event, kind: &'static str) -> Result<(), Error> {
        let change = |case: &mut Case| {
            case.take(event)?;
            Ok(Happened::new(kind))
        };
        let case = self
            .store
            .advance(claim, &self.system(claim), &change)
            .await?;
        self.gather(claim, case).await
    }

    /// Looks once more at what can change late, then signs, logs and certifies.
    async fn certify(&self, claim: &Claim, case: &Case) -> Result<(), Error> {
        let entry = self.system(claim);
        let late = match self.changed_since(claim, case).await {
            Ok(late) => late,
            Err(peer) => {
                return self
                    .postpone(claim, case, "registry", &peer.to_string())
                    .await;
            }
        };
        if let Some(reason) = late {
            let change = |case: &mut Case| {
                case.take(Event::EvidenceChanged)?;
                case.suspended_because = Some(reason.clone());
                Ok(Happened::because("EVIDENCE_CHANGED", &reason))
            };
            self.store.advance(claim, &entry, &change).await?;
            return Ok(self.store.discard_prepared(&claim.tenant, claim.id).await?);
        }
        let until = Self::certificate_end(case).unwrap_or(entry.at);
        if until <= entry.at {
            let change = |case: &mut Case| {
                case.take(Event::Expire)?;
                Ok(Happened::because(
                    "EXPIRED",
                    "the licence or the last shipping day passed before the certificate",
                ))
            };
            self.store.advance(claim, &entry, &change).await?;
            return Ok(());
        }
        let held = self.make_certificate(&claim.tenant, case, until).await?;
        let change = |case: &mut Case| Self::certified(&held, Event::Certified, case);
        self.store
            .issue(None, Some(claim), &entry, &held, None, &change)
            .await?;
        Ok(())
    }

    /// What changed since the decision that would have changed it: a stolen flag, a burden, a withdrawn inspection.
    async fn changed_since(
        &self,
        claim: &Claim,
        case: &Case,
    ) -> Result<Option<String>, tongguan_rpc::PeerError> {
        let vehicle = self.desk.vehicle(&claim.tenant, &case.vin).await?;
        let inspection = self.desk.inspection(&claim.tenant, &case.vin).await?;
        Ok(late_change(case, vehicle.as_ref(), inspection.as_ref()))
    }

    /// Ends a hold or a validity whose time has come.
    async fn lapse(&self, claim: &Claim, case: &Case) -> Result<(), Error> {
        let Some(id) = case.certificate else {
            return Ok(());
        };
        let change = |held: &mut Held, case: &mut Case| {
            if case.state == State::Reserved
                && !case.consumed
                && !matches!(held.life, Life::Reserved { .. })
            {
                case.take(Event::Release)?;
            }
            if held.life == Life::Expired {
                case.take(Event::Expire)?;
                return Ok(Happened::new("EXPIRED"));
            }
            Ok(Happened::because("RELEASED", "the hold ended by itself"))
        };
        self.store
            .lapse(claim, &self.system(claim), id, &change)
            .await?;
        Ok(())
    }

    /// A licensed case whose last look is not possible waits with a timer.
    async fn postpone(
        &self,
        claim: &Claim,
        case: &Case,
        peer: &str,
        message: &str,
    ) -> Result<(), Error> {
        let attempts = case.parked.as_ref().map_or(1, |parked| parked.attempts + 1);
        let retry_at = self.retry_at(attempts, None);
        let change = |case: &mut Case| {
            case.parked = Some(Parked {
                peer: peer.to_owned(),
                message: message.to_owned(),
                attempts,
                retry_at,
            });
            Ok(Happened::because("POSTPONED", message))
        };
        self.store
            .advance(claim, &self.system(claim), &change)
            .await?;
        Ok(())
    }

    /// When to try again: the pause doubles up to an hour; a peer that names a time is believed up to six.
    fn retry_at(&self, attempts: u32, hint: Option<u64>) -> OffsetDateTime {
        let doubled = self
            .config
            .retry_seconds
            .max(1)
            .saturating_mul(1_i64 << attempts.saturating_sub(1).min(20));
        let pause = Duration::seconds(doubled).min(LONGEST_PAUSE);
        let hinted = hint.map_or(Duration::ZERO, |seconds| {
            Duration::seconds(seconds.min(6 * 3_600) as i64)
        });
        self.world.clock.now() + pause.max(hinted)
    }

    fn system(&self, claim: &Claim) -> Entry {
        Entry {
            tenant: claim.tenant.clone(),
            actor: "system".to_owned(),
            at: self.world.clock.now(),
        }
    }
}

fn late_change(
    case: &Case,
    vehicle: Option<&VehicleEvidence>,
    inspection: Option<&InspectionEvidence>,
) -> Option<String> {
    let decision = case.decision.as_ref()?;
    if decision.by_override {
        // Two people decided knowing what they knew; only a vehicle that is gone stops it.
        return vehicle
            .is_none()
            .then(|| "the vehicle is no longer in the registry".to_owned());
    }
    let Some(vehicle) = vehicle else {
        return Some("the vehicle is no longer in the registry".to_owned());
    };
    if let Some(situation) = vehicle.prohibitions.first() {
        return Some(format!(
            "the registry now shows prohibited situation {}: {}",
            situation.number, situation.fact
        ));
    }
    if let Some(burden) = vehicle.burdens.first() {
        return Some(format!("the registry now shows a burden: {burden}"));
    }
    if vehicle.deregistered.is_some() {
        return Some("the vehicle was deregistered".to_owned());
    }
    let pinned = decision
        .evidence
        .iter()
        .find(|pin| pin.kind == "INSPECTION");
    match (pinned, inspection) {
        (Some(pin), Some(now)) if pin.id != now.id => Some(format!(
            "the inspection {} was replaced by {}",
            pin.id, now.id
        )),
        (Some(pin), None) => Some(format!("the inspection {} was withdrawn", pin.id)),
        (Some(_), Some(now)) if now.under_review => Some(format!(
            "the body of inspection {} was suspended for the day of the test",
            now.id
        )),
        _ => None,
    }
}
