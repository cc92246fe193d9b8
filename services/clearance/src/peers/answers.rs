//! What the rules answer → our words.

use tongguan_api::destinations::v1 as destinations;
use tongguan_rpc::evidence;
use tongguan_vocabulary::PartialDate;
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::domain::evidence::{Judgement, MarketVerdict, MissingFact, NeededDocument, RuleReason};

/// The last word of a proto enum's name; empty where it is unspecified.
fn word(name: &'static str, prefix: &str) -> String {
    let word = name.strip_prefix(prefix).unwrap_or(name);
    if word == "UNSPECIFIED" {
        String::new()
    } else {
        word.to_owned()
    }
}

pub(super) fn verdict(verdict: destinations::MarketVerdict) -> MarketVerdict {
    let pack = verdict.pack.clone().unwrap_or_default();
    let text =
        |text: Option<destinations::Text>| text.map(|text| (text.en, text.zh)).unwrap_or_default();
    MarketVerdict {
        outcome: word(verdict.outcome().as_str_name(), "OUTCOME_"),
        ship_by: evidence::ship_by(&verdict).and_then(PartialDate::exact),
        market: verdict.market,
        reasons: verdict.reasons.into_iter().map(reason).collect(),
        missing_facts: verdict
            .missing_facts
            .into_iter()
            .map(|fact| {
                let (en, zh) = text(fact.label);
                MissingFact {
                    name: fact.name,
                    rules: fact.rules,
                    en,
                    zh,
                }
            })
            .collect(),
        missing_documents: verdict
            .missing_documents
            .into_iter()
            .map(|document| NeededDocument {
                code: document.code,
                who: document.who,
                when: document.when,
                rules: document.rules,
            })
            .collect(),
        version: pack.version,
        digest: pack.digest,
        engine: verdict.engine_version,
        decision: verdict.decision,
    }
}

fn reason(reason: destinations::Reason) -> RuleReason {
    let source = reason.source.clone().unwrap_or_default();
    let facts = reason.facts.iter().map(|fact| {
        format!(
            "{} = {}",
            fact.name,
            if fact.known { fact.value.as_str() } else { "?" }
        )
    });
    let text = reason.text.clone().unwrap_or_default();
    RuleReason {
        verdict: word(reason.verdict().as_str_name(), "RULE_VERDICT_"),
        effect: word(reason.effect().as_str_name(), "EFFECT_"),
        decisive: reason.decisive,
        en: text.en,
        zh: text.zh,
        confidence: word(source.confidence().as_str_name(), "CONFIDENCE_").to_lowercase(),
        instrument: source.instrument,
        url: source.url,
        facts: facts.collect(),
        rule: reason.rule,
        missing_facts: reason.missing_facts,
        missing_documents: reason.missing_documents,
        cure: reason.cure_who,
    }
}

/// Why the evaluator took neither facts nor market: the case asks its exporter to mend them.
pub(super) fn refusal(status: &Status) -> Judgement {
    let details = status.get_error_details();
    let code = details
        .error_info()
        .map_or_else(|| "FACTS_REFUSED".to_owned(), |info| info.reason.clone());
    let fields = details
        .bad_request()
        .map(|bad| {
            bad.field_violations
                .iter()
                .map(|violation| format!("{}: {}", violation.field, violation.description))
                .collect()
        })
        .unwrap_or_default();
    Judgement::Refused {
        code,
        message: status.message().to_owned(),
        fields,
    }
}
