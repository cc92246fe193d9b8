//! The decision: China's pack + the market's pack + documents + reconciliation → one outcome with reasons.
//!
//! A pure function of what was gathered: the same inputs give the same decision. An outage never
//! reaches this function; an unknown is never a pass.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::evidence::{FactMap, Gathered, Judgement, MarketVerdict, NeededDocument, RuleReason};
use super::reconcile::{Reconciliation, Severity};

/// The market whose pack holds China's own export rules.
pub const CHINA: &str = "CN-EXPORT";

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
            run.ask_if(!both, "RULES-INCOMPLETE", "not every pack that decides gave an answer", "并非每个规则包都给出结论");
        }
        Judgement::Refused { code, message, fields } => {
            run.asks = true;
            let facts = fields.clone();
            run.push(Weight::Asks, code, message, "规则引擎未接受所给事实", facts);
        }
    }
    run.finish()
}

#[derive(Default)]
struct Run {
    refuses: bool,
    asks: bool,
    reasons: Vec<Reason>,
    facts: BTreeMap<String, AskedFact>,
    documents: BTreeMap<String, AskedDocument>,
    ship_by: Option<Date>,
}

impl Run {
    fn papers(&mut self, input: &Input<'_>) {
        let gathered = input.gathered;
        self.ask_if(gathered.vehicle.is_none(), "REGISTRY-NO-VEHICLE", "the registry has no vehicle with this VIN: register it first", "登记库中没有该车辆");
        self.ask_if(gathered.inspection.is_none(), "INSPECTION-NONE", "there is no current inspection of this vehicle", "该车辆没有有效的检测报告");
        for difference in &input.reconciliation.differences {
            let weight = if difference.severity == Severity::Blocking { Weight::Asks } else { Weight::Tells };
            self.asks |= weight == Weight::Asks;
            let code = format!("DOC-{}-DIFFERS", difference.field.to_uppercase().replace('_', "-"));
            let facts = vec![
                format!("{} = {}", difference.expected_source, difference.expected),
                format!("{} = {}", difference.actual_source, difference.actual),
            ];
            self.push(weight, &code, &difference.message, "单证信息不一致", facts);
        }
        for fault in &input.reconciliation.faults {
            let blocks = fault.severity == Severity::Blocking;
            self.asks |= blocks;
            let code = format!("DOC-{}", fault.fault.replace('_', "-"));
            self.push(if blocks { Weight::Asks } else { Weight::Tells }, &code, &fault.message, "单证缺失或不合格", vec![format!("document = {}", fault.code)]);
            if blocks {
                let entry = self.documents.entry(fault.code.clone()).or_insert_with(|| asked(&fault.code));
                entry.blocks = true;
                if fault.document.is_some() && entry.problem.is_empty() {
                    entry.problem.clone_from(&fault.message);
                }
            }
        }
    }

    fn verdict(&mut self, verdict: &MarketVerdict, reconciliation: &Reconciliation) {
        let prohibited = verdict.outcome == "PROHIBITED";
        let undetermined = verdict.outcome == "UNDETERMINED";
        self.refuses |= prohibited;
        self.asks |= undetermined || !matches!(verdict.outcome.as_str(), "PERMITTED" | "CONDITIONAL" | "PROHIBITED");
        let late: Vec<&str> = verdict.missing_documents.iter().filter(|document| !is_due(document)).map(|document| document.code.as_str()).collect();
        for reason in &verdict.reasons {
            let weight = match (reason.verdict.as_str(), reason.effect.as_str()) {
                ("VIOLATED", "PROHIBIT" | "NOT_REGISTRABLE") if prohibited && reason.decisive => Weight::Refuses,
                ("VIOLATED", "REQUIRE") if (reason.decisive || undetermined) && self.requires_now(reason, &late) => Weight::Asks,
                // China's requirements come before the licence: an unknown one is not met. A market's may come later.
                ("UNKNOWN", "REQUIRE") if reason.decisive && verdict.market == CHINA => Weight::Asks,
                ("UNKNOWN" | "UNDETERMINED", _) if undetermined && reason.decisive => Weight::Asks,
                ("VIOLATED", "REFER") if undetermined && reason.decisive => Weight::Asks,
                _ => Weight::Tells,
            };
            // A requirement that must be met before the licence keeps the case from being READY.
            self.asks |= weight == Weight::Asks;
            self.reasons.push(Reason { weight, rule: reason.clone() });
        }
        for fact in &verdict.missing_facts {
            let entry = self.facts.entry(fact.name.clone()).or_insert_with(|| AskedFact {
                name: fact.name.clone(),
                rules: Vec::new(),
                en: fact.en.clone(),
                zh: fact.zh.clone(),
            });
            join(&mut entry.rules, &fact.rules);
        }
        for document in &verdict.missing_documents {
            let due = is_due(document);
            self.asks |= due && !prohibited;
            let entry = self.documents.entry(document.code.clone()).or_insert_with(|| asked(&document.code));
            entry.blocks |= due;
            entry.who.clone_from(&document.who);
            join(&mut entry.rules, &document.rules);
            let fault = reconciliation.faults.iter().find(|fault| fault.code == document.code && fault.document.is_some());
            if let Some(fault) = fault.filter(|_| entry.problem.is_empty()) {
                entry.problem.clone_from(&fault.message);
            }
        }
        self.ship_by = match (self.ship_by, verdict.ship_by) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }

    /// Whether a requirement must be met before the licence: not where all its documents come later on the way.
    fn requires_now(&self, reason: &RuleReason, late: &[&str]) -> bool {
        if reason.missing_documents.is_empty() {
            // Nothing can be produced here: who cures it decides whether it is for now.
            return !matches!(reason.cure.as_str(), "importer" | "inspection_body_destination" | "authority_destination" | "carrier" | "bank");
        }
        !reason.missing_documents.iter().all(|code| late.contains(&code.as_str()))
    }

    fn ask_if(&mut self, holds: bool, code: &str, en: &str, zh: &str) {
        if holds {
            self.asks = true;
            self.push(Weight::Asks, code, en, zh, Vec::new());
        }
    }

    fn push(&mut self, weight: Weight, code: &str, en: &str, zh: &str, facts: Vec<String>) {
        let rule = RuleReason {
            rule: code.to_owned(),
            verdict: if weight == Weight::Tells { "SATISFIED" } else { "UNKNOWN" }.to_owned(),
            decisive: weight != Weight::Tells,
            en: en.to_owned(),
            zh: zh.to_owned(),
            confidence: "high".to_owned(),
            facts,
            ..RuleReason::default()
        };
        self.reasons.push(Reason { weight, rule });
    }

    fn finish(mut self) -> Ruling {
        let outcome = if self.refuses {
            Outcome::Refused
        } else if self.asks {
            Outcome::NeedsInformation
        } else {
            Outcome::Ready
        };
        self.reasons.sort_by_key(|reason| reason.weight);
        Ruling {
            outcome,
            reasons: self.reasons,
            missing_facts: self.facts.into_values().collect(),
            missing_documents: self.documents.into_values().collect(),
            ship_by: self.ship_by,
        }
    }
}

fn asked(code: &str) -> AskedDocument {
    AskedDocument { code: code.to_owned(), rules: Vec::new(), who: String::new(), blocks: false, problem: String::new() }
}

fn join(into: &mut Vec<String>, more: &[String]) {
    for rule in more {
        if !into.contains(rule) {
            into.push(rule.clone());
        }
    }
}

/// Whether a document is due before the licence; where the rule does not say, it is.
fn is_due(document: &NeededDocument) -> bool {
    matches!(document.when.as_str(), "" | "before_purchase" | "before_licence")
}

#[cfg(test)]
mod tests;
