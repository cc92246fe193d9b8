//! The full answer: every rule with its value, its text, what it read, and what is missing.

use serde::Serialize;

use crate::decide::{Because, Judgement, Outcome, Value, decide, judge};
use crate::facts::{Facts, Shown};
use crate::pack::{Bilingual, Confidence, DocumentDef, DoubtReason, Effect, Pack, Rule, Status};
use crate::schema::Fact;
use crate::slot::text_id;

/// The answer for one vehicle, one trip and one market.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The market.
    pub market: String,
    /// The version of its pack.
    pub version: String,
    /// The digest of its pack.
    pub digest: String,
    /// The version of the language that answered.
    pub engine: &'static str,
    /// What all rules together say.
    pub outcome: Outcome,
    /// Ids of the rules whose effect is the outcome.
    pub reasons: Vec<String>,
    /// Every rule, in pack order.
    pub rules: Vec<RuleVerdict>,
    /// Facts that would decide a rule that is unknown.
    pub missing_facts: Vec<MissingFact>,
    /// Documents still to be produced.
    pub missing_documents: Vec<MissingDocument>,
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleVerdict {
    /// Its id.
    pub id: String,
    /// The pack it comes from.
    pub from: String,
    /// Its category.
    pub category: String,
    /// Its value.
    pub value: Value,
    /// Why it has this value.
    pub because: Because,
    /// What it does to the outcome: `none`, `warn`, `levy`, `condition`, `refer` or `prohibit`.
    pub effect: &'static str,
    /// Its text, with the facts that were read.
    pub text: Bilingual,
    /// The facts it reads, with their values.
    pub facts: Vec<Shown>,
    /// Facts that would decide it.
    pub missing: Vec<&'static str>,
    /// Facts that could show an exemption from a violation.
    pub could_exempt: Vec<&'static str>,
    /// Its status.
    pub status: Status,
    /// How sure its source is.
    pub confidence: Confidence,
    /// Why it may not prohibit by itself.
    pub doubts: Vec<DoubtReason>,
    /// The instrument or page it is based on.
    pub source: String,
    /// Where that is.
    pub url: Option<String>,
    /// The day it was read.
    pub read: Option<String>,
}

/// A fact to supply or to make exact.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingFact {
    /// The fact, with its value where it is known but not exact enough.
    #[serde(flatten)]
    pub fact: Shown,
    /// Whether something is known that straddles the limit.
    pub straddles: bool,
    /// Rules that wait for it.
    pub rules: Vec<String>,
}

/// A document to produce, or any one of several of which this is the first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingDocument {
    /// Its code.
    pub code: String,
    /// Its name; where any one of several will do, the names of all.
    pub name: Bilingual,
    /// Who produces it.
    pub who: String,
    /// By which step it is needed.
    pub when: String,
    /// Rules that ask for it.
    pub rules: Vec<String>,
}

/// What an example expects of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A value; for a doubtful rule the value before doubt counts too.
    Value(Value),
    /// Satisfied because it does not concern this case.
    NotApplicable,
}

impl Expected {
    /// The words of `expect:`.
    pub const WORDS: &[(&str, Self)] = &[
        ("satisfied", Self::Value(Value::Satisfied)),
        ("violated", Self::Value(Value::Violated)),
        ("unknown", Self::Value(Value::Unknown)),
        ("undetermined", Self::Value(Value::Undetermined)),
        ("not_applicable", Self::NotApplicable),
    ];
}

impl Effect {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Warn => "warn",
            Self::Levy => "levy",
            Self::Condition => "condition",
            Self::Refer => "refer",
            Self::Prohibit => "prohibit",
        }
    }
}

/// Evaluates every rule of a pack and explains the answer.
pub fn evaluate(pack: &Pack, facts: &Facts) -> Verdict {
    let decision = decide(pack.program(), facts);
    let mut rules = Vec::with_capacity(pack.rules.len());
    let mut missing_facts: Vec<MissingFact> = Vec::new();
    let mut missing_documents: Vec<MissingDocument> = Vec::new();
    let mut reasons = Vec::new();
    for (index, (rule, code)) in pack.rules.iter().zip(&pack.program().rules).enumerate() {
        let judgement = judge(pack.program(), code, facts);
        if decision.deciding >> index & 1 == 1 {
            reasons.push(rule.id.clone());
        }
        if judgement.value == Value::Unknown && judgement.effect > Effect::None {
            judgement
                .missing
                .iter()
                .for_each(|fact| want_fact(&mut missing_facts, facts, fact, &rule.id));
        }
        let dateless = judgement.value == Value::Unknown && judgement.missing.is_empty();
        if judgement.effect > Effect::None && (judgement.documents || dateless) {
            // Where nothing else is missing, it is the date of a document that the rule names.
            let wanted = if judgement.documents {
                &rule.needs
            } else {
                &rule.names
            };
            let absent = wanted
                .iter()
                .filter(|code| dateless || !facts.has_document(text_id(code)));
            absent.for_each(|code| want_document(&mut missing_documents, pack, &[code], &rule.id));
        }
        if judgement.raw == Value::Violated && judgement.effect > Effect::Levy {
            let open = open_groups(rule, facts);
            open.for_each(|group| want_document(&mut missing_documents, pack, &group, &rule.id));
        }
        rules.push(explain(
            rule,
            &judgement,
            facts,
            code.exempt.is_some() || code.unless.is_some(),
        ));
    }
    Verdict {
        market: pack.market.clone(),
        version: pack.version.to_string(),
        digest: pack.digest.clone(),
        engine: crate::engine_version(),
        outcome: decision.outcome,
        reasons,
        rules,
        missing_facts,
        missing_documents,
    }
}

fn want_fact(list: &mut Vec<MissingFact>, facts: &Facts, fact: Fact, rule: &str) {
    match list
        .iter_mut()
        .find(|missing| missing.fact.fact == fact.name())
    {
        Some(missing) => missing.rules.push(rule.to_owned()),
        None => list.push(MissingFact {
            fact: facts.show(fact),
            straddles: facts.is_known(fact),
            rules: vec![rule.to_owned()],
        }),
    }
}

/// The groups of documents a rule can be met with of which none is at hand, and none is needed anyway.
fn open_groups<'a>(rule: &'a Rule, facts: &'a Facts) -> impl Iterator<Item = Vec<&'a String>> {
    let settled = |code: &String| facts.has_document(text_id(code)) || rule.needs.contains(code);
    rule.groups
        .iter()
        .filter(move |group| !group.iter().any(settled))
        .map(|group| group.iter().collect())
}

/// Asks for a document, or for any one of several: the first stands for them, and the name says which.
fn want_document(list: &mut Vec<MissingDocument>, pack: &Pack, group: &[&String], rule: &str) {
    let known: Vec<&DocumentDef> = group
        .iter()
        .filter_map(|code| pack.document(code))
        .collect();
    let Some(first) = known.first() else { return };
    if let Some(missing) = list.iter_mut().find(|missing| missing.code == first.code) {
        if missing.rules.last().is_none_or(|last| last != rule) {
            missing.rules.push(rule.to_owned());
        }
        return;
    }
    let join = |side: fn(&Bilingual) -> &str, between: &str| {
        let names: Vec<&str> = known.iter().map(|document| side(&document.name)).collect();
        names.join(between)
    };
    list.push(MissingDocument {
        code: first.code.clone(),
        name: Bilingual {
            en: join(|name| &name.en, ", or "),
            zh: join(|name| &name.zh, "或"),
        },
        who: first.who.clone(),
        when: first.when.clone(),
        rules: vec![rule.to_owned()],
    });
}

fn explain(rule: &Rule, judgement: &Judgement, facts: &Facts, exemptible: bool) -> RuleVerdict {
    let shown: Vec<Shown> = rule.reads.iter().map(|fact| facts.show(fact)).collect();
    let open = exemptible && judgement.raw == Value::Violated;
    let could_exempt = rule
        .exempt_reads
        .iter()
        .filter(|fact| open && !facts.is_known(*fact))
        .map(Fact::name)
        .collect();
    RuleVerdict {
        id: rule.id.clone(),
        from: rule.from.clone(),
        category: rule.category.clone(),
        value: judgement.value,
        because: judgement.because,
        effect: judgement.effect.word(),
        text: with_facts(rule, facts),
        facts: shown,
        missing: judgement.missing.iter().map(Fact::name).collect(),
        could_exempt,
        status: rule.status,
        confidence: rule.source.confidence,
        doubts: rule.doubts.clone(),
        source: rule
            .source
            .instrument
            .clone()
            .or_else(|| rule.source.title.clone())
            .unwrap_or_default(),
        url: rule.source.url.clone(),
        read: rule.source.read.clone(),
    }
}

/// The rule's text with the facts it read, in both languages.
fn with_facts(rule: &Rule, facts: &Facts) -> Bilingual {
    let text = &rule.text;
    let read: Vec<Bilingual> = rule
        .reads
        .iter()
        .map(|fact| {
            let value = facts.said(fact).unwrap_or_else(|| Bilingual {
                en: "not known".to_owned(),
                zh: "未知".to_owned(),
            });
            Bilingual {
                en: format!("{}: {}", fact.def().en, value.en),
                zh: format!("{}：{}", fact.def().zh, value.zh),
            }
        })
        .collect();
    if read.is_empty() {
        return text.clone();
    }
    let join = |side: fn(&Bilingual) -> &str, between: &str| {
        read.iter().map(side).collect::<Vec<_>>().join(between)
    };
    Bilingual {
        en: format!("{} [{}]", text.en, join(|item| &item.en, "; ")),
        zh: format!("{}【{}】", text.zh, join(|item| &item.zh, "；")),
    }
}
