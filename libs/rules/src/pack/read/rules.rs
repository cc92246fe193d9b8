//! Reads rules: every field, every expression, every example, with all problems kept.

use super::logic::{Clause, Logic};
use super::parts::{bilingual, listed};
use crate::lang::code::Code;
use crate::pack::compile::{Effect, PackScope, RuleCode, effects};
use crate::pack::examples::Example;
use crate::pack::rule::{DoubtReason, Otherwise, Rule, Status};
use crate::schema::Fact;
use crate::slot::text_id;
use crate::yaml::{Fields, Node, Report};

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
    pub(super) scope: &'a PackScope<'a>,
    pub(super) measured_at: Fact,
    pub(super) text: &'a str,
    pub(super) code: Code,
}

/// What follows from a rule's values, as written.
struct Policy {
    otherwise: Otherwise,
    instead_of: Option<&'static str>,
    if_unknown: Option<Effect>,
    if_doubtful: Option<Effect>,
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
            let Some(fields) = Fields::open(node, &format!("rules[{index}]"), RULE, report) else {
                continue;
            };
            let Some(read) = self.rule(fields, market, own, report) else {
                continue;
            };
            if rules.iter().any(|other| other.rule.id == read.rule.id) {
                report.add(
                    &format!("rules.{}", read.rule.id),
                    node,
                    "two rules have this id",
                );
            }
            rules.push(read);
        }
        rules
    }

    fn rule(
        &mut self,
        mut fields: Fields<'_>,
        market: &str,
        own: bool,
        report: &mut Report,
    ) -> Option<Read> {
        let before = report.problems.len();
        let id = read_id(&mut fields, report);
        fields.need("category", report);
        let category = listed(&fields, "category", CATEGORIES, report);
        let status = fields
            .word("status", Status::WORDS, report)
            .unwrap_or(Status::InForce);
        let (effective, span) = self.effective(&fields, report);
        let text = fields
            .need("text", report)
            .and_then(|node| bilingual(node, &fields.at("text"), report));
        let source = Self::source(&fields, report);
        let cure = self.cure(&fields, report);
        let needs = self.document_codes(&fields, "needs", report);
        let not_expressible = fields.text("not_expressible", report).map(str::to_owned);
        let logic = self.logic(&fields, report);
        let policy = read_policy(&fields, report);
        check_form(
            &fields,
            &policy,
            !needs.is_empty(),
            not_expressible.is_some(),
            report,
        );
        // A layer's examples were run with the layer itself.
        let examples = if own {
            Self::examples(&fields, report)
        } else {
            Vec::new()
        };
        let overrides = fields
            .texts("overrides", report)
            .into_iter()
            .map(str::to_owned)
            .collect();
        if report.problems.len() > before {
            return None;
        }
        let (source, doubts) = source?;
        let doubts = doubts_of(status, doubts, &logic);
        let (on_violated, on_unknown, on_undetermined) = effects(
            policy.otherwise,
            &doubts,
            policy.instead_of.is_some(),
            policy.if_doubtful,
            policy.if_unknown,
        );
        let ids = |codes: &[String]| codes.iter().map(|code| text_id(code)).collect::<Vec<_>>();
        let place = |clause: &Option<Clause>| clause.as_ref().map(|clause| clause.compiled.place);
        let code = RuleCode {
            decided_by: span.decided_by,
            from: span.from,
            to: span.to,
            open_ended: effective.successor.as_deref() == Some("unknown"),
            live: !matches!(status, Status::Superseded | Status::Withdrawn),
            expressible: not_expressible.is_none(),
            doubtful: !doubts.is_empty(),
            // A constant `true` asks nothing.
            applies: place(&logic.applies).filter(|_| {
                logic
                    .applies
                    .as_ref()
                    .is_none_or(|clause| clause.compiled.constant != Some(true))
            }),
            unless: place(&logic.unless),
            exempt: place(&logic.exempt),
            require: place(&logic.require),
            alternatives: logic
                .alternatives
                .iter()
                .map(|clause| clause.compiled.place)
                .collect(),
            cures: cure
                .as_ref()
                .map_or_else(Vec::new, |cure| ids(&cure.documents)),
            needs: ids(&needs),
            on_violated,
            on_unknown,
            on_undetermined,
        };
        let mut reads = logic.reads();
        // The deciding day is read only where the rule has a first or a last one.
        if effective.from.is_some() || effective.to.is_some() {
            reads.insert(span.decided_by);
        }
        let written = |clause: Option<Clause>| clause.map(|clause| clause.source);
        let rule = Rule {
            id: id?,
            from: market.to_owned(),
            category: category?.to_owned(),
            status,
            effective,
            constant: logic
                .require
                .as_ref()
                .is_some_and(|clause| clause.compiled.constant.is_some()),
            exempt_reads: logic.exemptions(),
            reads,
            names: logic.documents(),
            groups: logic.groups(),
            applies: written(logic.applies),
            unless: written(logic.unless),
            exempt: written(logic.exempt),
            require: written(logic.require),
            alternatives: logic
                .alternatives
                .into_iter()
                .map(|clause| clause.source)
                .collect(),
            otherwise: policy.otherwise,
            instead_of: policy.instead_of.map(str::to_owned),
            needs,
            text: text?,
            cure,
            source,
            doubts,
            not_expressible,
            overrides,
        };
        Some(Read {
            rule,
            code,
            examples,
            own,
            line: fields.node.line,
            column: fields.node.column,
        })
    }
}

/// Reads the id, and makes it the path of everything below.
fn read_id(fields: &mut Fields<'_>, report: &mut Report) -> Option<String> {
    fields.need("id", report)?;
    let id = fields.text("id", report)?;
    fields.path = format!("rules.{id}");
    let fits = id.len() <= 48
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if !fits {
        report.add(
            &fields.path,
            fields.node,
            "an id has at most 48 letters, digits, hyphens and underscores",
        );
    }
    Some(id.to_owned())
}

fn read_policy(fields: &Fields<'_>, report: &mut Report) -> Policy {
    let unknown = [
        ("undetermined", Effect::Refer),
        ("conditional", Effect::Condition),
        ("ignore", Effect::None),
    ];
    fields.need("otherwise", report);
    Policy {
        otherwise: fields
            .word("otherwise", Otherwise::WORDS, report)
            .unwrap_or(Otherwise::Refer),
        instead_of: fields.word(
            "instead_of",
            &[("ban", "ban"), ("certificate", "certificate")],
            report,
        ),
        if_unknown: fields.word("if_unknown", &unknown, report),
        if_doubtful: fields.word(
            "if_doubtful",
            &[("refer", Effect::Refer), ("warn", Effect::Warn)],
            report,
        ),
    }
}

/// Whether the clauses of a rule go together.
fn check_form(
    fields: &Fields<'_>,
    policy: &Policy,
    needs: bool,
    text_only: bool,
    report: &mut Report,
) {
    let mut fault = |message: &str| report.add(&fields.path, fields.node, message);
    let mild = matches!(
        policy.otherwise,
        Otherwise::Refer | Otherwise::Warn | Otherwise::Levy
    );
    let require = fields.get("require").is_some();
    if require && text_only {
        fault("a rule has either `require` or `not_expressible`");
    }
    if !require && !text_only && !needs {
        fault("\"require\", \"needs\" or \"not_expressible\" is missing");
    }
    if text_only && !mild {
        fault("what cannot be expressed can only refer, warn or levy");
    }
    if !require && !fields.list("alternatives").is_empty() {
        fault("`alternatives` are other readings of `require`, which is missing");
    }
    if policy.instead_of.is_some() && policy.otherwise != Otherwise::Levy {
        fault("`instead_of` goes with `otherwise: levy`");
    }
}

/// The doubts of the source, and those of the status.
fn doubts_of(status: Status, mut doubts: Vec<DoubtReason>, logic: &Logic) -> Vec<DoubtReason> {
    if status != Status::InForce {
        doubts.insert(0, DoubtReason::Status);
    }
    if !logic.alternatives.is_empty() {
        // Written readings decide case by case: where all agree there is no doubt left.
        doubts.retain(|doubt| *doubt != DoubtReason::Conflict);
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::words::{WHEN, WHO};
    use serde_json::{Value, json};

    #[test]
    fn the_json_schema_says_what_the_reader_accepts() {
        let schema: Value = serde_json::from_str(crate::JSON_SCHEMA).unwrap();
        let rule = &schema["$defs"]["rule"]["properties"];
        let mut fields: Vec<&str> = rule
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut known = RULE.to_vec();
        fields.sort_unstable();
        known.sort_unstable();
        assert_eq!(fields, known);
        let words = |pairs: Vec<&str>| json!(pairs);
        assert_eq!(rule["category"]["enum"], json!(CATEGORIES));
        assert_eq!(
            rule["status"]["enum"],
            words(Status::WORDS.iter().map(|(word, _)| *word).collect())
        );
        assert_eq!(
            rule["otherwise"]["enum"],
            words(Otherwise::WORDS.iter().map(|(word, _)| *word).collect())
        );
        assert_eq!(rule["cure"]["properties"]["who"]["enum"], json!(WHO));
        let document = &schema["properties"]["documents"]["items"]["properties"];
        assert_eq!(document["when"]["enum"], json!(WHEN));
        let mut head: Vec<&str> = schema["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut known = super::super::HEAD.to_vec();
        head.sort_unstable();
        known.sort_unstable();
        assert_eq!(head, known);
    }
}
