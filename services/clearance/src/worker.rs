//! The worker: claims cases that are due, gathers evidence step by step, decides, certifies, lets timers end.

mod gather;
mod relook;
mod round;

use std::time::Duration as StdDuration;

use futures::StreamExt as _;
use time::{Duration, OffsetDateTime};

use crate::domain::case::Parked;
use crate::domain::certificate::Life;
use crate::domain::exit::{next_reminder, reminder};
use crate::domain::{Case, Event, State};
use crate::error::Error;
use crate::measures;
use crate::service::Service;
use crate::store::{Claim, Entry, Happened, Held};
use relook::Look;

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
        let mut moved = self.move_all(claims).await;
        // A sandbox whose clock is ahead: what is due by its own time is due.
        for (tenant, shift) in self.desk.identity().shifts() {
            let then = now + shift.duration();
            let claims = self
                .store
                .claim_due_of(&tenant, owner, then, lease, AT_ONCE)
                .await?;
            moved += self.move_all(claims).await;
        }
        Ok(moved)
    }

    async fn move_all(&self, claims: Vec<Claim>) -> usize {
        futures::stream::iter(claims)
            .map(|claim| async move {
                let shift = self.desk.identity().shift(&claim.tenant);
                match shift.around(self.move_on(&claim)).await {
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
            .await
    }

    async fn move_on(&self, claim: &Claim) -> Result<(), Error> {
        let id = claim.id;
        let case = self
            .store
            .find(&claim.tenant, id)
            .await?
            .ok_or(Error::CaseNotFound { id })?;
        if claim.again && case.state.is_live() {
            return match self.relook(claim, &case).await {
                Err(Error::Illegal(_) | Error::LeaseLost { .. }) => Ok(()),
                other => other,
            };
        }
        let moved = match case.state {
            State::Submitted => self.begin(claim, Event::GatherStarted, "GATHERING").await,
            State::Parked => self.begin(claim, Event::Resume, "RESUMED").await,
            State::Gathering => self.gather(claim, case).await,
            State::Licensed => self.certify(claim, &case).await,
            State::Certified | State::Reserved => self.lapse(claim, &case).await,
            State::Exited => self.remind(claim, &case).await,
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
        let case = match self.look_again(claim, case).await {
            Ok(Look::Same) => case.clone(),
            Ok(Look::Changed(reason)) => return self.reopen(claim, &reason).await,
            Ok(Look::Repacked(round)) => self.decide_again(claim, case, &round).await?,
            Err(Error::Peer(peer)) => {
                return self
                    .postpone(claim, case, "evidence", &peer.to_string())
                    .await;
            }
            Err(error) => return Err(error),
        };
        let case = &case;
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
        measures::certified(case, held.issued_at);
        Ok(())
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

    /// Reminds the exporter that the deregistration is due, or overdue.
    async fn remind(&self, claim: &Claim, case: &Case) -> Result<(), Error> {
        let Some(by) = case.deregister_by else {
            return Ok(());
        };
        let (kind, sentence) = reminder(by, self.world.clock.today_in_china());
        let entry = self.system(claim);
        let next = next_reminder(by, &self.config.deregistration_reminder_days, entry.at);
        let change = |case: &mut Case| {
            if case.state != State::Exited {
                return Err(Error::LeaseLost { id: case.id });
            }
            case.remind_at = next;
            Ok(Happened::because(kind, &sentence))
        };
        self.store.advance(claim, &entry, &change).await?;
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
