//! A lookup: what is asked on which permission, the states it passes, and when it is tried again. Pure.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, OffsetDateTime};
use tongguan_vocabulary::{PartialDate, Vin};
use uuid::Uuid;

use super::history::{Answer, Known};
use super::outcome::Outcome;

/// Who allowed a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// The owner.
    Owner,
    /// The exporter of record, by mandate.
    ExporterMandate,
    /// An authority's order.
    Authority,
}

/// The permission a lookup rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Identity in the caller's files.
    pub id: String,
    /// Who allowed it.
    pub basis: Basis,
    /// Day it was given.
    pub given: PartialDate,
    /// Last day it holds.
    pub valid_until: Option<PartialDate>,
    /// Hex SHA-256 of the paper; empty where there is none.
    pub document_sha256: String,
}

impl Consent {
    /// Whether it covers a day.
    pub fn covers(&self, day: Date) -> bool {
        self.given.first() <= day && self.valid_until.is_none_or(|until| day <= until.last())
    }
}

/// What the answer is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// Deciding an export.
    ExportClearance,
    /// Telling a buyer.
    Sale,
    /// An audit or a dispute.
    Audit,
}

impl Purpose {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ExportClearance => "EXPORT_CLEARANCE",
            Self::Sale => "SALE",
            Self::Audit => "AUDIT",
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ask {
    /// Of which vehicle.
    pub vin: Vin,
    /// On which permission.
    pub consent: Consent,
    /// What for.
    pub purpose: Purpose,
    /// Which sources; empty means those of the plate's province.
    pub sources: Vec<String>,
    /// How long to wait, milliseconds.
    pub wait_ms: Option<u64>,
    /// The oldest answer that will do, seconds.
    pub max_age_s: Option<u64>,
    /// What the caller knows of the vehicle.
    pub known: Known,
}

/// Where a durable lookup stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Accepted.
    Running,
    /// Waits for sources that gave no answer.
    Parked,
    /// Every source was heard.
    Succeeded,
    /// Its deadline passed.
    Failed,
    /// Ended by the caller.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Running,
        Self::Parked,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Parked => "PARKED",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The reverse.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether it will not change any more.
    pub fn is_done(self) -> bool {
        !matches!(self, Self::Running | Self::Parked)
    }
}

/// A durable lookup.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// Its identity.
    pub id: Uuid,
    /// What is asked.
    pub ask: Ask,
    /// Where it stands.
    pub state: State,
    /// The outcome, once succeeded.
    pub outcome: Option<Outcome>,
    /// What sources without an answer came to at the last attempt.
    pub failures: Vec<Answer>,
    /// How often sources were asked.
    pub attempts: u32,
    /// When they are asked next.
    pub next_attempt_at: OffsetDateTime,
    /// When to give up.
    pub deadline_at: OffsetDateTime,
    /// When it was accepted.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
}

impl Lookup {
    /// What an attempt makes of it. `outcomes` are those of every source asked.
    #[must_use]
    pub fn after_attempt(
        mut self,
        outcome: Outcome,
        outcomes: &[Outcome],
        failures: Vec<Answer>,
        first_wait: Duration,
        now: OffsetDateTime,
    ) -> Self {
        self.attempts += 1;
        self.updated_at = now;
        let told: Option<u32> = failures
            .iter()
            .filter_map(|answer| answer.retry_after)
            .min();
        self.failures = failures;
        if outcomes.iter().any(|outcome| outcome.passes()) {
            if now >= self.deadline_at {
                self.state = State::Failed;
                return self;
            }
            let wait = self
                .wait(first_wait)
                .max(Duration::seconds(i64::from(told.unwrap_or(0))));
            self.state = State::Parked;
            self.next_attempt_at = (now + wait).min(self.deadline_at);
        } else {
            self.state = State::Succeeded;
            self.outcome = Some(outcome);
        }
        self
    }

    /// Doubles with each attempt to an hour at most, spread by the lookup's id so that a source that comes back meets no crowd.
    fn wait(&self, first: Duration) -> Duration {
        let doubled = first * 2_i32.pow(self.attempts.saturating_sub(1).min(12));
        let wait = doubled.min(Duration::HOUR);
        let spread = f64::from(u16::from_be_bytes([
            self.id.as_bytes()[14],
            self.id.as_bytes()[15],
        ])) / f64::from(u16::MAX);
        wait * (0.5 + 0.5 * spread)
    }
}
