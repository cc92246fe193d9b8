//! The small parts a pack is made of: texts in two languages, dates, fact names, the digest.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest as hash};
use serde_json::Value;
use tongguan_vocabulary::PartialDate;

use crate::nearest::{hint, nearest};
use crate::pack::LayerRef;
use crate::pack::rule::Bilingual;
use crate::schema::{FACTS, Fact, Kind};
use crate::yaml::{Fields, Node, Report, Tree};

/// `{ en: …, zh: … }`, both needed.
pub(super) fn bilingual(node: &Node, path: &str, report: &mut Report) -> Option<Bilingual> {
    let fields = Fields::open(node, path, &["en", "zh"], report)?;
    let (en, zh) = (fields.need("en", report), fields.need("zh", report));
    en?;
    zh?;
    Some(Bilingual {
        en: fields.text("en", report)?.to_owned(),
        zh: fields.text("zh", report)?.to_owned(),
    })
}

/// A date, known to the day, the month or the year.
pub(super) fn partial_day(node: &Node, path: &str, report: &mut Report) -> Option<PartialDate> {
    let text = match &node.tree {
        Tree::Int(year) => year.to_string(),
        Tree::Text(text) => text.clone(),
        _ => String::new(),
    };
    text.parse()
        .map_err(|error: tongguan_vocabulary::PartialDateError| {
            report.add(path, node, error.to_string());
        })
        .ok()
}

/// A date known to the day.
pub(super) fn full_day(node: &Node, path: &str, report: &mut Report) -> Option<PartialDate> {
    let date = partial_day(node, path, report)?;
    if date.exact().is_none() {
        report.add(path, node, "a full date YYYY-MM-DD is needed here");
        return None;
    }
    Some(date)
}

/// The name of a date fact.
pub(super) fn date_fact(node: &Node, path: &str, report: &mut Report) -> Option<Fact> {
    let name = node.text().unwrap_or_default();
    let fact = Fact::named(name).filter(|fact| fact.kind() == Kind::Date);
    if fact.is_none() {
        let dates = FACTS
            .iter()
            .filter(|def| def.kind == Kind::Date)
            .map(|def| def.name);
        report.add(
            path,
            node,
            format!(
                "{name:?} is not a date fact{}",
                hint(nearest(name, dates).as_deref())
            ),
        );
    }
    fact
}

/// A word of a plain list.
pub(super) fn listed(
    fields: &Fields<'_>,
    key: &str,
    words: &'static [&'static str],
    report: &mut Report,
) -> Option<&'static str> {
    let pairs: Vec<(&str, &'static str)> = words.iter().map(|word| (*word, *word)).collect();
    fields.word(key, &pairs, report)
}

/// SHA-256 over the content with sorted keys, and over the digests of the layers.
pub(super) fn digest(content: &Value, layers: &[LayerRef]) -> String {
    let mut bytes = content.to_string();
    for layer in layers {
        bytes.push('\n');
        bytes.push_str(&layer.digest);
    }
    let mut text = String::with_capacity(64);
    for byte in hash(&SHA256, bytes.as_bytes()).as_ref() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Line and column, from 1, of a fault inside an expression that stands at `node`.
///
/// The line of the expression that holds the fault is looked up in the file behind the node, which
/// finds plain, quoted and block scalars alike; where it cannot be found the node itself is named.
pub(super) fn place(text: &str, node: &Node, expression: &str, offset: usize) -> (u64, u64) {
    let offset = offset.min(expression.len());
    let start = expression[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = expression[start..]
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end();
    let lead = line.len() - line.trim_start().len();
    let found = text
        .get(node.offset..)
        .and_then(|rest| rest.find(line.trim_start()));
    let Some(at) = found.filter(|_| !line.trim().is_empty()) else {
        return (node.line, node.column);
    };
    let byte = node.offset + at + (offset - start).saturating_sub(lead);
    let before = text.get(..byte).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (
        before.matches('\n').count() as u64 + 1,
        before[line_start..].chars().count() as u64 + 1,
    )
}
