//! How reasons, facts and documents add up to an outcome.

use std::collections::BTreeMap;

use time::Date;

use super::{AskedDocument, AskedFact, CHINA, Input, Outcome, Reason, Ruling, Weight};
use crate::domain::evidence::{MarketVerdict, NeededDocument, RuleReason};
use crate::domain::reconcile::{Reconciliation, Severity};

#[derive(Default)]
pub(super) struct Run {
    refuses: bool,
    pub(super) asks: bool,
    reasons: Vec<Reason>,
    facts: BTreeMap<String, AskedFact>,
    documents: BTreeMap<String, AskedDocument>,
    ship_by: Option<Date>,
}

impl Run {
    pub(super) fn papers(&mut self, input: &Input<'_>) {
        let gathered = input.gathered;
        self.ask_if(
            gathered.vehicle.is_none(),
            "REGISTRY-NO-VEHICLE",
            "the registry has no vehicle with this VIN: register it first",
            "登记库中没有该车辆",
        );
        self.ask_if(
            gathered.inspection.is_none(),
            "INSPECTION-NONE",
            "there is no current inspection of this vehicle",
            "该车辆没有有效的检测报告",
        );
        for notice in gathered.vehicle.iter().flat_map(|vehicle| &vehicle.notices) {
            let weight = if notice.hard {
                Weight::Asks
            } else {
                Weight::Tells
            };
            self.asks |= notice.hard;
            let code = format!("REGISTRY-{}", notice.code.replace('_', "-"));
            self.push(
                weight,
                &code,
                &notice.message,
                "登记信息须人工核对",
                Vec::new(),
            );
        }
        // What the packs make of a finding they say themselves; here each is told, so that nobody overlooks it.
        for finding in gathered
            .maintenance
            .iter()
            .flat_map(|records| &records.findings)
        {
            let code = format!("MAINTENANCE-{}", finding.code.replace('_', "-"));
            self.push(
                Weight::Tells,
                &code,
                &finding.message,
                "维修记录提示",
                Vec::new(),
            );
        }
        for difference in &input.reconciliation.differences {
            let weight = if difference.severity == Severity::Blocking {
                Weight::Asks
            } else {
                Weight::Tells
            };
            self.asks |= weight == Weight::Asks;
            let code = format!(
                "DOC-{}-DIFFERS",
                difference.field.to_uppercase().replace('_', "-")
            );
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
            self.push(
                if blocks { Weight::Asks } else { Weight::Tells },
                &code,
                &fault.message,
                "单证缺失或不合格",
                vec![format!("document = {}", fault.code)],
            );
            if blocks {
                let entry = self
                    .documents
                    .entry(fault.code.clone())
                    .or_insert_with(|| asked(&fault.code));
                entry.blocks = true;
                if fault.document.is_some() && entry.problem.is_empty() {
                    entry.problem.clone_from(&fault.message);
                }
            }
        }
    }

    pub(super) fn verdict(&mut self, verdict: &MarketVerdict, reconciliation: &Reconciliation) {
        let prohibited = verdict.outcome == "PROHIBITED";
        let undetermined = verdict.outcome == "UNDETERMINED";
        self.refuses |= prohibited;
        self.asks |= undetermined
            || !matches!(
                verdict.outcome.as_str(),
                "PERMITTED" | "CONDITIONAL" | "PROHIBITED"
            );
        let late: Vec<&str> = verdict
            .missing_documents
            .iter()
            .filter(|document| !is_due(document))
            .map(|document| document.code.as_str())
            .collect();
        for reason in &verdict.reasons {
            let weight = match (reason.verdict.as_str(), reason.effect.as_str()) {
                ("VIOLATED", "PROHIBIT" | "NOT_REGISTRABLE") if prohibited && reason.decisive => {
                    Weight::Refuses
                }
                ("VIOLATED", "REQUIRE")
                    if (reason.decisive || undetermined) && requires_now(reason, &late) =>
                {
                    Weight::Asks
                }
                // China's requirements come before the licence: an unknown one is not met. A market's may come later.
                ("UNKNOWN", "REQUIRE") if reason.decisive && verdict.market == CHINA => {
                    Weight::Asks
                }
                ("UNKNOWN" | "UNDETERMINED", _) | ("VIOLATED", "REFER")
                    if undetermined && reason.decisive =>
                {
                    Weight::Asks
                }
                _ => Weight::Tells,
            };
            // A requirement that must be met before the licence keeps the case from being READY.
            self.asks |= weight == Weight::Asks;
            self.reasons.push(Reason {
                weight,
                rule: reason.clone(),
            });
        }
        for fact in &verdict.missing_facts {
            let entry = self
                .facts
                .entry(fact.name.clone())
                .or_insert_with(|| AskedFact {
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
            let entry = self
                .documents
                .entry(document.code.clone())
                .or_insert_with(|| asked(&document.code));
            entry.blocks |= due;
            entry.who.clone_from(&document.who);
            join(&mut entry.rules, &document.rules);
            let fault = reconciliation
                .faults
                .iter()
                .find(|fault| fault.code == document.code && fault.document.is_some());
            if let Some(fault) = fault.filter(|_| entry.problem.is_empty()) {
                entry.problem.clone_from(&fault.message);
            }
        }
        // China's pack is measured at the application, which this case has made: only the market's last day is
        // one to ship by.
        if verdict.market != CHINA {
            self.ship_by = verdict.ship_by;
        }
    }

    pub(super) fn ask_if(&mut self, holds: bool, code: &str, en: &str, zh: &str) {
        if holds {
            self.asks = true;
            self.push(Weight::Asks, code, en, zh, Vec::new());
        }
    }

    pub(super) fn push(
        &mut self,
        weight: Weight,
        code: &str,
        en: &str,
        zh: &str,
        facts: Vec<String>,
    ) {
        let rule = RuleReason {
            rule: code.to_owned(),
            verdict: if weight == Weight::Tells {
                "SATISFIED"
            } else {
                "UNKNOWN"
            }
            .to_owned(),
            decisive: weight != Weight::Tells,
            en: en.to_owned(),
            zh: zh.to_owned(),
            confidence: "high".to_owned(),
            facts,
            ..RuleReason::default()
        };
        self.reasons.push(Reason { weight, rule });
    }

    pub(super) fn finish(mut self) -> Ruling {
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
    AskedDocument {
        code: code.to_owned(),
        rules: Vec::new(),
        who: String::new(),
        blocks: false,
        problem: String::new(),
    }
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
    matches!(
        document.when.as_str(),
        "" | "before_purchase" | "before_licence"
    )
}

/// Whether a requirement must be met before the licence: not where all its documents come later on the way.
fn requires_now(reason: &RuleReason, late: &[&str]) -> bool {
    if reason.missing_documents.is_empty() {
        // Nothing can be produced here: who cures it decides whether it is for now.
        return !matches!(
            reason.cure.as_str(),
            "importer"
                | "inspection_body_destination"
                | "authority_destination"
                | "carrier"
                | "bank"
        );
    }
    !reason
        .missing_documents
        .iter()
        .all(|code| late.contains(&code.as_str()))
}
