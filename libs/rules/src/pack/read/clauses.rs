//! The clauses of a rule that are data: when it applies, its source, its cure, its examples.

use super::parts::{bilingual, date_fact, full_day, listed};
use super::rules::RuleReader;
use crate::day;
use crate::facts::Facts;
use crate::lang::check::Scope;
use crate::pack::examples::Example;
use crate::pack::rule::{Change, Confidence, Cure, DoubtReason, Effective, Source};
use crate::schema::words::WHO;
use crate::schema::{FACTS, Fact};
use crate::yaml::{Fields, Node, Report, Tree};

/// When a rule applies, packed.
pub(super) struct Span {
    pub(super) decided_by: Fact,
    pub(super) from: i64,
    pub(super) to: i64,
}

impl RuleReader<'_> {
    pub(super) fn effective(&self, fields: &Fields<'_>, report: &mut Report) -> (Effective, Span) {
        let mut span = Span {
            decided_by: self.measured_at,
            from: i64::MIN,
            to: i64::MAX,
        };
        let mut effective = Effective {
            from: None,
            to: None,
            decided_by: self.measured_at.name(),
            successor: None,
        };
        let path = fields.at("effective");
        let Some(node) = fields.get("effective") else {
            return (effective, span);
        };
        let Some(inner) = Fields::open(
            node,
            &path,
            &["from", "to", "decided_by", "successor"],
            report,
        ) else {
            return (effective, span);
        };
        if let Some(node) = inner.get("decided_by") {
            span.decided_by =
                date_fact(node, &inner.at("decided_by"), report).unwrap_or(span.decided_by);
            effective.decided_by = span.decided_by.name();
        }
        let mut bound = |key: &str| {
            let date = inner
                .get(key)
                .and_then(|node| full_day(node, &inner.at(key), report))?;
            Some((date.to_string(), day::interval(date).lo))
        };
        if let Some((text, packed)) = bound("from") {
            (effective.from, span.from) = (Some(text), packed);
        }
        if let Some((text, packed)) = bound("to") {
            (effective.to, span.to) = (Some(text), packed);
        }
        if span.from > span.to {
            report.add(&path, node, "ends before it begins");
        }
        effective.successor = inner.text("successor", report).map(str::to_owned);
        if effective.to.is_some() != effective.successor.is_some() {
            report.add(&path, node, "`to` and `successor` go together: say `none`, `unknown`, or the id of the rule that follows");
        }
        (effective, span)
    }

    pub(super) fn source(
        fields: &Fields<'_>,
        report: &mut Report,
    ) -> Option<(Source, Vec<DoubtReason>)> {
        let path = fields.at("source");
        let node = fields.need("source", report)?;
        let keys = [
            "instrument",
            "title",
            "url",
            "read",
            "confidence",
            "evidence",
            "conflicts",
            "assumed",
        ];
        let inner = Fields::open(node, &path, &keys, report)?;
        inner.need("confidence", report);
        let grades = [
            ("high", Confidence::High),
            ("medium", Confidence::Medium),
            ("low", Confidence::Low),
            ("A", Confidence::High),
            ("B", Confidence::Medium),
            ("C", Confidence::Low),
        ];
        let confidence = inner.word("confidence", &grades, report);
        let background = inner
            .word(
                "evidence",
                &[("retrieved", false), ("background", true)],
                report,
            )
            .unwrap_or(false);
        let texts = |key: &str, report: &mut Report| {
            inner
                .texts(key, report)
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let source = Source {
            instrument: inner.text("instrument", report).map(str::to_owned),
            title: inner.text("title", report).map(str::to_owned),
            url: inner.text("url", report).map(str::to_owned),
            read: inner
                .get("read")
                .and_then(|node| full_day(node, &inner.at("read"), report))
                .map(|date| date.to_string()),
            confidence: confidence?,
            conflicts: texts("conflicts", report),
            assumed: texts("assumed", report),
        };
        if source.instrument.is_none()
            && source.title.is_none()
            && source.url.is_none()
            && !background
        {
            report.add(&path, node, "a source names its instrument, title or url; without one say `evidence: background`");
        }
        let doubts = [
            (
                source.confidence == Confidence::Low,
                DoubtReason::LowConfidence,
            ),
            (!source.conflicts.is_empty(), DoubtReason::Conflict),
            (background, DoubtReason::Background),
        ];
        let doubts = doubts
            .into_iter()
            .filter_map(|(holds, doubt)| holds.then_some(doubt))
            .collect();
        Some((source, doubts))
    }

    pub(super) fn cure(&self, fields: &Fields<'_>, report: &mut Report) -> Option<Cure> {
        let path = fields.at("cure");
        let inner = Fields::open(
            fields.get("cure")?,
            &path,
            &["who", "by", "documents", "change", "text"],
            report,
        )?;
        let by = inner
            .get("by")
            .and_then(|node| date_fact(node, &inner.at("by"), report));
        Some(Cure {
            who: listed(&inner, "who", WHO, report)
                .unwrap_or("none")
                .to_owned(),
            by: by.map(Fact::name),
            documents: self.document_codes(&inner, "documents", report),
            change: inner
                .get("change")
                .map_or_else(Vec::new, |node| changes(node, &inner.at("change"), report)),
            text: inner
                .get("text")
                .and_then(|node| bilingual(node, &inner.at("text"), report)),
        })
    }

    pub(super) fn document_codes(
        &self,
        fields: &Fields<'_>,
        key: &str,
        report: &mut Report,
    ) -> Vec<String> {
        let mut codes = Vec::new();
        for node in fields.list(key) {
            let code = node.text().unwrap_or_default();
            match self.scope.unknown_document(code) {
                Some(fault) => report.add(&fields.at(key), node, fault),
                None => codes.push(code.to_owned()),
            }
        }
        codes
    }

    pub(super) fn examples(fields: &Fields<'_>, report: &mut Report) -> Vec<Example> {
        let mut examples = Vec::new();
        for node in fields.list("examples") {
            let path = fields.at("examples");
            let Some(inner) = Fields::open(node, &path, &["given", "expect", "note"], report)
            else {
                continue;
            };
            inner.need("expect", report);
            let expect = inner.word("expect", crate::verdict::Expected::WORDS, report);
            let given = inner
                .get("given")
                .map_or_else(|| serde_json::json!({}), Node::to_json);
            match (Facts::from_json(&given), expect) {
                (Err(errors), _) => errors
                    .iter()
                    .for_each(|error| report.add(&path, node, error.to_string())),
                (Ok(facts), Some(expect)) => examples.push(Example {
                    rule: 0,
                    facts,
                    expect,
                    line: node.line,
                    column: node.column,
                }),
                _ => {}
            }
        }
        examples
    }
}

/// `{ fact: value, … }`: each a change that cures by itself.
fn changes(node: &Node, path: &str, report: &mut Report) -> Vec<Change> {
    let Tree::Map(pairs) = &node.tree else {
        report.add(path, node, "a map of facts to values is needed here");
        return Vec::new();
    };
    let mut changes = Vec::new();
    for (name, value) in pairs {
        let Some(fact) = Fact::named(name) else {
            let near = crate::nearest::nearest(name, FACTS.iter().map(|def| def.name));
            report.add(
                path,
                value,
                format!(
                    "unknown fact {name}{}",
                    crate::nearest::hint(near.as_deref())
                ),
            );
            continue;
        };
        let mut facts = Facts::new();
        let to = value.to_json();
        match facts.set_json(fact, &to) {
            Ok(()) => changes.push(Change {
                fact: fact.name(),
                to,
                set: (fact, facts.slot(fact)),
            }),
            Err(error) => report.add(path, value, format!("{name} {error}")),
        }
    }
    changes
}
