//! Puts the answers of the sources together into one history, with everything needed to judge how far to trust it.

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use tongguan_vocabulary::{PartialDate, Vin};
use uuid::Uuid;

use super::findings::{Changes, Finding, findings};
use super::fold::fold;
use super::odometer::{Analysis, Reading, Timeline, analyse};
use super::other_car::set_aside;
use super::outcome::{Freshness, Lives, Outcome};
use super::record::{Record, Standing};

/// What one source said at one time; the unit that is cached and stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Our request id at the source.
    pub id: Uuid,
    /// Id of the source.
    pub source: String,
    /// What it came to.
    pub outcome: Outcome,
    /// One sentence on why, never text of the source.
    pub detail: String,
    /// Wire profile and version.
    pub profile: String,
    /// Whether the source is the bundled simulator.
    pub simulated: bool,
    /// Hex SHA-256 over the raw answers; empty where there was none.
    pub raw_sha256: String,
    /// The consent the question rested on.
    pub consent: String,
    /// When it was fetched.
    #[serde(with = "time::serde::timestamp::nanoseconds")]
    pub fetched_at: OffsetDateTime,
    /// The newest day the source has data of.
    pub as_of: Option<Date>,
    /// Raw rows.
    pub rows: u32,
    /// Rows that could not be read.
    pub unreadable: u32,
    /// Seconds after which asking again is worth while.
    pub retry_after: Option<u32>,
    /// The records read.
    pub records: Vec<Record>,
    /// How it differs from the answer before.
    pub changes: Changes,
}

/// An answer as it is used now.
#[derive(Debug, Clone)]
pub struct Used {
    /// The answer.
    pub answer: std::sync::Arc<Answer>,
    /// Its age class.
    pub freshness: Option<Freshness>,
    /// A newer attempt, where it failed.
    pub refresh: Option<std::sync::Arc<Answer>>,
}

/// What the caller knows of the vehicle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Plate, empty where not given.
    pub plate: String,
    /// Readings from elsewhere.
    pub readings: Vec<Reading>,
    /// First registration.
    pub first_registered: Option<PartialDate>,
    /// Taxi, hire or goods vehicle.
    pub commercial: bool,
    /// Imported into China.
    pub imported: bool,
}

/// One vehicle's history.
#[derive(Debug, Clone)]
pub struct History {
    /// What the lookup came to.
    pub outcome: Outcome,
    /// Age class of the oldest answer used.
    pub freshness: Option<Freshness>,
    /// When that was fetched.
    pub fetched_at: Option<OffsetDateTime>,
    /// Every source asked or left out.
    pub sources: Vec<Used>,
    /// Every record, oldest first.
    pub records: Vec<Record>,
    /// Days of the first and last counted record, and the longest gap between two.
    pub coverage: Option<(Date, Date, u32)>,
    /// 0 to 1, with what keeps it from 1.
    pub completeness: (f64, Vec<String>),
    /// Whether the odometer holds.
    pub analysis: Analysis,
    /// The readings that were judged, in the order of `analysis.judged`.
    pub readings: Vec<Reading>,
    /// What rules and people should know.
    pub findings: Vec<Finding>,
    /// Seconds after which asking again is worth while.
    pub retry_after: Option<u32>,
}

impl Used {
    /// Looks at an answer now.
    pub fn new(
        answer: std::sync::Arc<Answer>,
        refresh: Option<std::sync::Arc<Answer>>,
        lives: &Lives,
        now: OffsetDateTime,
    ) -> Self {
        let freshness = answer
            .outcome
            .is_answer()
            .then(|| lives.freshness(answer.outcome, answer.fetched_at, now));
        Self {
            answer,
            freshness,
            refresh,
        }
    }

    /// What it counts as: past its usable life an answer is information, and the outcome is that of the failed refresh.
    fn effective(&self) -> Outcome {
        match (self.freshness, &self.refresh) {
            (Some(Freshness::Expired), Some(refresh)) => refresh.outcome,
            (Some(Freshness::Expired), None) => Outcome::UpstreamDown,
            _ => self.answer.outcome,
        }
    }
}

/// Assembles the history of `vin` as of `now` (`today` in China).
pub fn assemble(
    vin: &Vin,
    sources: Vec<Used>,
    known: &Known,
    now: OffsetDateTime,
    today: Date,
) -> History {
    let mut records: Vec<Record> = sources
        .iter()
        .flat_map(|used| used.answer.records.clone())
        .collect();
    set_aside(&mut records, vin, &known.plate);
    fold(&mut records);
    records.sort_by(|a, b| (a.day(), &a.key).cmp(&(b.day(), &b.key)));

    let outcomes: Vec<Outcome> = sources.iter().map(Used::effective).collect();
    let usable = sources.iter().any(|used| {
        used.freshness
            .is_some_and(|freshness| freshness < Freshness::Expired)
            && !used.answer.records.is_empty()
    });
    let outcome = Outcome::combine(&outcomes, usable);
    let oldest = sources
        .iter()
        .filter(|used| used.freshness.is_some())
        .min_by_key(|used| used.answer.fetched_at);
    let freshness = sources.iter().filter_map(|used| used.freshness).max();

    let readings: Vec<Reading> = records
        .iter()
        .filter(|record| record.standing != Standing::Folded)
        .filter_map(Record::reading)
        .chain(known.readings.iter().cloned())
        .collect();
    let timeline = Timeline {
        readings,
        first_registered: known.first_registered,
        as_of: today,
        commercial: known.commercial,
        imported: known.imported,
        stale: freshness == Some(Freshness::Expired),
    };
    let analysis = analyse(&timeline);
    let coverage = coverage(&records);
    let completeness = completeness(&sources, &records, coverage, now);
    let mut changes = Changes::default();
    for used in &sources {
        changes
            .changed
            .extend(used.answer.changes.changed.iter().cloned());
        changes
            .vanished
            .extend(used.answer.changes.vanished.iter().cloned());
    }
    let gap = coverage.map_or(0, |(_, _, gap)| gap);
    let answered = matches!(outcome, Outcome::Found | Outcome::NoRecord);
    let findings = findings(
        &records,
        &analysis,
        &changes,
        gap,
        known.first_registered,
        today,
        answered,
    );
    let latest = sources
        .iter()
        .map(|used| used.refresh.as_ref().unwrap_or(&used.answer));
    let waits = latest
        .filter(|answer| answer.outcome.passes())
        .filter_map(|answer| answer.retry_after);
    let retry_after = waits.min();
    History {
        outcome,
        freshness,
        fetched_at: oldest.map(|used| used.answer.fetched_at),
        retry_after,
        records,
        coverage,
        completeness,
        analysis,
        readings: timeline.readings,
        findings,
        sources,
    }
}

fn coverage(records: &[Record]) -> Option<(Date, Date, u32)> {
    let days: Vec<Date> = records
        .iter()
        .filter(|record| record.standing == Standing::Counted)
        .filter_map(Record::day)
        .collect();
    let gaps = days
        .windows(2)
        .map(|pair| u32::try_from((pair[1] - pair[0]).whole_days()).unwrap_or(0));
    let gap = gaps.max().unwrap_or(0);
    Some((*days.iter().min()?, *days.iter().max()?, gap))
}

/// The share of sources that answered, less a tenth for each kind of flaw. A score says how far a reader may lean on it.
fn completeness(
    sources: &[Used],
    records: &[Record],
    coverage: Option<(Date, Date, u32)>,
    now: OffsetDateTime,
) -> (f64, Vec<String>) {
    let mut reasons = Vec::new();
    let answered = sources
        .iter()
        .filter(|used| used.effective().is_answer())
        .count();
    for used in sources.iter().filter(|used| !used.effective().is_answer()) {
        reasons.push(format!(
            "source {} gave no answer: {}",
            used.answer.source,
            used.effective().as_str()
        ));
    }
    let mut score = if sources.is_empty() {
        0.0
    } else {
        answered as f64 / sources.len() as f64
    };
    let mut flaw = |holds: bool, reason: String| {
        if holds {
            score = (score - 0.1_f64).max(0.0);
            reasons.push(reason);
        }
    };
    let unreadable: u32 = sources.iter().map(|used| used.answer.unreadable).sum();
    flaw(
        unreadable > 0,
        format!("{unreadable} rows could not be read"),
    );
    let partial = sources
        .iter()
        .any(|used| used.answer.outcome == Outcome::FoundPartial);
    flaw(partial, "a source gave fewer rows than it holds".to_owned());
    let gap = coverage.map_or(0, |(_, _, gap)| gap);
    flaw(gap > 365, format!("{gap} days without a record"));
    let flaws = records
        .iter()
        .filter(|record| {
            record.standing == Standing::Counted
                && (record.day().is_none() || record.odometer.is_none())
        })
        .count();
    flaw(
        flaws > 0,
        format!("{flaws} records lack the day or the odometer"),
    );
    let tail = coverage.map_or(0, |(_, last, _)| (now.date() - last).whole_days());
    flaw(tail > 365, format!("the last record is {tail} days old"));
    flaw(
        answered > 0 && records.is_empty(),
        "there is no record; that does not mean that nothing was ever repaired".to_owned(),
    );
    ((score * 100.0).round() / 100.0, reasons)
}

#[cfg(test)]
mod tests;
