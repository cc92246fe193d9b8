//! Patterns in reports that a reviewer should look at, each explained with its figures.
//!
//! To add a pattern: add a kind here and in the proto, what it needs to `Surroundings` (read in
//! `store/surroundings.rs`), and a function to `detect`.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tongguan_vocabulary::{Odometer, PartialDate, Vin};
use uuid::Uuid;

use super::report::Report;

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
}

impl Kind {
    /// Every kind with its word in tables.
    pub(crate) const ALL: [(Self, &'static str); 8] = [
        (Self::ImpossiblePace, "impossible_pace"),
        (Self::AllPass, "all_pass"),
        (Self::ClonedValues, "cloned_values"),
        (Self::OdometerWentBack, "odometer_went_back"),
        (Self::EvidenceReused, "evidence_reused"),
        (Self::VerdictMismatch, "verdict_mismatch"),
        (Self::VehicleMismatch, "vehicle_mismatch"),
        (Self::BodySuspended, "body_suspended"),
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

/// A pattern that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What kind.
    pub(crate) kind: Kind,
    /// The other inspections.
    pub(crate) related: Vec<Uuid>,
    /// With the figures.
    pub(crate) explanation: String,
}

/// A stored anomaly.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// What the store and the registry know around a report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Surroundings {
    /// Tests of the same inspector of the same body on the same day.
    pub(crate) same_day: Vec<Other>,
    /// Reports with the same values, of any vehicle.
    pub(crate) same_values: Vec<Other>,
    /// Uses of the same evidence, by hash.
    pub(crate) same_evidence: Vec<(String, Other)>,
    /// Earlier odometer readings with the inspection they stand in, where it is one.
    pub(crate) readings: Vec<(PartialDate, Odometer, Option<Uuid>)>,
    /// Reports of the body in a row without failure or referral, this one counted.
    pub(crate) passes_in_a_row: u32,
}

/// Every pattern the report shows among its surroundings.
pub(crate) fn detect(report: &Report, around: &Surroundings, thresholds: &Thresholds) -> Vec<Seen> {
    let all = [
        pace(report, around, thresholds),
        all_pass(around, thresholds),
        cloned(report, around),
        odometer(report, around),
    ];
    all.into_iter()
        .flatten()
        .chain(reused(report, around))
        .collect()
}

fn pace(report: &Report, around: &Surroundings, thresholds: &Thresholds) -> Option<Seen> {
    let tests = around.same_day.len() as u32 + 1;
    let gap = i64::from(thresholds.minutes_between_tests) * 60;
    let close: Vec<&Other> = around
        .same_day
        .iter()
        .filter(|other| match (report.times, other.started_at) {
            (Some((start, _)), Some(started)) => (start - started).whole_seconds().abs() < gap,
            _ => false,
        })
        .collect();
    let inspector = &report.inspector;
    let (related, explanation) = if !close.is_empty() {
        let text = format!(
            "inspector {inspector} began {} other test(s) within {} minutes of this one on {}",
            close.len(),
            thresholds.minutes_between_tests,
            report.date
        );
        (close.iter().map(|other| other.id).collect(), text)
    } else if tests > thresholds.tests_per_day {
        let text = format!(
            "inspector {inspector} reported {tests} tests on {}, more than {}",
            report.date, thresholds.tests_per_day
        );
        (Vec::new(), text)
    } else {
        return None;
    };
    Some(Seen {
        kind: Kind::ImpossiblePace,
        related,
        explanation,
    })
}

fn all_pass(around: &Surroundings, thresholds: &Thresholds) -> Option<Seen> {
    let run = around.passes_in_a_row;
    // Once per full run, so that a good body does not flood the queue.
    let full =
        thresholds.passes_in_a_row > 0 && run > 0 && run.is_multiple_of(thresholds.passes_in_a_row);
    full.then(|| Seen {
        kind: Kind::AllPass,
        related: Vec::new(),
        explanation: format!(
            "the last {run} reports of this body passed without one failure or referral"
        ),
    })
}

fn cloned(report: &Report, around: &Surroundings) -> Option<Seen> {
    let others: Vec<&Other> = around
        .same_values
        .iter()
        .filter(|other| other.vin != report.vehicle.vin)
        .collect();
    (!others.is_empty()).then(|| Seen {
        kind: Kind::ClonedValues,
        related: others.iter().map(|other| other.id).collect(),
        explanation: format!(
            "all {} measured values equal those of {} report(s) of other vehicles, such as {}",
            report.measurements.len(),
            others.len(),
            others[0].vin
        ),
    })
}

fn odometer(report: &Report, around: &Surroundings) -> Option<Seen> {
    let shown = report.vehicle.odometer?;
    let earlier = around
        .readings
        .iter()
        .filter(|(day, _, _)| day.last() <= report.day());
    let (day, before, inspection) = earlier.max_by_key(|(_, reading, _)| reading.to_km())?;
    (before.to_km() > shown.to_km()).then(|| Seen {
        kind: Kind::OdometerWentBack,
        related: inspection.iter().copied().collect(),
        explanation: format!("the odometer shows {shown} and showed {before} on {day}"),
    })
}

fn reused(report: &Report, around: &Surroundings) -> Vec<Seen> {
    let mut all = Vec::new();
    for evidence in &report.evidence {
        let others: Vec<&Other> = around
            .same_evidence
            .iter()
            .filter(|(hash, other)| *hash == evidence.sha256 && other.vin != report.vehicle.vin)
            .map(|(_, other)| other)
            .collect();
        if !others.is_empty() {
            all.push(Seen {
                kind: Kind::EvidenceReused,
                related: others.iter().map(|other| other.id).collect(),
                explanation: format!(
                    "the evidence {} ({}) belongs to {} report(s) of other vehicles too, such as {}",
                    &evidence.sha256[..evidence.sha256.len().min(12)],
                    evidence.shot,
                    others.len(),
                    others[0].vin
                ),
            });
        }
    }
    all
}
