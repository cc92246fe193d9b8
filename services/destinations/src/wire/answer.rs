//! Answers of destination rules: domain → proto.

use pbjson_types::Timestamp;
use tongguan_api::destinations::v1 as pb;
use tongguan_api::google::r#type::Date;
use tongguan_rpc::{problem, wire};
use tongguan_rules::{
    Because, Bilingual, Confidence, DoubtReason, Otherwise, Outcome, Pack, Rule, RuleVerdict,
    ShipBy, Shown, Status, Value, Way, WayStep,
};
use tongguan_vocabulary::PartialDate;

use super::facts;
use crate::domain::{Answer, BriefAnswer};
use crate::error::Error;
use crate::service::{Answered, Replayed};

pub(crate) fn verdict(answered: Answered, all_rules: bool) -> pb::MarketVerdict {
    let Answered { answer, recorded } = answered;
    let (decision, decided_at) = recorded.unzip();
    let mut verdict = judged(&answer, all_rules);
    verdict.decision = decision.unwrap_or_default();
    verdict.decide_time = decided_at.map(wire::timestamp);
    verdict
}

fn judged(answer: &Answer, all_rules: bool) -> pb::MarketVerdict {
    let judged = &answer.verdict;
    let mut reasons: Vec<pb::Reason> = judged
        .rules
        .iter()
        .filter(|rule| all_rules || speaks(rule))
        .map(|rule| reason(answer, rule))
        .collect();
    reasons.sort_by_key(|reason| !reason.decisive);
    let mut verdict = pb::MarketVerdict {
        market: judged.market.clone(),
        outcome: outcome(judged.outcome).into(),
        reasons,
        missing_facts: judged
            .missing_facts
            .iter()
            .map(|missing| pb::MissingFact {
                name: missing.fact.fact.to_owned(),
                label: Some(label(&missing.fact)),
                rules: missing.rules.clone(),
                straddling_value: missing.fact.value.clone().unwrap_or_default(),
            })
            .collect(),
        missing_documents: missing_documents(answer),
        pack: Some(pack_ref(&answer.pack)),
        engine_version: judged.engine.to_owned(),
        answer_digest: answer.digest.clone(),
        effort: answer.effort(),
        ..pb::MarketVerdict::default()
    };
    if let Some(advice) = &answer.advice {
        until(&mut verdict, &advice.ship_by);
        verdict.ways_to_eligible = advice.ways.iter().map(way).collect();
    }
    verdict
}

/// Whether a rule has something to say beyond being met.
fn speaks(rule: &RuleVerdict) -> bool {
    rule.value != Value::Satisfied || rule.effect != "none"
}

fn reason(answer: &Answer, judged: &RuleVerdict) -> pb::Reason {
    let rule = answer.pack.rule(&judged.id);
    let idle = matches!(
        judged.because,
        Because::NotApplicable | Because::Exempt | Because::NotLive
    );
    pb::Reason {
        rule: judged.id.clone(),
        market: judged.from.clone(),
        category: judged.category.clone(),
        verdict: match judged.value {
            Value::Satisfied if idle => pb::RuleVerdict::NotApplicable,
            Value::Satisfied => pb::RuleVerdict::Satisfied,
            Value::Violated => pb::RuleVerdict::Violated,
            Value::Unknown => pb::RuleVerdict::Unknown,
            Value::Undetermined => pb::RuleVerdict::Undetermined,
        }
        .into(),
        effect: rule
            .map_or(pb::Effect::Unspecified, |rule| effect(rule.otherwise))
            .into(),
        decisive: answer.verdict.reasons.contains(&judged.id),
        text: Some(text(&judged.text)),
        source: rule.map(source),
        status: status(judged.status).into(),
        facts: judged
            .facts
            .iter()
            .map(|fact| pb::FactRead {
                name: fact.fact.to_owned(),
                label: Some(label(fact)),
                value: fact.value.clone().unwrap_or_default(),
                known: fact.value.is_some(),
            })
            .collect(),
        missing_facts: judged
            .missing
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
        missing_documents: rule.map_or_else(Vec::new, |rule| wanted(answer, rule, judged)),
        cure_who: rule
            .and_then(|rule| rule.cure.as_ref())
            .map_or_else(|| "none".to_owned(), |cure| cure.who.clone()),
        because: because(judged.because).to_owned(),
        could_exempt: judged
            .could_exempt
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
    }
}

/// The documents a rule still asks for: those it needs, and those that would cure it.
fn wanted(answer: &Answer, rule: &Rule, judged: &RuleVerdict) -> Vec<String> {
    let cures = rule
        .cure
        .iter()
        .flat_map(|cure| &cure.documents)
        .filter(|_| judged.value == Value::Violated);
    let at_hand = |code: &str| {
        answer.record.facts["documents"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|item| item == code || item["code"] == code)
    };
    let open = judged.effect != "none";
    rule.needs
        .iter()
        .chain(cures)
        .filter(|code| open && !at_hand(code))
        .cloned()
        .collect()
}

fn missing_documents(answer: &Answer) -> Vec<pb::MissingDocument> {
    let mut documents: Vec<pb::MissingDocument> = answer
        .verdict
        .missing_documents
        .iter()
        .map(|missing| pb::MissingDocument {
            code: missing.code.clone(),
            who: missing.who.clone(),
            when: missing.when.clone(),
            rules: missing.rules.clone(),
            name: Some(text(&missing.name)),
            alternative: false,
        })
        .collect();
    for judged in answer
        .verdict
        .rules
        .iter()
        .filter(|rule| rule.value == Value::Violated && rule.effect == "condition")
    {
        let Some(cure) = answer
            .pack
            .rule(&judged.id)
            .and_then(|rule| rule.cure.as_ref())
        else {
            continue;
        };
        let fresh: Vec<&String> = cure
            .documents
            .iter()
            .filter(|code| documents.iter().all(|known| known.code != **code))
            .collect();
        for definition in fresh.iter().filter_map(|code| answer.pack.document(code)) {
            documents.push(pb::MissingDocument {
                code: definition.code.clone(),
                who: definition.who.clone(),
                when: definition.when.clone(),
                rules: vec![judged.id.clone()],
                name: Some(text(&definition.name)),
                alternative: cure.documents.len() > 1,
            });
        }
    }
    documents
}

fn until(verdict: &mut pb::MarketVerdict, ship_by: &ShipBy) {
    match ship_by {
        ShipBy::Until {
            over,
            last_day,
            then,
            ..
        } => {
            verdict.ship_by = day(last_day);
            (*over).clone_into(&mut verdict.ship_by_event);
            verdict.outcome_after = outcome(*then).into();
        }
        ShipBy::Holds { over, through } => {
            verdict.holds_through = day(through);
            (*over).clone_into(&mut verdict.ship_by_event);
        }
        ShipBy::NoDate { over } => (*over).clone_into(&mut verdict.ship_by_event),
    }
}

fn way(way: &Way) -> pb::WayToEligible {
    pb::WayToEligible {
        changes: way.steps.iter().map(change).collect(),
        outcome: outcome(way.outcome).into(),
    }
}

fn change(step: &WayStep) -> pb::Change {
    let document = step.kind == "document";
    let value = match &step.to {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    pb::Change {
        rule: step.rule.clone(),
        fact: if document {
            String::new()
        } else {
            step.what.clone()
        },
        value,
        document: if document {
            step.what.clone()
        } else {
            String::new()
        },
        who: step.who.clone(),
        when: step.by.clone().unwrap_or_default(),
        text: step.text.as_ref().map(text),
    }
}

pub(crate) fn matrix_row(key: String, answers: Result<Vec<Answered>, Error>) -> pb::MatrixRow {
    match answers {
        Ok(answers) => pb::MatrixRow {
            key,
            verdicts: answers
                .into_iter()
                .map(|answered| verdict(answered, false))
                .collect(),
            ..pb::MatrixRow::default()
        },
        Err(error) => pb::MatrixRow {
            key,
            problem: Some(problem(&error)),
            ..pb::MatrixRow::default()
        },
    }
}

pub(crate) fn brief_row(key: String, answers: Vec<BriefAnswer>) -> pb::MatrixRow {
    let (outcomes, decisive_rules) = answers
        .into_iter()
        .map(|answer| (i32::from(outcome(answer.outcome)), answer.rules))
        .unzip();
    pb::MatrixRow {
        key,
        outcomes,
        decisive_rules,
        ..pb::MatrixRow::default()
    }
}

pub(crate) fn replayed(replayed: Replayed) -> pb::ReplayDecisionResponse {
    let Replayed { answered, decision } = replayed;
    pb::ReplayDecisionResponse {
        identical: answered.answer.digest == decision.answer_digest,
        recorded_answer_digest: decision.answer_digest,
        facts: Some(facts::write(&decision.record.facts)),
        recorded_engine_version: decision.record.engine,
        verdict: Some(verdict(answered, false)),
    }
}

pub(crate) fn pack_ref(pack: &Pack) -> pb::PackRef {
    pb::PackRef {
        market: pack.market.clone(),
        version: pack.version.to_string(),
        digest: pack.digest.clone(),
    }
}

pub(crate) fn text(text: &Bilingual) -> pb::Text {
    pb::Text {
        en: text.en.clone(),
        zh: text.zh.clone(),
    }
}

fn label(fact: &Shown) -> pb::Text {
    pb::Text {
        en: fact.en.to_owned(),
        zh: fact.zh.to_owned(),
    }
}

pub(crate) fn source(rule: &Rule) -> pb::Source {
    let source = &rule.source;
    let conflict_or_doubt = rule
        .doubts
        .contains(&DoubtReason::Background)
        .then(|| "background knowledge, without a source that was read".to_owned());
    pb::Source {
        instrument: source
            .instrument
            .clone()
            .or_else(|| source.title.clone())
            .unwrap_or_default(),
        url: source.url.clone().unwrap_or_default(),
        read: source.read.as_deref().and_then(day),
        confidence: match source.confidence {
            Confidence::High => pb::Confidence::High,
            Confidence::Medium => pb::Confidence::Medium,
            Confidence::Low => pb::Confidence::Low,
        }
        .into(),
        conflicts: source
            .conflicts
            .iter()
            .chain(&source.assumed)
            .cloned()
            .chain(conflict_or_doubt)
            .collect(),
    }
}

pub(crate) fn day(text: &str) -> Option<Date> {
    text.parse::<PartialDate>().ok().map(wire::date)
}

pub(crate) fn outcome(outcome: Outcome) -> pb::Outcome {
    match outcome {
        Outcome::Permitted => pb::Outcome::Permitted,
        Outcome::Conditional => pb::Outcome::Conditional,
        Outcome::Prohibited => pb::Outcome::Prohibited,
        Outcome::Undetermined => pb::Outcome::Undetermined,
    }
}

pub(crate) fn effect(otherwise: Otherwise) -> pb::Effect {
    match otherwise {
        Otherwise::Prohibit => pb::Effect::Prohibit,
        Otherwise::Require => pb::Effect::Require,
        Otherwise::Levy => pb::Effect::Levy,
        Otherwise::NotRegistrable => pb::Effect::NotRegistrable,
        Otherwise::Refer => pb::Effect::Refer,
        Otherwise::Warn => pb::Effect::Warn,
    }
}

pub(crate) fn status(status: Status) -> pb::RuleStatus {
    match status {
        Status::InForce => pb::RuleStatus::InForce,
        Status::Announced => pb::RuleStatus::Announced,
        Status::Draft => pb::RuleStatus::Draft,
        Status::Stayed => pb::RuleStatus::Stayed,
        Status::Suspended => pb::RuleStatus::Suspended,
        Status::Superseded => pb::RuleStatus::Superseded,
        Status::Withdrawn => pb::RuleStatus::Withdrawn,
    }
}

fn because(because: Because) -> &'static str {
    match because {
        Because::Facts => "facts",
        Because::NotApplicable => "not_applicable",
        Because::Exempt => "exempt",
        Because::NotLive => "not_live",
        Because::ExpiredWithoutSuccessor => "expired_without_successor",
        Because::ReadingsDisagree => "readings_disagree",
        Because::Doubtful => "doubtful",
        Because::NotExpressible => "not_expressible",
    }
}

/// An instant of the store on the wire.
pub(crate) fn instant(instant: time::OffsetDateTime) -> Timestamp {
    wire::timestamp(instant)
}
