//! The worker: claims cases that are due, gathers evidence step by step, decides, certifies, lets timers end.

mod gather;
mod relook;
mod round;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration as StdDuration;

use futures::StreamExt as _;
use time::{Duration, OffsetDateTime};
use tongguan_vocabulary::Shift;
use uuid::Uuid;

use crate::domain::case::Parked;
use crate::domain::certificate::Life;
use crate::domain::exit::{next_reminder, reminder};
use crate::domain::{Case, Event, State};
use crate::error::Error;
use crate::measures;
use crate::service::Service;
use crate::store::{Claim, Entry, Happened, Held, Issuing, Line, Loaded};
use relook::Look;

/// Cases claimed at once.
const AT_ONCE: u32 = 64;
/// How many of them are under way at a time.
const SIDE_BY_SIDE: usize = 8;
/// The longest pause of a parked case.
const LONGEST_PAUSE: Duration = Duration::HOUR;

/// A case that may be certified, and until when.
#[derive(Clone)]
struct Wanted {
    claim: Claim,
    loaded: Loaded,
    until: OffsetDateTime,
}

/// Whether the last write of a case gave its claim up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    WithItsWrite,
    NotYet,
}

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

    /// Moves what was claimed: licensed cases are certified together, the others each by itself.
    async fn move_all(&self, claims: Vec<Claim>) -> usize {
        if claims.is_empty() {
            return 0;
        }
        let loaded = match self.store.load(claims).await {
            Ok(loaded) => loaded,
            Err(error) => {
                tracing::warn!(%error, "claimed cases could not be read; they are tried again when their leases end");
                return 0;
            }
        };
        let (licensed, others): (Vec<_>, Vec<_>) = loaded
            .into_iter()
            .partition(|(_, loaded)| loaded.case.state == State::Licensed);
        let others = futures::stream::iter(others)
            .map(|(claim, loaded)| async move {
                let shift = self.desk.identity().shift(&claim.tenant);
                let moved = shift.around(self.move_on(&claim, loaded)).await;
                self.moved(&claim, moved).await
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .fold(0, |sum, one: usize| async move { sum + one });
        let (others, certified) = futures::join!(others, self.certify_all(licensed));
        others + certified
    }

    /// Gives up the claim of what was moved, where its last write did not.
    async fn moved(&self, claim: &Claim, moved: Result<Ended, Error>) -> usize {
        match moved {
            Ok(Ended::WithItsWrite) => 1,
            // Somebody else moved it meanwhile, such as an exporter who withdrew: nothing is lost.
            Ok(Ended::NotYet) | Err(Error::Illegal(_) | Error::LeaseLost { .. }) => {
                if let Err(error) = self.store.release(claim).await {
                    tracing::warn!(%error, "a lease could not be given up; it ends by itself");
                }
                1
            }
            Err(error) => {
                tracing::warn!(%error, case = %claim.id, "a case could not be moved; it is tried again");
                // Another writer was in the way: that is over soon. Anything else keeps its lease, which is its pause.
                if tongguan_storage::is_contended(&error)
                    && let Err(error) = self.store.release(claim).await
                {
                    tracing::warn!(%error, "a lease could not be given up; it ends by itself");
                }
                0
            }
        }
    }

    async fn move_on(&self, claim: &Claim, loaded: Loaded) -> Result<Ended, Error> {
        let state = loaded.case.state;
        if claim.again && state.is_live() {
            self.relook(claim, loaded).await?;
            return Ok(Ended::NotYet);
        }
        match state {
            State::Submitted | State::Parked | State::Gathering => {
                self.gather(claim, loaded).await?;
                return Ok(Ended::WithItsWrite);
            }
            State::Certified | State::Reserved => self.lapse(claim, &loaded.case).await?,
            State::Exited => self.remind(claim, &loaded.case).await?,
            _ => {}
        }
        Ok(Ended::NotYet)
    }

    /// Looks once more at what can change late, then signs, logs and certifies, all in few commits.
    async fn certify_all(&self, licensed: Vec<(Claim, Loaded)>) -> usize {
        let looks = futures::stream::iter(licensed)
            .map(|(claim, loaded)| async move {
                let shift = self.desk.identity().shift(&claim.tenant);
                let look = shift.around(self.last_look(&claim, loaded)).await;
                (claim, shift, look)
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect::<Vec<_>>()
            .await;
        let mut moved = 0;
        // Tenants whose clocks agree are issued for together.
        let mut batches: Vec<(Shift, Vec<Wanted>)> = Vec::new();
        for (claim, shift, look) in looks {
            match look {
                Ok(Some((loaded, until))) => {
                    let wanted = Wanted {
                        claim,
                        loaded,
                        until,
                    };
                    match batches.iter_mut().find(|(other, _)| *other == shift) {
                        Some((_, batch)) => batch.push(wanted),
                        None => batches.push((shift, vec![wanted])),
                    }
                }
                Ok(None) => moved += self.moved(&claim, Ok(Ended::NotYet)).await,
                Err(error) => moved += self.moved(&claim, Err(error)).await,
            }
        }
        for (shift, batch) in batches {
            moved += shift.around(self.issue_or_part(batch)).await;
        }
        moved
    }

    /// Issues a batch; where it fails as a whole, each by itself, so that one bad case stops no other.
    async fn issue_or_part(&self, batch: Vec<Wanted>) -> usize {
        let claims: Vec<Claim> = batch.iter().map(|wanted| wanted.claim.clone()).collect();
        let alone = batch.len() == 1;
        let mut moved = 0;
        match self.issue(batch.clone()).await {
            Ok(issued) => {
                for claim in claims {
                    let ended = if issued.contains(&claim.id) {
                        Ended::WithItsWrite
                    } else {
                        Ended::NotYet
                    };
                    moved += self.moved(&claim, Ok(ended)).await;
                }
            }
            Err(error) if alone => {
                let case = claims
                    .first()
                    .map(|claim| tracing::field::display(claim.id));
                tracing::warn!(%error, case, "a certificate could not be issued; it is tried again when its lease ends");
            }
            Err(error) => {
                tracing::warn!(%error, "a batch could not be issued; each is tried by itself");
                for wanted in batch {
                    moved += Box::pin(self.issue_or_part(vec![wanted])).await;
                }
            }
        }
        moved
    }

    /// Looks again before a certificate; the case and the end of its certificate where it may be issued.
    async fn last_look(
        &self,
        claim: &Claim,
        loaded: Loaded,
    ) -> Result<Option<(Loaded, OffsetDateTime)>, Error> {
        let loaded = match self.look_again(claim, &loaded.case).await {
            Ok(Look::Same) => loaded,
            Ok(Look::Changed(reason)) => {
                self.reopen(claim, &reason).await?;
                return Ok(None);
            }
            Ok(Look::Repacked(round)) => self.decide_again(claim, loaded, &round).await?,
            Err(Error::Peer(peer)) => {
                self.postpone(claim, &loaded.case, "evidence", &peer.to_string())
                    .await?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let entry = self.system(claim);
        let until = Self::certificate_end(&loaded.case).unwrap_or(entry.at);
        if until > entry.at {
            return Ok(Some((loaded, until)));
        }
        let change = |case: &mut Case| {
            case.take(Event::Expire)?;
            Ok(Happened::because(
                "EXPIRED",
                "the licence or the last shipping day passed before the certificate",
            ))
        };
        self.store.advance(claim, &entry, &change).await?;
        Ok(None)
    }

    /// Signs, logs and certifies; the cases that were certified.
    async fn issue(&self, batch: Vec<Wanted>) -> Result<BTreeSet<Uuid>, Error> {
        let Some(first) = batch.first() else {
            return Ok(BTreeSet::new());
        };
        let entry = self.system(&first.claim);
        let wanted: Vec<_> = batch
            .iter()
            .map(|one| (one.claim.tenant.clone(), &one.loaded.case, one.until))
            .collect();
        let (made, checkpoint) = self.make_certificates(&wanted).await?;
        let mut issuing = Vec::with_capacity(batch.len());
        let mut cleared = BTreeMap::new();
        for (one, held) in batch.into_iter().zip(made) {
            let Some(held) = held else { continue };
            let Wanted {
                claim, mut loaded, ..
            } = one;
            // One that was certified before is not counted again.
            let case = &loaded.case;
            let since = case.submitted_at.filter(|_| case.certified_at.is_none());
            cleared.extend(since.map(|since| (case.id, held.issued_at - since)));
            let happened = Self::certified(&held, Event::Certified, &mut loaded.case)?;
            let line = Line::of(&loaded.case, happened);
            issuing.push(Issuing {
                claim,
                loaded,
                held,
                line,
            });
        }
        let checkpoint = (checkpoint.checkpoint().size, checkpoint.note());
        let issued = self.store.issue(&entry, &mut issuing, checkpoint).await?;
        let times = issued.iter().filter_map(|id| cleared.get(id));
        times.for_each(|time| measures::certified(*time));
        Ok(issued)
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
