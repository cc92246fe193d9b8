//! Reads rules: every field, every expression, every example, with all problems kept.

use super::parts::{bilingual, date_fact, full_day, listed, place};
use crate::day;
use crate::facts::Facts;
use crate::lang::check::{self, Compiled, Scope};
use crate::lang::code::Code;
use crate::lang::eval::FactSet;
use crate::pack::compile::{Effect, PackScope, RuleCode, effects};
use crate::pack::examples::Example;
use crate::pack::rule::{
    Change, Confidence, Cure, DoubtReason, Effective, Otherwise, Rule, Source, Status,
};
use crate::schema::words::WHO;
use crate::schema::{FACTS, Fact, Kind};
use crate::slot::text_id;
use crate::yaml::{Fields, Node, Report, Tree};

const RULE: &[&str] = &[
    "id",
    "category",
    "status",
    "effective",
    "unless",
    "exempt",
    "applies",
    "require",
    "alternatives",
    "otherwise",
    "instead_of",
    "if_unknown",
    "if_doubtful",
    "needs",
    "text",
    "cure",
    "source",
    "overrides",
    "not_expressible",
    "examples",
    "notes",
];
const CATEGORIES: &[&str] = &[
    "age",
    "ban",
    "condition",
    "document",
    "emissions",
    "equipment",
    "fee",
    "inspection",
    "mileage",
    "other",
    "steering",
];

/// A rule as read: its data, its code, its examples.
pub(super) struct Read {
    pub(super) rule: Rule,
    pub(super) code: RuleCode,
    pub(super) examples: Vec<Example>,
    pub(super) own: bool,
    pub(super) line: u64,
    pub(super) column: u64,
}

/// Reads the rules of one pack and of its layers into one body of code.
pub(super) struct RuleReader<'a> {
    scope: &'a PackScope<'a>,
    measured_at: Fact,
    text: &'a str,
    code: Code,
}

impl<'a> RuleReader<'a> {
    pub(super) fn new(scope: &'a PackScope<'a>, measured_at: Fact, text: &'a str) -> Self {
        Self {
            scope,
            measured_at,
            text,
            code: Code::default(),
        }
    }

    /// Goes on with the text of a layer.
    pub(super) fn use_text(&mut self, text: &'a str, measured_at: Fact) {
        self.text = text;
        self.measured_at = measured_at;
    }

    pub(super) fn finish(self) -> Code {
        self.code
    }

    pub(super) fn read(
        &mut self,
        nodes: &[Node],
        market: &str,
        own: bool,
        report: &mut Report,
    ) -> Vec<Read> {
        let mut rules: Vec<Read> = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            if let Some(read) = self.rule(node, index, market, own, report) {
                if rules.iter().any(|other| other.rule.id == read.rule.id) {
                    report.add(
                        &format!("rules.{}", read.rule.id),
                        node,
                        "two rules have this id",
                    );
                }
                rules.push(read);
            }
        }
        rules
    }

    fn rule(
        &mut self,
        node: &Node,
        index: usize,
        market: &str,
        own: bool,
        report: &mut Report,
    ) -> Option<Read> {
        let before = report.problems.len();
        let mut fields = Fields::open(node, &format!("rules[{index}]"), RULE, report)?;
        let id = fields
            .need("id", report)
            .and_then(|_| fields.text("id", report));
        if let Some(id) = id {
            fields.path = format!("rules.{id}");
            let fits = id.len() <= 48
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !fits {
                report.add(
                    &fields.path,
                    node,
                    "an id has at most 48 letters, digits, hyphens and underscores",
                );
            }
        }
        fields.need("category", report);
        let category = listed(&fields, "category", CATEGORIES, report);
        let status = fields
            .word("status", Status::WORDS, report)
            .unwrap_or(Status::InForce);
        let (effective, span) = self.effective(&fields, report);
        let text = fields
            .need("text", report)
            .and_then(|node| bilingual(node, &fields.at("text"), report));
        let source = self.source(&fields, report);
        let cure = self.cure(&fields, report);
        let not_expressible = fields.text("not_expressible", report).map(str::to_owned);
        let needs = self.document_codes(&fields, "needs", report);
        let mut reads = FactSet::default();
        reads.insert(span.decided_by);
        let applies = self.expression(
            &fields,
            "applies",
            fields.get("applies"),
            &mut reads,
            report,
        );
        let unless = self.expression(&fields, "unless", fields.get("unless"), &mut reads, report);
        let exempt = self.expression(&fields, "exempt", fields.get("exempt"), &mut reads, report);
        if let (Some((compiled, _)), Some(node)) = (&exempt, fields.get("exempt")) {
            if compiled
                .reads
                .facts
                .iter()
                .any(|fact| fact.kind() == Kind::Date)
            {
                report.add(
                    &fields.at("exempt"),
                    node,
                    "an exemption that must be shown may not turn on a date; use `unless`",
                );
            }
        }
        let require = self.expression(
            &fields,
            "require",
            fields.get("require"),
            &mut reads,
            report,
        );
        let mut alternatives = Vec::new();
        for node in fields.list("alternatives") {
            alternatives.extend(self.expression(
                &fields,
                "alternatives",
                Some(node),
                &mut reads,
                report,
            ));
        }
        fields.need("otherwise", report);
        let otherwise = fields
            .word("otherwise", Otherwise::WORDS, report)
            .unwrap_or(Otherwise::Refer);
        let instead_of = fields.word(
            "instead_of",
            &[("ban", "ban"), ("certificate", "certificate")],
            report,
        );
        let if_unknown = fields.word(
            "if_unknown",
            &[
                ("undetermined", Effect::Refer),
                ("conditional", Effect::Condition),
                ("ignore", Effect::None),
            ],
            report,
        );
        let if_doubtful = fields.word(
            "if_doubtful",
            &[("refer", Effect::Refer), ("warn", Effect::Warn)],
            report,
        );
        let (source, mut doubts) = source.unzip();
        let mut doubts = doubts.take().unwrap_or_default();
        if status != Status::InForce {
            doubts.insert(0, DoubtReason::Status);
        }
        if !alternatives.is_empty() {
            // Written readings decide case by case: where all agree there is no doubt left.
            doubts.retain(|doubt| *doubt != DoubtReason::Conflict);
        }
        match (fields.get("require"), &not_expressible) {
            (Some(node), Some(_)) => report.add(
                &fields.path,
                node,
                "a rule has either `require` or `not_expressible`",
            ),
            (None, None) if needs.is_empty() => report.add(
                &fields.path,
                node,
                "\"require\", \"needs\" or \"not_expressible\" is missing",
            ),
            (None, Some(_))
                if !matches!(
                    otherwise,
                    Otherwise::Refer | Otherwise::Warn | Otherwise::Levy
                ) =>
            {
                report.add(
                    &fields.path,
                    node,
                    "what cannot be expressed can only refer, warn or levy",
                );
            }
            _ => {}
        }
        if instead_of.is_some() && otherwise != Otherwise::Levy {
            report.add(
                &fields.path,
                node,
                "`instead_of` goes with `otherwise: levy`",
            );
        }
        let examples = self.examples(&fields, report);
        let overrides = fields
            .texts("overrides", report)
            .into_iter()
            .map(str::to_owned)
            .collect();
        if report.problems.len() > before {
            return None;
        }
        let (on_violated, on_unknown, on_undetermined) = effects(
            otherwise,
            &doubts,
            instead_of.is_some(),
            if_doubtful,
            if_unknown,
        );
        let cures = cure.as_ref().map_or_else(Vec::new, |cure| {
            cure.documents.iter().map(|code| text_id(code)).collect()
        });
        let code = RuleCode {
            decided_by: span.decided_by,
            from: span.from,
            to: span.to,
            open_ended: effective.successor.as_deref() == Some("unknown"),
            live: !matches!(status, Status::Superseded | Status::Withdrawn),
            expressible: not_expressible.is_none(),
            doubtful: !doubts.is_empty(),
            applies: applies.as_ref().map(|(compiled, _)| compiled.place),
            unless: unless.as_ref().map(|(compiled, _)| compiled.place),
            exempt: exempt.as_ref().map(|(compiled, _)| compiled.place),
            require: require.as_ref().map(|(compiled, _)| compiled.place),
            alternatives: alternatives
                .iter()
                .map(|(compiled, _)| compiled.place)
                .collect(),
            cures,
            needs: needs.iter().map(|code| text_id(code)).collect(),
            on_violated,
            on_unknown,
            on_undetermined,
        };
        let constant = require
            .as_ref()
            .is_some_and(|(compiled, _)| compiled.constant.is_some());
        let exempt_reads = exempt
            .as_ref()
            .map_or_else(FactSet::default, |(compiled, _)| compiled.reads.facts);
        let written = |part: Option<(Compiled, String)>| part.map(|(_, source)| source);
        let rule = Rule {
            id: id?.to_owned(),
            from: market.to_owned(),
            category: category?.to_owned(),
            status,
            effective,
            applies: written(applies),
            unless: written(unless),
            exempt: written(exempt),
            require: written(require),
            alternatives: alternatives.into_iter().map(|(_, source)| source).collect(),
            otherwise,
            instead_of: instead_of.map(str::to_owned),
            needs,
            text: text?,
            cure,
            source: source?,
            doubts,
            not_expressible,
            overrides,
            constant,
            reads,
            exempt_reads,
        };
        Some(Read {
            rule,
            code,
            examples: if own { examples } else { Vec::new() },
            own,
            line: node.line,
            column: node.column,
        })
    }

    fn expression(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        node: Option<&Node>,
        reads: &mut FactSet,
        report: &mut Report,
    ) -> Option<(Compiled, String)> {
        let node = node?;
        let source = match &node.tree {
            Tree::Bool(flag) => flag.to_string(),
            Tree::Text(text) => text.trim().to_owned(),
            _ => {
                report.add(&fields.at(key), node, "an expression is needed here");
                return None;
            }
        };
        match check::compile(&source, self.scope, &mut self.code) {
            Ok(compiled) => {
                reads.extend(compiled.reads.facts);
                Some((compiled, source))
            }
            Err(faults) => {
                for fault in faults {
                    let (line, column) = place(self.text, node, &source, fault.offset);
                    report.problems.push(crate::Problem {
                        path: fields.at(key),
                        line,
                        column,
                        message: fault.message,
                    });
                }
                None
            }
        }
    }

    fn effective(&self, fields: &Fields<'_>, report: &mut Report) -> (Effective, Span) {
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

    fn source(
        &self,
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

    fn cure(&self, fields: &Fields<'_>, report: &mut Report) -> Option<Cure> {
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

    fn document_codes(&self, fields: &Fields<'_>, key: &str, report: &mut Report) -> Vec<String> {
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

    fn examples(&self, fields: &Fields<'_>, report: &mut Report) -> Vec<Example> {
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

struct Span {
    decided_by: Fact,
    from: i64,
    to: i64,
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
