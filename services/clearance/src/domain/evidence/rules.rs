//! What the rule packs said, in our own words.

use serde::{Deserialize, Serialize};
use time::Date;

/// One market's answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MarketVerdict {
    /// Market code.
    pub market: String,
    /// PERMITTED, CONDITIONAL, PROHIBITED or UNDETERMINED.
    pub outcome: String,
    /// Why.
    pub reasons: Vec<RuleReason>,
    /// Facts still to be supplied.
    pub missing_facts: Vec<MissingFact>,
    /// Documents still to be produced.
    pub missing_documents: Vec<NeededDocument>,
    /// Last day on which the outcome stays what it is.
    pub ship_by: Option<Date>,
    /// Version of the pack.
    pub version: String,
    /// SHA-256 of the pack, hex.
    pub digest: String,
    /// Version of the evaluator.
    pub engine: String,
    /// The recorded decision of the evaluator.
    pub decision: String,
}

/// What one rule said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleReason {
    /// The rule.
    pub rule: String,
    /// SATISFIED, VIOLATED, UNKNOWN, UNDETERMINED or NOT_APPLICABLE.
    pub verdict: String,
    /// PROHIBIT, REQUIRE, LEVY, NOT_REGISTRABLE, REFER or WARN.
    pub effect: String,
    /// Whether it made the outcome.
    pub decisive: bool,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
    /// The instrument.
    pub instrument: String,
    /// Where it can be read.
    pub url: String,
    /// high, medium or low.
    pub confidence: String,
    /// `name = value`.
    pub facts: Vec<String>,
    /// Facts that would decide it.
    pub missing_facts: Vec<String>,
    /// Documents that would cure it.
    pub missing_documents: Vec<String>,
    /// Who can cure it.
    pub cure: String,
}

/// A fact still to be supplied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MissingFact {
    /// Its name.
    pub name: String,
    /// Rules that need it.
    pub rules: Vec<String>,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// A document still to be produced.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NeededDocument {
    /// Its code.
    pub code: String,
    /// Who can produce it.
    pub who: String,
    /// By which step; empty where the rule does not say.
    pub when: String,
    /// Rules that ask for it.
    pub rules: Vec<String>,
}

/// What the evaluator said, or why it refused the facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// One verdict a market: China's first.
    Verdicts(Vec<MarketVerdict>),
    /// The facts were refused, or there is no such market.
    Refused {
        /// Stable code, such as MARKET_UNKNOWN.
        code: String,
        /// One sentence.
        message: String,
        /// Wrong facts, as `name: what is wrong`.
        fields: Vec<String>,
    },
}
