//! Reads a pack from its YAML tree: the head, the documents, the layers; rules are read in `read/rules.rs`.

mod clauses;
mod logic;
mod parts;
mod rules;

use std::sync::Arc;

use self::rules::RuleReader;
use super::compile::PackScope;
use super::layers::Layers;
use super::rule::{Bilingual, Rule};
use super::version::Version;
use super::{DocumentDef, LayerRef, MAX_RULES, Pack, Program};
use crate::nearest::{hint, nearest};
use crate::problem::Problem;
use crate::schema::Fact;
use crate::schema::words::{WHEN, WHO};
use crate::slot::text_id;
use crate::yaml::{self, Fields, Node, Report};
use crate::{Stage, day};

const HEAD: &[&str] = &[
    "market",
    "name",
    "kind",
    "extends",
    "version",
    "as_of",
    "measured_at",
    "notes",
    "documents",
    "emission_equivalences",
    "rules",
];

/// Everything a pack says before its rules.
struct Head {
    market: String,
    name: Bilingual,
    layer: bool,
    version: Version,
    as_of: i64,
    measured_at: Fact,
    notes: Vec<String>,
    documents: Vec<DocumentDef>,
    equivalences: Vec<(Stage, Stage)>,
}

pub(super) fn read(text: &str, node: &Node, layers: &dyn Layers) -> Result<Pack, Vec<Problem>> {
    let mut report = Report::default();
    let Some(fields) = Fields::open(node, "", HEAD, &mut report) else {
        return Err(report.problems);
    };
    let head = read_head(&fields, &mut report);
    let bases = find_layers(&fields, layers, &mut report);
    let market = head
        .as_ref()
        .map_or_else(String::new, |head| head.market.clone());
    let mut documents = head
        .as_ref()
        .map_or_else(DocumentDef::common, |head| head.documents.clone());
    let mut equivalences = head
        .as_ref()
        .map_or_else(Vec::new, |head| head.equivalences.clone());
    for base in &bases {
        for document in &base.documents {
            if documents.iter().all(|own| own.code != document.code) {
                documents.push(document.clone());
            }
        }
        equivalences.extend(base.equivalences.iter().copied());
    }
    // Only a market that is one country fixes its own destination.
    let is_country = market.len() == 2 && head.as_ref().is_some_and(|head| !head.layer);
    let scope = PackScope {
        documents: &documents,
        destination: is_country.then(|| text_id(&market)),
        equivalences: &equivalences,
    };
    let measured_at = head.as_ref().map_or(Fact::Arrival, |head| head.measured_at);
    let mut reader = RuleReader::new(&scope, measured_at, text);
    let own = reader.read(fields.list("rules"), &market, true, &mut report);
    let mut rules = own;
    let mut overridden = Vec::new();
    for base in &bases {
        let mut silent = Report::default();
        let Ok(base_node) = yaml::parse(&base.text) else {
            continue;
        };
        let Some(base_fields) = Fields::open(&base_node, "", HEAD, &mut silent) else {
            continue;
        };
        reader.use_text(&base.text, base.measured_at);
        let inherited = reader.read(base_fields.list("rules"), &base.market, false, &mut silent);
        for rule in inherited {
            let replaced = rules.iter().any(|own| {
                own.rule.id == rule.rule.id || own.rule.overrides.contains(&rule.rule.id)
            });
            if replaced {
                overridden.push(rule.rule);
            } else {
                rules.push(rule);
            }
        }
    }
    check_overrides(&rules, &overridden, &mut report);
    if rules.len() > MAX_RULES {
        report.add(
            "rules",
            node,
            format!(
                "{} rules with the layers; at most {MAX_RULES} are allowed",
                rules.len()
            ),
        );
    }
    let code = reader.finish();
    let (Some(head), true) = (head, report.problems.is_empty()) else {
        report
            .problems
            .sort_by_key(|problem| (problem.line, problem.column));
        return Err(report.problems);
    };
    let content = node.to_json();
    let layer_refs: Vec<LayerRef> = bases
        .iter()
        .map(|base| LayerRef {
            market: base.market.clone(),
            version: base.version.clone(),
            digest: base.digest.clone(),
        })
        .collect();
    let mut examples = Vec::new();
    let mut codes = Vec::new();
    let mut plain: Vec<Rule> = Vec::new();
    for (index, read) in rules.into_iter().enumerate() {
        examples.extend(read.examples.into_iter().map(|mut example| {
            example.rule = index;
            example
        }));
        codes.push(read.code);
        plain.push(read.rule);
    }
    Ok(Pack {
        digest: parts::digest(&content, &layer_refs),
        market: head.market,
        name: head.name,
        layer: head.layer,
        version: head.version,
        as_of: head.as_of,
        measured_at: head.measured_at,
        notes: head.notes,
        rules: plain,
        overridden,
        documents,
        equivalences,
        layers: layer_refs,
        program: Program::new(code, codes, head.as_of),
        examples,
        content,
        text: Arc::from(text),
    })
}

fn read_head(fields: &Fields<'_>, report: &mut Report) -> Option<Head> {
    let market = fields
        .need("market", report)
        .and_then(|_| fields.text("market", report));
    if let (Some(code), Some(node)) = (market, fields.get("market")) {
        let fits = (2..=16).contains(&code.len())
            && code
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-');
        if !fits {
            report.add(
                "market",
                node,
                "a market code has 2 to 16 capitals, digits or hyphens",
            );
        }
    }
    let name = fields
        .need("name", report)
        .and_then(|node| parts::bilingual(node, "name", report));
    let layer = fields
        .word("kind", &[("market", false), ("layer", true)], report)
        .unwrap_or(false);
    let version = fields.need("version", report).and_then(|node| {
        let text = fields.scalar("version", report)?;
        text.parse()
            .map_err(|error: super::version::VersionError| {
                report.add("version", node, error.to_string());
            })
            .ok()
    });
    let as_of = match fields.get("as_of") {
        Some(node) => parts::full_day(node, "as_of", report).map(|date| day::interval(date).lo),
        None => Some(last_read(fields)),
    };
    let measured_at = match fields.get("measured_at") {
        Some(node) => parts::date_fact(node, "measured_at", report),
        None => Some(Fact::Arrival),
    };
    let notes = fields
        .texts("notes", report)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let documents = read_documents(fields, report);
    let equivalences = read_equivalences(fields, report);
    fields.need("rules", report);
    Some(Head {
        market: market?.to_owned(),
        name: name?,
        layer,
        version: version?,
        as_of: as_of?,
        measured_at: measured_at?,
        notes,
        documents,
        equivalences,
    })
}

/// The latest day on which a source was read, where the pack does not say what it knows of.
fn last_read(fields: &Fields<'_>) -> i64 {
    let read = |rule: &Node| rule.to_json()["source"]["read"].as_str()?.parse().ok();
    let days = fields
        .list("rules")
        .iter()
        .filter_map(read)
        .map(|date| day::interval(date).lo);
    days.max().unwrap_or(day::MIN)
}

fn read_documents(fields: &Fields<'_>, report: &mut Report) -> Vec<DocumentDef> {
    let mut documents = DocumentDef::common();
    for node in fields.list("documents") {
        let Some(entry) = Fields::open(node, "documents", &["code", "name", "who", "when"], report)
        else {
            continue;
        };
        let code = entry
            .need("code", report)
            .and_then(|_| entry.text("code", report));
        let name = entry
            .need("name", report)
            .and_then(|node| parts::bilingual(node, "documents.name", report));
        let who = parts::listed(&entry, "who", WHO, report).unwrap_or("importer");
        let when = parts::listed(&entry, "when", WHEN, report).unwrap_or("before_clearance");
        let (Some(code), Some(name)) = (code, name) else {
            continue;
        };
        let shape = code.len() <= 64
            && code
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !shape {
            report.add(
                "documents",
                node,
                format!("{code:?} is not a document code: lower case, digits and hyphens"),
            );
        } else if documents.iter().any(|known| known.code == code) {
            report.add(
                "documents",
                node,
                format!("{code:?} is declared twice or is a common document"),
            );
        } else {
            documents.push(DocumentDef {
                code: code.to_owned(),
                name,
                who: who.to_owned(),
                when: when.to_owned(),
            });
        }
    }
    documents
}

fn read_equivalences(fields: &Fields<'_>, report: &mut Report) -> Vec<(Stage, Stage)> {
    let mut table = Vec::new();
    for node in fields.list("emission_equivalences") {
        let path = "emission_equivalences";
        let Some(entry) = Fields::open(node, path, &["from", "reaches", "source"], report) else {
            continue;
        };
        entry.need("source", report);
        let mut stage = |key: &str| {
            entry.need(key, report)?;
            let text = entry.text(key, report)?;
            Stage::parse(text)
                .map_err(|error| report.add(path, node, error.to_string()))
                .ok()
        };
        if let (Some(from), Some(reaches)) = (stage("from"), stage("reaches")) {
            table.push((from, reaches));
        }
    }
    table
}

/// The packs this one extends, and theirs, nearest first.
fn find_layers<'a>(
    fields: &Fields<'_>,
    layers: &'a dyn Layers,
    report: &mut Report,
) -> Vec<&'a Pack> {
    let mut found: Vec<&Pack> = Vec::new();
    for node in fields.list("extends") {
        let Some(code) = node.text() else {
            report.add("extends", node, "the code of a layer is needed here");
            continue;
        };
        let Some(pack) = layers.find(code) else {
            let near = nearest(code, layers.codes().into_iter());
            report.add(
                "extends",
                node,
                format!("there is no layer {code:?}{}", hint(near.as_deref())),
            );
            continue;
        };
        let theirs = pack
            .layers
            .iter()
            .filter_map(|layer| layers.find(&layer.market));
        for base in std::iter::once(pack).chain(theirs) {
            if found.iter().all(|known| known.market != base.market) {
                found.push(base);
            }
        }
    }
    found
}

fn check_overrides(rules: &[rules::Read], overridden: &[Rule], report: &mut Report) {
    for read in rules.iter().filter(|read| read.own) {
        for id in &read.rule.overrides {
            if overridden.iter().all(|rule| rule.id != *id) {
                let names = rules
                    .iter()
                    .filter(|read| !read.own)
                    .map(|read| read.rule.id.as_str());
                let near = nearest(
                    id,
                    names.chain(overridden.iter().map(|rule| rule.id.as_str())),
                );
                report.problems.push(Problem {
                    path: format!("rules.{}.overrides", read.rule.id),
                    line: read.line,
                    column: read.column,
                    message: format!("no layer has a rule {id:?}{}", hint(near.as_deref())),
                });
            }
        }
    }
}
