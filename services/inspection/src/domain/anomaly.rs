//! Patterns in reports that a reviewer should look at, each explained with its figures.
//!
//! To add a pattern: add a kind here and in the proto, what it needs to `Surroundings` (read in
//! `store/surroundings.rs`), and a function to `detect`.

mod detect;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tongguan_vocabulary::{Odometer, PartialDate, Vin};
use uuid::Uuid;

pub(crate) use detect::detect;

use super::picture::Look;
use super::review::{Review, Standing};

/// What kind of pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// More tests than the time allows.
    ImpossiblePace,
    /// A long run without a failure or referral.
    AllPass,
    /// The same values as another vehicle.
    ClonedValues,
    /// Less than an earlier reading.
    OdometerWentBack,
    /// Evidence of another vehicle.
    EvidenceReused,
    /// The body's verdict differs.
    VerdictMismatch,
    /// The vehicle differs.
    VehicleMismatch,
    /// The body was suspended.
    BodySuspended,
    /// A photograph that looks like another vehicle's.
    PhotoDuplicate,
}

impl Kind {
    /// Every kind with its word in tables.
    pub(crate) const ALL: [(Self, &'static str); 9] = [
        (Self::ImpossiblePace, "impossible_pace"),
        (Self::AllPass, "all_pass"),
        (Self::ClonedValues, "cloned_values"),
        (Self::OdometerWentBack, "odometer_went_back"),
        (Self::EvidenceReused, "evidence_reused"),
        (Self::VerdictMismatch, "verdict_mismatch"),
        (Self::VehicleMismatch, "vehicle_mismatch"),
        (Self::BodySuspended, "body_suspended"),
        (Self::PhotoDuplicate, "photo_duplicate"),
    ];

    /// The word in tables.
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    /// Reads the word of [`Kind::as_str`].
    pub(crate) fn named(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(kind, _)| *kind)
    }
}

/// One figure of an explanation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// What it counts or measures.
    pub(crate) name: String,
    /// The number.
    pub(crate) value: f64,
    /// What it is compared with.
    pub(crate) limit: Option<f64>,
    /// Its unit; `1` for counts.
    pub(crate) unit: String,
}

impl Figure {
    fn new(name: &str, value: f64, limit: Option<f64>, unit: &str) -> Self {
        Self {
            name: name.to_owned(),
            value,
            limit,
            unit: unit.to_owned(),
        }
    }

    fn count(name: &str, value: usize) -> Self {
        Self::new(name, value as f64, None, "1")
    }
}

/// A pattern that was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// What kind.
    pub(crate) kind: Kind,
    /// The other inspections.
    pub(crate) related: Vec<Uuid>,
    /// With the figures.
    pub(crate) explanation: String,
    /// The figures by themselves.
    pub(crate) figures: Vec<Figure>,
    /// Hashes of the evidence concerned: this report's first.
    pub(crate) evidence: Vec<String>,
}

impl Seen {
    /// A pattern without figures.
    pub(crate) fn plain(kind: Kind, explanation: impl Into<String>) -> Self {
        Self {
            kind,
            related: Vec::new(),
            explanation: explanation.into(),
            figures: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

/// A stored anomaly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Anomaly {
    /// Identity.
    pub(crate) id: Uuid,
    /// What was seen.
    pub(crate) seen: Seen,
    /// The inspection that showed it.
    pub(crate) inspection: Uuid,
    /// Its VIN.
    pub(crate) vin: Vin,
    /// The body.
    pub(crate) body: Uuid,
    /// When it was found.
    pub(crate) at: OffsetDateTime,
    /// Where the review stands.
    pub(crate) standing: Standing,
    /// Every review, the oldest first.
    pub(crate) reviews: Vec<Review>,
}

/// Figures beyond which a pattern is an anomaly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Minutes between two tests of one inspector, from the beginning of one to the beginning of the next, at least.
    pub minutes_between_tests: u32,
    /// Tests of one inspector on one day, at most.
    pub tests_per_day: u32,
    /// Reports of one body in a row without failure or referral, at most.
    pub passes_in_a_row: u32,
}

impl Default for Thresholds {
    // Chosen, not sourced: an inspection line takes 15 to 30 minutes a vehicle, and some vehicles fail everywhere.
    fn default() -> Self {
        Self {
            minutes_between_tests: 5,
            tests_per_day: 60,
            passes_in_a_row: 100,
        }
    }
}

/// Another inspection, as far as patterns need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Other {
    /// Identity.
    pub(crate) id: Uuid,
    /// Its VIN.
    pub(crate) vin: Vin,
    /// When its test began.
    pub(crate) started_at: Option<OffsetDateTime>,
}

/// A photograph of this report and one of another's that may look the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alike {
    /// Hash and look of this report's.
    pub(crate) mine: (String, Look),
    /// Hash and look of the other's.
    pub(crate) theirs: (String, Look),
    /// The report that carries the other.
    pub(crate) other: Other,
}

/// What the store and the registry know around a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Surroundings {
    /// Tests of the same inspector of the same body on the same day.
    pub(crate) same_day: Vec<Other>,
    /// Reports with the same values, of any vehicle.
    pub(crate) same_values: Vec<Other>,
    /// Uses of the same evidence, by hash.
    pub(crate) same_evidence: Vec<(String, Other)>,
    /// Photographs of other vehicles that share a band with one of this report.
    pub(crate) alike: Vec<Alike>,
    /// Earlier odometer readings with the inspection they stand in, where it is one.
    pub(crate) readings: Vec<(PartialDate, Odometer, Option<Uuid>)>,
    /// Reports of the body in a row without failure or referral, this one counted.
    pub(crate) passes_in_a_row: u32,
}
