//! The world of the model: one case, its certificates, the database's fences, two workers.

mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};

use time::{Date, Duration, OffsetDateTime};
use tongguan_clearance::domain::case::{Case, Declared, Exporter, ExporterKind, Licence, Trip};
use tongguan_clearance::domain::certificate::{Life, Reservation};
use tongguan_clearance::domain::decision::Decision;
use tongguan_clearance::domain::exit::{Exit, deregister_by};
use tongguan_clearance::domain::reconcile::Reconciliation;
use tongguan_clearance::domain::{Event, Outcome, State};
use uuid::Uuid;

const START: OffsetDateTime = time::macros::datetime!(2026-03-02 04:00 UTC);
const DAY: Date = time::macros::date!(2026 - 03 - 10);
/// One of two workers; the second one's clock is an hour ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Actor {
    One,
    Two,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Action {
    Submit,
    /// The same request once more.
    SubmitAgain,
    Tick,
    LateChange,
    ChangeGone,
    License,
    Reserve(u8),
    Consume,
    Release,
    Invalidate,
    Exit,
    ChangeMate,
    Claim(Actor),
    /// The worker's next step.
    Work(Actor),
    PeerDown(Actor),
    Crash(Actor),
}

/// What a worker remembers; a crash forgets it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Memory {
    epoch: u8,
    /// Whether somebody changed the case since it was read: its version is another.
    changed: bool,
    /// The submission it gathered for, and whether what it read lets the vehicle leave.
    read: Option<(u32, bool)>,
    step: Step,
}

/// What is written only under a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guards {
    /// Writes of the worker check their epoch.
    pub(super) fence: bool,
    /// And that the case is as it was read.
    pub(super) version: bool,
}

/// Another case whose certificate is issued in the same batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Mate {
    /// Its exporter changed it after it was read.
    pub(super) changed: bool,
    prepared: bool,
    /// Certificates it has.
    pub(super) issued: u8,
}

/// The certificate of the other case.
pub(super) const MATES: u8 = 100;

/// How far a worker is with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    Start,
    Looked,
    Prepared(u8),
    Logged(u8),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct World {
    guards: Guards,
    pub(super) case: Case,
    pub(super) decided_round: u32,
    now: u8,
    good: bool,
    epoch: u8,
    lease_until: Option<u8>,
    asked: bool,
    workers: [Option<Memory>; 2],
    /// A certificate on its way.
    prepared: Option<u8>,
    pub(super) mate: Mate,
    drawn: u8,
    pub(super) log: Vec<u8>,
    pub(super) issued: BTreeMap<u8, Life>,
    pub(super) revoked: BTreeSet<u8>,
    pub(super) uses: u8,
    pub(super) lines: u8,
    pub(super) stale_write: bool,
    /// Requests to file with a key of their own that were taken.
    pub(super) keys: u32,
}

/// What of a case the model can tell apart.
impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let case = &self.case;
        (case.state, case.round, case.certificate, case.consumed).hash(state);
        (
            case.reserved_until,
            case.licence.is_some(),
            case.suspended_because.is_some(),
        )
            .hash(state);
        let decided = case.decision.as_ref().map(|decision| decision.outcome);
        (case.parked.as_ref().map(|parked| parked.retry_at), decided).hash(state);
        (
            self.decided_round,
            self.now,
            self.good,
            self.epoch,
            self.lease_until,
        )
            .hash(state);
        (
            self.asked,
            &self.workers,
            self.prepared,
            self.mate,
            self.drawn,
        )
            .hash(state);
        (&self.log, &self.issued, &self.revoked, self.uses).hash(state);
        (self.stale_write, self.keys).hash(state);
    }
}

impl World {
    pub(super) fn new(guards: Guards) -> Self {
        let exporter = Exporter {
            code: "91310000MA1FL0AB1X".into(),
            name: "某某".into(),
            kind: ExporterKind::Trading,
            filing_valid_until: None,
        };
        let vin = "LSVWY4180KN246094".parse().unwrap();
        let to = "KZ".parse().unwrap();
        let case = Case::open(
            Uuid::nil(),
            vin,
            to,
            exporter,
            Trip::default(),
            Declared::new(),
            START,
        );
        Self {
            guards,
            case,
            decided_round: 0,
            now: 0,
            good: true,
            epoch: 0,
            lease_until: None,
            asked: false,
            workers: [None, None],
            prepared: None,
            mate: Mate::default(),
            drawn: 0,
            log: Vec::new(),
            issued: BTreeMap::new(),
            revoked: BTreeSet::new(),
            uses: 0,
            lines: 0,
            stale_write: false,
            keys: 0,
        }
    }

    pub(super) fn holds(&self, actor: Actor) -> bool {
        self.workers[actor as usize].is_some()
    }

    pub(super) fn within_bounds(&self) -> bool {
        self.now <= 3 && self.epoch <= 4 && self.case.round <= 2 && self.drawn <= 2
    }

    fn at(&self) -> OffsetDateTime {
        START + Duration::hours(self.now.into())
    }

    /// Does it; false where it is refused or changes nothing.
    pub(super) fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Submit => self.submit(),
            Action::SubmitAgain => self.replay(),
            Action::Tick => {
                self.now += 1;
                true
            }
            Action::LateChange => self.evidence(true, false),
            Action::ChangeGone => self.evidence(false, true),
            Action::License => self.license(),
            Action::Reserve(movement) => self.reserve(movement),
            Action::Consume => self.consume(),
            Action::Release => self.release(),
            Action::Invalidate => self.invalidate(),
            Action::Exit => self.exit(),
            Action::ChangeMate => self.change_mate(),
            Action::Claim(actor) => self.claim(actor),
            Action::Work(actor) => self.work(actor),
            Action::PeerDown(actor) => self.peer_down(actor),
            Action::Crash(actor) => self.workers[actor as usize].take().is_some(),
        }
    }

    fn evidence(&mut self, was: bool, good: bool) -> bool {
        if self.good != was {
            return false;
        }
        self.good = good;
        self.asked = true;
        true
    }

    /// The other case's exporter changes it.
    fn change_mate(&mut self) -> bool {
        let first = !self.mate.changed && self.mate.issued == 0;
        self.mate.changed |= first;
        first
    }

    /// One audit line a change; whoever read the case before holds another version.
    fn wrote(&mut self) -> bool {
        for memory in self.workers.iter_mut().flatten() {
            memory.changed = true;
        }
        self.case.version += 1;
        self.case.updated_at = self.at();
        self.lines += 1;
        true
    }

    fn take(&mut self, event: Event) -> bool {
        self.case.take(event).is_ok()
    }

    fn submit(&mut self) -> bool {
        if !self.take(Event::Submit) {
            return false;
        }
        self.keys += 1;
        self.wrote()
    }

    /// The same request once more: its stored answer comes back before anything is looked at.
    fn replay(&mut self) -> bool {
        self.keys == 0 && self.submit()
    }

    fn license(&mut self) -> bool {
        if !self.take(Event::LicenceRecorded) {
            return false;
        }
        self.case.licence = Some(Licence {
            number: "1".into(),
            valid_until: DAY,
            simulated: true,
        });
        self.wrote()
    }

    fn live(&self) -> Option<(u8, Life)> {
        let id = self.case.certificate?.as_u128() as u8;
        let life = self.issued.get(&id)?.clone();
        Some((id, life.at(self.at(), START + Duration::days(30))))
    }

    fn reserve(&mut self, movement: u8) -> bool {
        let Some((id, life)) = self.live() else {
            return false;
        };
        let hold = Reservation {
            id: Uuid::from_u128(movement.into()),
            holder: "customs".into(),
            movement: movement.to_string(),
            until: self.at() + Duration::HOUR,
            since: self.at(),
        };
        let Ok(held) = life.reserve(hold) else {
            return false;
        };
        // A hold that ended by itself is first given back.
        if self.case.state == State::Reserved && !self.take(Event::Release) {
            return false;
        }
        if !self.take(Event::Reserve) {
            return false;
        }
        self.case.reserved_until = Some(self.at() + Duration::HOUR);
        self.issued.insert(id, held);
        self.wrote()
    }

    fn consume(&mut self) -> bool {
        let Some((id, Life::Reserved { reservation })) = self.live() else {
            return false;
        };
        let held = Life::Reserved {
            reservation: reservation.clone(),
        };
        let Ok(used) = held.consume(reservation.id, self.at()) else {
            return false;
        };
        if !self.take(Event::Consume) {
            return false;
        }
        self.case.reserved_until = None;
        self.uses += 1;
        self.issued.insert(id, used);
        self.wrote()
    }

    fn release(&mut self) -> bool {
        let Some((id, Life::Reserved { reservation })) = self.live() else {
            return false;
        };
        if !self.take(Event::Release) {
            return false;
        }
        let held = Life::Reserved {
            reservation: reservation.clone(),
        };
        self.issued
            .insert(id, held.release(reservation.id).unwrap());
        self.wrote()
    }

    fn invalidate(&mut self) -> bool {
        let Some((id, life)) = self.live() else {
            return false;
        };
        let Ok(revoked) = life.revoke("why", self.at()) else {
            return false;
        };
        if !self.take(Event::Invalidate) {
            return false;
        }
        self.issued.insert(id, revoked);
        self.revoked.insert(id);
        self.wrote()
    }

    fn exit(&mut self) -> bool {
        if !self.case.consumed || !self.take(Event::Exit) {
            return false;
        }
        self.case.exit = Some(Exit {
            date: DAY,
            declaration: "D".into(),
            port: String::new(),
        });
        self.case.deregister_by = Some(deregister_by(DAY));
        self.wrote()
    }
}

fn decision(outcome: Outcome) -> Decision {
    Decision {
        id: Uuid::nil(),
        outcome,
        reasons: Vec::new(),
        missing_facts: Vec::new(),
        missing_documents: Vec::new(),
        ship_by: None,
        packs: Vec::new(),
        engine: String::new(),
        evidence: Vec::new(),
        facts: tongguan_clearance::domain::evidence::FactMap::new(),
        inputs_sha256: String::new(),
        decided_by: "engine".into(),
        officer_reason: String::new(),
        decided_at: START,
        by_override: false,
        market_verdict: String::new(),
        china_verdict: String::new(),
        reconciliation: Reconciliation::default(),
        simulated: true,
    }
}
