//! The rule language: destination rules as data, typed and compiled once, answered in four values.
//!
//! A [`Pack`] is one market's rules in YAML; [`Facts`] are what is known about one vehicle and one
//! trip; [`evaluate`] gives the full answer and [`decide`] the short one. Everything is a pure
//! function of the pack, the facts and their dates: no clock, no file, no network.
//!
//! ```
//! use tongguan_rules::{Facts, Outcome, Pack, evaluate};
//!
//! let pack = Pack::load(include_str!("../tests/packs/ke.yaml"), &()).unwrap();
//! let facts = serde_json::json!({
//!     "vehicle": { "category": "M1", "first_registered": "2017-05", "steering": "RHD" },
//!     "trip.arrival": "2026-06-01",
//! });
//! let verdict = evaluate(&pack, &Facts::from_json(&facts).unwrap());
//! assert_eq!(verdict.outcome, Outcome::Prohibited);
//! assert_eq!(verdict.reasons, ["KE-AGE-1"]);
//! ```

pub mod day;
mod decide;
mod diff;
mod emission;
mod facts;
mod kleene;
mod lang;
mod nearest;
mod pack;
mod problem;
mod replay;
mod schema;
mod ship_by;
mod slot;
mod verdict;
mod ways;
mod yaml;

pub use decide::{Because, Decision, Outcome, Value, decide};
pub use diff::{Diff, FieldChange, RuleChange, diff};
pub use emission::{Family, Stage, StageError};
pub use facts::{Document, FactError, Facts, Shown, ValueError};
pub use kleene::Kleene;
pub use lang::eval::FactSet;
pub use lang::{MAX_BYTES, MAX_NESTING, MAX_TOKENS};
pub use nearest::nearest;
pub use pack::{
    Bilingual, COMMON, Change, Confidence, Cure, DocumentDef, DoubtReason, Effective,
    ExampleFailure, ExampleReport, JSON_SCHEMA, LayerRef, Layers, MAX_PACK_BYTES, MAX_RULES,
    Otherwise, Pack, Program, Rule, Source, Status, Version,
};
pub use problem::Problem;
pub use replay::{Record, ReplayError};
pub use schema::{FACTS, Fact, FactDef, Kind, words};
pub use ship_by::{HORIZON_DAYS, ShipBy, ship_by};
pub use slot::{Slot, text_id};
pub use verdict::{Expected, MissingDocument, MissingFact, RuleVerdict, Verdict, evaluate};
pub use ways::{Way, WayStep, ways_to_eligible};

/// The version of the language's meaning, recorded with every decision.
///
/// It rises whenever the same pack and facts could give other bytes; the older evaluator is then
/// kept beside the new one for replay.
pub const fn engine_version() -> &'static str {
    "tongguan-rules/1"
}

#[cfg(test)]
mod tests;
