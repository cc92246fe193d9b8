//! Decisions and reconciliations → proto.

use tongguan_api::clearance::v1 as pb;
use tongguan_rpc::wire;

use super::day;
use crate::domain::decision::{Decision, Outcome, Reason, Weight};
use crate::domain::reconcile::{Reconciliation, Severity};

pub(super) fn outcome(outcome: Outcome) -> pb::decision::Outcome {
    match outcome {
        Outcome::Ready => pb::decision::Outcome::Ready,
        Outcome::Refused => pb::decision::Outcome::Refused,
        Outcome::NeedsInformation => pb::decision::Outcome::NeedsInformation,
    }
}

impl From<Decision> for pb::Decision {
    fn from(decision: Decision) -> Self {
        Self {
            decision_id: decision.id.to_string(),
            outcome: outcome(decision.outcome).into(),
            reasons: decision.reasons.into_iter().map(Into::into).collect(),
            missing_facts: decision
                .missing_facts
                .into_iter()
                .map(|fact| pb::MissingFact {
                    name: fact.name,
                    rule_ids: fact.rules,
                    text_en: fact.en,
                    text_zh: fact.zh,
                })
                .collect(),
            missing_documents: decision
                .missing_documents
                .into_iter()
                .map(|document| pb::MissingDocument {
                    code: document.code,
                    rule_ids: document.rules,
                    who: document.who,
                    blocks: document.blocks,
                    problem: document.problem,
                })
                .collect(),
            ship_by: day(decision.ship_by),
            packs: decision
                .packs
                .into_iter()
                .map(|pack| pb::PackReference {
                    market: pack.market,
                    version: pack.version,
                    sha256: pack.sha256,
                })
                .collect(),
            engine_version: decision.engine,
            evidence: decision
                .evidence
                .into_iter()
                .map(|pin| pb::EvidenceReference {
                    kind: pin.kind,
                    id: pin.id,
                    sha256: pin.sha256,
                })
                .collect(),
            facts_json: serde_json::to_string(&decision.facts).unwrap_or_default(),
            inputs_sha256: decision.inputs_sha256,
            decided_by: decision.decided_by,
            officer_reason: decision.officer_reason,
            decide_time: Some(wire::timestamp(decision.decided_at)),
            by_override: decision.by_override,
            market_verdict: decision.market_verdict,
            china_verdict: decision.china_verdict,
            reconciliation: Some(decision.reconciliation.into()),
        }
    }
}

impl From<Reason> for pb::Reason {
    fn from(reason: Reason) -> Self {
        let weight = match reason.weight {
            Weight::Refuses => pb::reason::Weight::Refuses,
            Weight::Asks => pb::reason::Weight::Asks,
            Weight::Tells => pb::reason::Weight::Tells,
        };
        let rule = reason.rule;
        Self {
            rule_id: rule.rule,
            weight: weight.into(),
            result: rule.verdict,
            text_en: rule.en,
            text_zh: rule.zh,
            instrument: rule.instrument,
            source_url: rule.url,
            confidence: rule.confidence,
            facts: rule.facts,
        }
    }
}

impl From<Reconciliation> for pb::Reconciliation {
    fn from(compared: Reconciliation) -> Self {
        let consistent = compared.consistent();
        Self {
            differences: compared
                .differences
                .into_iter()
                .map(|difference| pb::Difference {
                    field: difference.field,
                    severity: severity(difference.severity).into(),
                    expected_source: difference.expected_source,
                    expected: difference.expected,
                    actual_source: difference.actual_source,
                    actual: difference.actual,
                    message: difference.message,
                    document_id: difference
                        .document
                        .map(|id| id.to_string())
                        .unwrap_or_default(),
                })
                .collect(),
            agreed: compared.agreed,
            faults: compared
                .faults
                .into_iter()
                .map(|fault| pb::DocumentFault {
                    code: fault.code,
                    fault: fault.fault,
                    message: fault.message,
                    document_id: fault.document.map(|id| id.to_string()).unwrap_or_default(),
                    severity: severity(fault.severity).into(),
                })
                .collect(),
            consistent,
            vehicle_version: compared.vehicle_version,
            unreachable: compared.unreachable,
        }
    }
}

fn severity(severity: Severity) -> pb::difference::Severity {
    match severity {
        Severity::Blocking => pb::difference::Severity::Blocking,
        Severity::Warning => pb::difference::Severity::Warning,
        Severity::Note => pb::difference::Severity::Note,
    }
}
