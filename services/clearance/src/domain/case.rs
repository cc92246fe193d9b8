//! One vehicle, one destination: the aggregate every write loads, changes and stores.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Date, OffsetDateTime};
use tongguan_vocabulary::{Country, PartialDate, Vin};
use uuid::Uuid;

use super::chart::{self, Effect, Event, Illegal, State};
use super::decision::{Decision, Outcome};
use super::document::{Document, DocumentKind};
use super::exit::Exit;
use super::journal::StepNote;

/// Facts declared by the exporter, by name.
pub type Declared = BTreeMap<String, Value>;

/// What kind of exporter No. 6 of 2024 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExporterKind {
    /// Listed in the MIIT Announcement.
    Producer,
    /// A trading enterprise.
    Trading,
}

/// Who exports: an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exporter {
    /// Unified social credit code (GB 32100).
    pub code: String,
    /// Registered name.
    pub name: String,
    /// What kind.
    pub kind: ExporterKind,
    /// Last day of its filing (备案).
    pub filing_valid_until: Option<Date>,
}

/// The planned trip.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Trip {
    /// Day the licence is applied for; absent means the day of submission.
    pub application_date: Option<Date>,
    /// Date of the contract.
    pub contract_date: Option<PartialDate>,
    /// Date of the transport document.
    pub bill_of_lading: Option<PartialDate>,
    /// Departure.
    pub departure: Option<PartialDate>,
    /// Arrival.
    pub arrival: Option<PartialDate>,
    /// Import declaration.
    pub declaration: Option<PartialDate>,
    /// Registration at the destination.
    pub registration_at_destination: Option<PartialDate>,
    /// sea, land, air, rail or own_wheels; empty where not known.
    pub entry_mode: String,
    /// Ten-digit commodity code; empty where not given.
    pub commodity_code: String,
    /// Contract value in US dollars.
    pub value_usd: u64,
}

/// The official licence, as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Licence {
    /// Its number; never issued here.
    pub number: String,
    /// Last day of validity.
    pub valid_until: Date,
    /// Whether a simulated authority gave it.
    pub simulated: bool,
}

/// Why a case waits, and until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// What did not answer, such as `maintenance`.
    pub peer: String,
    /// One sentence.
    pub message: String,
    /// Tries so far, this one included.
    pub attempts: u32,
    /// When it is tried again (I11).
    pub retry_at: OffsetDateTime,
}

/// A decision of two people against the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The outcome they want.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// First person.
    pub proposed_by: String,
    /// When proposed.
    pub proposed_at: OffsetDateTime,
    /// Second person and when; absent while waiting.
    pub confirmed: Option<(String, OffsetDateTime)>,
}

/// A case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Identity.
    pub id: Uuid,
    /// The vehicle.
    pub vin: Vin,
    /// The destination market.
    pub destination: Country,
    /// Who exports.
    pub exporter: Exporter,
    /// The planned trip.
    pub trip: Trip,
    /// Declared facts.
    pub declared: Declared,
    /// Where it stands.
    pub state: State,
    /// Documents, replaced ones included.
    pub documents: Vec<Document>,
    /// Submissions so far.
    pub round: u32,
    /// The journal, without outputs.
    pub steps: Vec<StepNote>,
    /// The decision in force.
    pub decision: Option<Decision>,
    /// The licence batch that holds it.
    pub batch: Option<Uuid>,
    /// The official licence.
    pub licence: Option<Licence>,
    /// The live certificate.
    pub certificate: Option<Uuid>,
    /// When it ends by itself.
    pub certificate_until: Option<OffsetDateTime>,
    /// When the hold of customs ends by itself.
    pub reserved_until: Option<OffsetDateTime>,
    /// Whether that certificate was used.
    pub consumed: bool,
    /// The exit.
    pub exit: Option<Exit>,
    /// Last day for the deregistration.
    pub deregister_by: Option<Date>,
    /// Day of the deregistration.
    pub deregistered: Option<Date>,
    /// Why it waits.
    pub parked: Option<Parked>,
    /// The last override.
    pub overridden: Option<Override>,
    /// Why the decision no longer holds.
    pub suspended_because: Option<String>,
    /// A late change that an officer looked at and accepted.
    pub accepted_change: Option<String>,
    /// When the exporter is next reminded of the deregistration.
    pub remind_at: Option<OffsetDateTime>,
    /// Operation of the last submission.
    pub operation: Option<Uuid>,
    /// First submission.
    pub submitted_at: Option<OffsetDateTime>,
    /// Day of the last submission in China: the application date where none was planned.
    pub submitted_on: Option<Date>,
    /// When it was certified.
    pub certified_at: Option<OffsetDateTime>,
    /// What the registry said of the vehicle, for schedule, certificate and statistics.
    pub vehicle: Option<VehicleNote>,
    /// Rises by one with each event.
    pub version: u64,
    /// When it was opened.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

/// What is kept of the vehicle once gathered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VehicleNote {
    /// Brand.
    pub brand: String,
    /// Model.
    pub model: String,
    /// Manufacturer.
    pub manufacturer: String,
    /// Colour letters.
    pub colour: String,
    /// UNECE category.
    pub category: String,
    /// Powertrain.
    pub powertrain: String,
    /// Model year.
    pub model_year: Option<u32>,
    /// First registration.
    pub first_registered: Option<PartialDate>,
    /// Annotation 转让待出口.
    pub transfer_pending_export: Option<PartialDate>,
    /// Engine number.
    pub engine_number: String,
    /// Battery number.
    pub battery_id: String,
    /// SHA-256 of the inspection's photograph, hex; empty where none.
    pub photograph: String,
}

impl Case {
    /// A draft.
    pub fn open(
        id: Uuid,
        vin: Vin,
        destination: Country,
        exporter: Exporter,
        trip: Trip,
        declared: Declared,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            vin,
            destination,
            exporter,
            trip,
            declared,
            state: State::Draft,
            documents: Vec::new(),
            round: 0,
            steps: Vec::new(),
            decision: None,
            batch: None,
            licence: None,
            certificate: None,
            certificate_until: None,
            reserved_until: None,
            consumed: false,
            exit: None,
            deregister_by: None,
            deregistered: None,
            parked: None,
            overridden: None,
            suspended_because: None,
            accepted_change: None,
            remind_at: None,
            operation: None,
            submitted_at: None,
            submitted_on: None,
            certified_at: None,
            vehicle: None,
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Takes a step of the chart; what it implies for the other fields follows here and nowhere else.
    pub fn take(&mut self, event: Event) -> Result<&'static [Effect], Illegal> {
        let step = chart::step(self.state, event)?;
        self.state = step.state;
        if step.state != State::Parked {
            self.parked = None;
        }
        if step.state != State::Reserved {
            self.reserved_until = None;
        }
        if step.effects.contains(&Effect::LeaveBatch) {
            self.batch = None;
            self.licence = None;
        }
        if step.effects.contains(&Effect::RevokeCertificate) {
            self.certificate = None;
        }
        if event == Event::Reinstate {
            self.suspended_because = None;
        }
        if event == Event::Submit {
            self.suspended_because = None;
            self.accepted_change = None;
            self.overridden = None;
            self.round += 1;
        }
        if event == Event::Consume {
            self.consumed = true;
        }
        Ok(step.effects)
    }

    /// When the worker must look at it next; `None` where only somebody else can move it.
    pub fn due_at(&self) -> Option<OffsetDateTime> {
        match self.state {
            State::Submitted | State::Gathering | State::Licensed => Some(
                self.parked
                    .as_ref()
                    .map_or(self.updated_at, |parked| parked.retry_at),
            ),
            State::Parked => self.parked.as_ref().map(|parked| parked.retry_at),
            State::Certified => self.certificate_until,
            State::Reserved if !self.consumed => self.reserved_until,
            State::Exited => self.remind_at,
            _ => None,
        }
    }

    /// The day the licence is applied for.
    pub fn application_date(&self) -> Option<Date> {
        self.trip.application_date.or(self.submitted_on)
    }

    /// The documents that count.
    pub fn counted(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(|document| document.counts())
    }

    /// The newest counted document of a kind.
    pub fn document(&self, kind: DocumentKind) -> Option<&Document> {
        self.counted()
            .filter(|document| document.kind == kind)
            .last()
    }

    /// The journaled step of this round, where it was taken and pinned.
    pub fn taken(&self, kind: super::journal::StepKind) -> Option<&StepNote> {
        use super::journal::StepOutcome::Unreachable;
        self.steps.iter().rev().find(|step| {
            step.round == self.round && step.kind == kind && step.outcome != Unreachable
        })
    }

    /// Days from first registration to the licence application, where both are known to the day.
    pub fn days_registered(&self) -> Option<i64> {
        let first = self.vehicle.as_ref()?.first_registered?.exact()?;
        Some((self.application_date()? - first).whole_days())
    }

    /// What must hold of every case whatever happened to it; the broken ones, by name.
    pub fn broken_invariants(&self) -> Vec<&'static str> {
        let mut broken = Vec::new();
        let mut check = |name, holds: bool| {
            if !holds {
                broken.push(name);
            }
        };
        let decided = self
            .decision
            .as_ref()
            .is_some_and(|decision| decision.outcome == Outcome::Ready);
        let needs_decision = matches!(self.state, State::Ready | State::Licensed)
            || self.state.is_certified_or_further();
        check(
            "I2: no certificate without a decision that lets it leave",
            !needs_decision || decided,
        );
        check(
            "I2: no certificate without a licence",
            self.certificate.is_none() || self.licence.is_some(),
        );
        check(
            "I11: every parked case has a timer",
            self.state != State::Parked || self.due_at().is_some(),
        );
        check(
            "only cases that the worker moves wait for it",
            self.parked.is_none() || self.state.is_working(),
        );
        check(
            "the exit starts the clock",
            self.exit.is_some() == self.deregister_by.is_some(),
        );
        check(
            "an exit follows a used certificate",
            self.exit.is_none() || self.consumed,
        );
        check(
            "a certified case names its certificate",
            !matches!(self.state, State::Certified | State::Reserved) || self.certificate.is_some(),
        );
        check(
            "an invalidated case has no live certificate",
            self.state != State::Invalidated || self.certificate.is_none(),
        );
        broken
    }
}
