//! The decision: China's pack + the market's pack + documents + reconciliation → one outcome with reasons.
//!
//! A pure function of what was gathered: the same inputs give the same decision. An outage never
//! reaches this function; an unknown is never a pass.

mod run;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::evidence::{FactMap, Gathered, Judgement, RuleReason};
use super::reconcile::Reconciliation;
use run::Run;

/// The market whose pack holds China's own export rules.
pub const CHINA: &str = "CN-EXPORT";

/// Who decides where no person does.
pub const ENGINE: &str = "engine";

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// It may leave.
    Ready,
    /// It may not leave.
    Refused,
    /// Facts or documents are missing, or a person must look.
    NeedsInformation,
}

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Weight {
    /// It refuses.
    Refuses,
    /// It asks for something.
    Asks,
    /// It is told.
    Tells,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// How much it weighs.
    pub weight: Weight,
    /// The rule and its words.
    pub rule: RuleReason,
}

/// A fact that would decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedFact {
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedDocument {
    /// Its code.
    pub code: String,
    /// Rules that ask for it.
    pub rules: Vec<String>,
    /// Who can produce it.
    pub who: String,
    /// Whether the case can not be READY without it.
    pub blocks: bool,
    /// What is wrong with the one that was given.
    pub problem: String,
}

/// A pack, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackPin {
    /// Market.
    pub market: String,
    /// Version.
    pub version: String,
    /// SHA-256, hex.
    pub sha256: String,
}

/// A piece of evidence, pinned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidencePin {
    /// REGISTRY, INSPECTION, MAINTENANCE or DOCUMENT.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// SHA-256 of what was read, hex.
    pub sha256: String,
}

/// A decision with everything it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Identity.
    pub id: Uuid,
    /// What was decided.
    pub outcome: Outcome,
    /// Why, heaviest first.
    pub reasons: Vec<Reason>,
    /// Facts that would decide.
    pub missing_facts: Vec<AskedFact>,
    /// Documents still to be produced.
    pub missing_documents: Vec<AskedDocument>,
    /// Last shipping day on which it stays what it is.
    pub ship_by: Option<Date>,
    /// China's pack first, then the market's.
    pub packs: Vec<PackPin>,
    /// Version of the evaluator.
    pub engine: String,
    /// Evidence, pinned.
    pub evidence: Vec<EvidencePin>,
    /// The facts it was decided on.
    pub facts: FactMap,
    /// SHA-256 over packs, facts and reconciliation, hex.
    pub inputs_sha256: String,
    /// `engine`, or the officer's subject.
    pub decided_by: String,
    /// The officer's reason.
    pub officer_reason: String,
    /// When.
    pub decided_at: OffsetDateTime,
    /// Whether two people decided against the engine.
    pub by_override: bool,
    /// The market pack's verdict; empty where none.
    pub market_verdict: String,
    /// China's pack's verdict; empty where none.
    pub china_verdict: String,
    /// How the papers compare.
    pub reconciliation: Reconciliation,
    /// Whether any evidence came from a simulated authority.
    pub simulated: bool,
}

/// What is decided on.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What the peers said.
    pub gathered: &'a Gathered,
    /// How the papers compare.
    pub reconciliation: &'a Reconciliation,
    /// What the packs said.
    pub judgement: &'a Judgement,
}

/// What comes out, before it gets an id and a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Ruling {
    /// The outcome.
    pub outcome: Outcome,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Facts that would decide.
    pub missing_facts: Vec<AskedFact>,
    /// Documents still to be produced.
    pub missing_documents: Vec<AskedDocument>,
    /// Last shipping day.
    pub ship_by: Option<Date>,
}

/// Decides.
pub fn rule(input: &Input<'_>) -> Ruling {
    let mut run = Run::default();
    run.papers(input);
    match input.judgement {
        Judgement::Verdicts(verdicts) => {
            for verdict in verdicts {
                run.verdict(verdict, input.reconciliation);
            }
            let both = verdicts.len() >= 2;
            run.ask_if(
                !both,
                "RULES-INCOMPLETE",
                "not every pack that decides gave an answer",
                "并非每个规则包都给出结论",
            );
        }
        Judgement::Refused {
            code,
            message,
            fields,
        } => {
            run.asks = true;
            let facts = fields.clone();
            run.push(Weight::Asks, code, message, "规则引擎未接受所给事实", facts);
        }
    }
    run.finish()
}

#[cfg(test)]
mod tests;
