//! Whether a series of odometer readings holds: readings in, verdict and explanations out.
//!
//! The method, in the order of the modules: set aside what is no reading and fold what says the same
//! (`prepare`), find the heaviest plausible chain (`chain`), explain every reading that the chain leaves
//! out at the least cost (`explain`), look for the two chains that one turning back would leave (`drop`), and
//! only then give a verdict (`judge`). A verdict of rollback needs a lower level that lasts, a higher one that
//! more than one word stands for, and must be a simpler story than a slip for each contradiction; one reading
//! alone never makes one. How many planted faults of each kind are found is measured and held in `plants`. Method after the audits of the UK MOT
//! history, the Dutch RDW (caps per day, week, month, quarter, year) and the reliability classes of
//! US patent 7,505,838; the caps are ours, as RDW keeps its own private.

mod chain;
mod drop;
mod explain;
mod judge;
mod measure;
mod prepare;

use time::Date;
use tongguan_vocabulary::{Odometer, PartialDate};

pub use chain::allowed_km;

/// Who read a meter.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
pub enum Source {
    /// At registration or transfer, by the authority.
    Registration,
    /// At an inspection by an accredited body.
    Inspection,
    /// By the maker's dealers, uploaded from headquarters (总对总).
    Headquarters,
    /// By a repair shop.
    Shop,
    /// By the seller or exporter.
    Declared,
    /// From telematics of the vehicle.
    Telematics,
}

impl Source {
    /// The weight of the class, 0 to 1: how far its word can be relied on.
    pub fn weight(self) -> f64 {
        match self {
            Self::Inspection => 1.0,
            Self::Registration | Self::Telematics => 0.9,
            Self::Headquarters => 0.8,
            Self::Shop => 0.6,
            Self::Declared => 0.25,
        }
    }

    /// Sources of one voice are no independent witnesses of each other: a shop's visit also comes through headquarters.
    fn voice(self) -> u8 {
        match self {
            Self::Registration => 0,
            Self::Inspection => 1,
            Self::Headquarters | Self::Shop => 2,
            Self::Telematics => 3,
            Self::Declared => 4,
        }
    }
}

/// What a meter showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Meter {
    /// A number.
    Shows(Odometer),
    /// It could not be read.
    Unreadable,
    /// There is none.
    Absent,
}

/// One reading of a meter.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reading {
    /// What it showed.
    pub meter: Meter,
    /// On which day.
    pub date: Date,
    /// Who read it.
    pub source: Source,
    /// Which party of that kind, such as a shop's code.
    pub party: String,
    /// The paper it stands on.
    pub document: String,
    /// Whether the paper says that the meter was replaced.
    pub replaced: bool,
    /// Whether the row may belong to another car.
    pub other_car: bool,
}

/// What is judged.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The readings, in any order.
    pub readings: Vec<Reading>,
    /// First registration, where known.
    pub first_registered: Option<PartialDate>,
    /// The day of the judgement.
    pub as_of: Date,
    /// Taxis, hire and goods vehicles run farther.
    pub commercial: bool,
    /// Imported into China: the history starts abroad.
    pub imported: bool,
    /// The answer the readings come from is past its usable life.
    pub stale: bool,
}

/// The five verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The readings hold together.
    Consistent,
    /// A reading contradicts the rest, probably a slip.
    OneReading,
    /// The meter was probably turned back.
    Rollback,
    /// The drop goes with a documented replacement.
    MeterReplaced,
    /// No verdict, and why.
    Unknown(Reason),
}

/// Why there is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Fewer than two usable readings on different days.
    TooFew,
    /// The history before import is missing.
    Imported,
    /// More than 24 months without a reading.
    LongGap,
    /// Only sources of low trust.
    LowTrust,
    /// Too much of it may belong to another car.
    OtherCarRows,
    /// The answer is too old.
    Stale,
    /// Several contradictions, none of them lasting.
    Contradictory,
}

/// How a reading was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// On the chain.
    OnChain,
    /// Folded into another one that says the same.
    Folded,
    /// It contradicts the chain.
    LeftOut,
    /// Not a reading at all.
    NotAReading,
    /// It may belong to another car.
    OtherCar,
}

/// The kinds of faults seen in the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A digit too many, or times ten.
    DigitAdded,
    /// A digit lost, or divided by ten.
    DigitLost,
    /// One digit differs.
    DigitChanged,
    /// Two neighbouring digits changed places.
    DigitsSwapped,
    /// Miles written as kilometres.
    MilesAsKm,
    /// Kilometres written as miles.
    KmAsMiles,
    /// 万公里 written as kilometres.
    WanKm,
    /// The number of another visit.
    Copied,
    /// A filler such as 0 or 999999.
    Sentinel,
    /// The meter was replaced.
    MeterReplaced,
    /// Another car's row.
    OtherCar,
    /// The meter was turned back.
    Rollback,
    /// Faster than any vehicle runs.
    TooFast,
    /// The day lies outside the vehicle's life.
    DateImpossible,
    /// The meter could not be read.
    Unreadable,
    /// Within the tolerance of max(100 km, 1 %).
    WithinTolerance,
    /// Nothing fits.
    Unexplained,
}

/// One way to explain a reading that does not fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Explanation {
    /// What kind of fault.
    pub kind: Kind,
    /// What it would have been, in kilometres; never used as a reading.
    pub would_be_km: Option<u32>,
    /// The lower, the likelier.
    pub cost: f64,
}

/// What became of one reading.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// How it was used.
    pub standing: Standing,
    /// The best explanation first.
    pub explanations: Vec<Explanation>,
    /// Class of the source times recency, 0 to 1.
    pub weight: f64,
}

/// A stretch faster than is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Kilometres a day on it.
    pub km_per_day: f64,
    /// Kilometres a day that are usual at most.
    pub usual: f64,
}

/// The judgement.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The verdict.
    pub verdict: Verdict,
    /// How sure, 0 to 1; 0 without a verdict.
    pub confidence: f64,
    /// The highest trusted reading, plus what a documented second meter counted.
    pub minimum_true_km: Option<u32>,
    /// What the meter showed on the newest usable reading.
    pub last_shown_km: Option<u32>,
    /// Kilometres taken off by a rollback or a replacement.
    pub missing_km: Option<u32>,
    /// One entry per reading, in the order given.
    pub judged: Vec<Judged>,
    /// Fast stretches.
    pub pace: Vec<Pace>,
}

/// Judges a timeline. Total: any input has an answer. O(n²) at worst over at most a few hundred readings.
pub fn analyse(timeline: &Timeline) -> Analysis {
    let prepared = prepare::prepare(timeline);
    let chain = chain::heaviest(&prepared.points);
    judge::judge(timeline, prepared, chain)
}

/// Drops smaller than this are the noise of careless copying: max(100 km, 1 %).
pub(crate) fn tolerance(km: u32) -> u32 {
    (km / 100).max(100)
}

#[cfg(test)]
mod plants;
#[cfg(test)]
mod tests;
