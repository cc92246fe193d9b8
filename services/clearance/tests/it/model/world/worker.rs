//! What a worker of the model does: claim, look, gather, decide, certify; pause or die between any two steps.

use time::Duration;
use tongguan_clearance::domain::case::Parked;
use tongguan_clearance::domain::certificate::Life;
use tongguan_clearance::domain::{Event, Outcome, State};
use uuid::Uuid;

use super::{Actor, MATES, Memory, START, Step, World, decision};

/// A lease, in hours of the model.
const LEASE: u8 = 1;

impl World {
    /// One statement takes the lease and raises the epoch; the second worker's clock is an hour ahead.
    pub(super) fn claim(&mut self, actor: Actor) -> bool {
        let clock = self.now + actor as u8;
        let due = self
            .case
            .due_at()
            .is_some_and(|at| at <= START + Duration::hours(clock.into()));
        let asked = self.asked && self.case.state.is_live();
        if !(due || asked) || self.lease_until.is_some_and(|until| until >= clock) {
            return false;
        }
        self.epoch += 1;
        self.lease_until = Some(clock + LEASE);
        self.workers[actor as usize] = Some(Memory {
            epoch: self.epoch,
            changed: false,
            read: None,
            step: Step::Start,
        });
        true
    }

    /// Whether a write of this worker is let through: its epoch is the latest, and the case is as it read it.
    fn fenced(&mut self, memory: &Memory) -> bool {
        if self.guards.version && memory.changed {
            return false;
        }
        if memory.epoch == self.epoch {
            return true;
        }
        self.stale_write |= !self.guards.fence;
        !self.guards.fence
    }

    fn done(&mut self, actor: Actor, memory: &Memory) -> bool {
        self.workers[actor as usize] = None;
        if memory.epoch == self.epoch {
            self.lease_until = None;
        }
        true
    }

    /// What a round begins with, written with what it ends with.
    fn begin(&mut self) {
        let event = match self.case.state {
            State::Submitted => Event::GatherStarted,
            State::Parked => Event::Resume,
            _ => return,
        };
        if self.take(event) {
            self.wrote();
        }
    }

    pub(super) fn peer_down(&mut self, actor: Actor) -> bool {
        let Some(memory) = self.workers[actor as usize].clone() else {
            return false;
        };
        let gathers = matches!(
            self.case.state,
            State::Submitted | State::Parked | State::Gathering
        );
        if memory.read.is_some() || !gathers || !self.fenced(&memory) {
            return false;
        }
        self.begin();
        if !self.take(Event::Park) {
            return false;
        }
        self.case.parked = Some(Parked {
            peer: "registry".into(),
            message: String::new(),
            attempts: 1,
            retry_at: self.at() + Duration::HOUR,
        });
        self.wrote();
        self.done(actor, &memory)
    }

    pub(super) fn work(&mut self, actor: Actor) -> bool {
        let Some(memory) = self.workers[actor as usize].clone() else {
            return false;
        };
        if let Some((round, good)) = memory.read {
            return self.decide(actor, &memory, round, good);
        }
        match self.case.state {
            State::Submitted | State::Parked | State::Gathering => {
                let read = Some((self.case.round, self.good));
                self.workers[actor as usize] = Some(Memory { read, ..memory });
                true
            }
            State::Licensed => self.certify(actor, &memory),
            State::Ready | State::Certified | State::Reserved if self.asked => {
                self.relook(actor, &memory)
            }
            State::Reserved | State::Certified => self.lapse(actor, &memory),
            _ => self.done(actor, &memory),
        }
    }

    /// The round's begin, its steps and its decision: one commit.
    fn decide(&mut self, actor: Actor, memory: &Memory, round: u32, good: bool) -> bool {
        let (event, outcome) = if good {
            (Event::DecidedReady, Outcome::Ready)
        } else {
            (Event::DecidedNeedsInformation, Outcome::NeedsInformation)
        };
        let gathers = matches!(
            self.case.state,
            State::Submitted | State::Parked | State::Gathering
        );
        if gathers && self.fenced(memory) {
            self.begin();
            if self.take(event) {
                self.case.decision = Some(decision(outcome));
                self.decided_round = round;
                self.wrote();
            }
        }
        self.done(actor, memory)
    }

    /// The event that was told: the case is opened again, or its certificate held back or set free.
    fn relook(&mut self, actor: Actor, memory: &Memory) -> bool {
        if !self.fenced(memory) {
            return self.done(actor, memory);
        }
        self.asked = false;
        match (self.case.state, self.live(), self.good) {
            (State::Ready | State::Licensed, _, false) if self.take(Event::EvidenceChanged) => {
                self.prepared = None;
                self.wrote();
            }
            (State::Certified | State::Reserved, Some((id, life)), false) => {
                if let Ok(suspended) = life.suspend("why", START)
                    && !matches!(life, Life::Suspended { .. })
                    && self.take(Event::Suspend)
                {
                    self.case.suspended_because = Some("why".into());
                    self.issued.insert(id, suspended);
                    self.wrote();
                }
            }
            (State::Certified, Some((id, life)), true) => {
                if let Ok(free) = life.reinstate()
                    && self.take(Event::Reinstate)
                {
                    self.issued.insert(id, free);
                    self.wrote();
                }
            }
            _ => {}
        }
        self.done(actor, memory)
    }

    /// Look, store the bytes, sign and append, issue: three commits for the whole batch, between any two of which the
    /// worker can pause or die. What it signed and did not store is lost with it.
    fn certify(&mut self, actor: Actor, memory: &Memory) -> bool {
        let step = match memory.step {
            Step::Start if !self.good => return self.relook(actor, memory),
            Step::Start => Step::Looked,
            Step::Looked => {
                if self.prepared.is_none() {
                    self.drawn += 1;
                    self.prepared = Some(self.drawn);
                }
                self.mate.prepared |= self.mate.issued == 0;
                Step::Prepared(self.prepared.unwrap_or(0))
            }
            Step::Prepared(id) => {
                for id in [Some(id), self.mate.prepared.then_some(MATES)] {
                    self.log.extend(id.filter(|id| !self.log.contains(id)));
                }
                Step::Logged(id)
            }
            Step::Logged(id) => {
                self.issue(memory, id);
                return self.done(actor, memory);
            }
        };
        let memory = memory.clone();
        self.workers[actor as usize] = Some(Memory { step, ..memory });
        true
    }

    /// One commit; of the batch only what is as it was read.
    fn issue(&mut self, memory: &Memory, id: u8) {
        let fenced = memory.epoch == self.epoch || !self.guards.fence;
        if fenced && self.mate.prepared && !self.mate.changed {
            self.mate.prepared = false;
            self.mate.issued += 1;
        }
        if self.prepared == Some(id) && self.fenced(memory) && self.take(Event::Certified) {
            self.case.certificate = Some(Uuid::from_u128(id.into()));
            self.case.certificate_until = Some(START + Duration::days(30));
            self.issued.insert(id, Life::Live);
            self.prepared = None;
            self.wrote();
        }
    }

    /// A hold whose time has come ends by itself.
    fn lapse(&mut self, actor: Actor, memory: &Memory) -> bool {
        if let Some((id, life)) = self.live()
            && self.case.state == State::Reserved
            && !self.case.consumed
            && !matches!(life, Life::Reserved { .. })
            && self.fenced(memory)
            && self.take(Event::Release)
        {
            self.issued.insert(id, life);
            self.wrote();
        }
        self.done(actor, memory)
    }
}
