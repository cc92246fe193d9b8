//! The comparison of markets as a person reads it: easiest first, why, and what is still to be brought.

use std::fmt::Write as _;

use tongguan_destinations::Catalogue;
use unicode_width::UnicodeWidthStr;

use super::CHINA;

/// What one market says.
pub(super) struct Row {
    pub(super) market: String,
    /// The word of the contract, or `UNREACHABLE` where nobody judged.
    pub(super) outcome: String,
    pub(super) until: Until,
    /// How many steps lie between this and a permit, for sorting.
    pub(super) effort: u32,
    /// Deciding rules with their texts.
    pub(super) reasons: Vec<(String, String)>,
    /// Facts still to be supplied.
    pub(super) facts: Vec<String>,
    /// Documents still to be produced.
    pub(super) documents: Vec<String>,
}

/// The last day on which the outcome stays what it is.
pub(super) enum Until {
    Day(String),
    Holds,
    NoDate,
}

/// China's own rules stand at the head whatever they say; then the easiest market first.
pub(super) fn order(row: &Row) -> (bool, u8, u32, String) {
    let rank = match row.outcome.as_str() {
        "PERMITTED" => 0,
        "CONDITIONAL" => 1,
        "UNDETERMINED" => 2,
        "PROHIBITED" => 3,
        _ => 4,
    };
    (row.market != CHINA, rank, row.effort, row.market.clone())
}

/// Texts wider than this are cut at a word.
const TEXT: usize = 90;
/// Names listed of what is missing.
const NAMES: usize = 3;

/// The whole table, with a line on what the words mean where it is long.
pub(super) fn table(rows: &[Row], catalogue: &Catalogue) -> String {
    let name = |row: &Row| {
        let pack = catalogue.find(&row.market);
        pack.map(|pack| pack.name.en.clone()).unwrap_or_default()
    };
    let wide = rows.iter().map(|row| name(row).width()).max().unwrap_or(0);
    let wide = wide.clamp(4, 24);
    let mut text = format!(
        "{:<10} {:<wide$} {:<13} {:<12} because\n",
        "market", "name", "verdict", "until"
    );
    for row in rows {
        let until = match &row.until {
            Until::Day(day) => day.as_str(),
            Until::Holds => "–",
            Until::NoDate => "needs a date",
        };
        let name = shorten(&name(row), wide);
        let pad = wide.saturating_sub(name.width());
        let _never = writeln!(
            text,
            "{:<10} {name}{:pad$} {:<13} {until:<12} {}",
            row.market,
            "",
            row.outcome,
            because(row)
        );
    }
    text.push_str(&sum(rows));
    text
}

/// How many markets say what, without China's own rules.
fn sum(rows: &[Row]) -> String {
    let words = [
        "PERMITTED",
        "CONDITIONAL",
        "UNDETERMINED",
        "PROHIBITED",
        "UNREACHABLE",
    ];
    let counts: Vec<String> = words
        .iter()
        .filter_map(|word| {
            let said = |row: &&Row| row.market != CHINA && row.outcome == **word;
            let count = rows.iter().filter(said).count();
            (count > 0).then(|| format!("{count} {}", word.to_lowercase()))
        })
        .collect();
    let markets = rows.iter().filter(|row| row.market != CHINA).count();
    if markets > 5 {
        format!("{markets} markets, easiest first: {}\n", counts.join(", "))
    } else {
        String::new()
    }
}

/// The deciding rule with its text and what is missing, in one line.
fn because(row: &Row) -> String {
    let mut parts: Vec<String> = Vec::new();
    if let Some((id, text)) = row.reasons.first() {
        parts.push(format!("{id} {}", shorten(text, TEXT)));
    }
    if row.reasons.len() > 1 {
        let rest: Vec<&str> = row.reasons[1..].iter().map(|(id, _)| id.as_str()).collect();
        parts.push(format!("also {}", some(&rest)));
    }
    if row.outcome == "UNDETERMINED" && !row.facts.is_empty() {
        parts.push(format!("tell {}", some(&row.facts)));
    }
    if row.outcome != "PROHIBITED" && !row.documents.is_empty() {
        parts.push(format!("bring {}", some(&row.documents)));
    }
    parts.join("; ")
}

/// The first names of a list, and how many more there are.
fn some(names: &[impl AsRef<str>]) -> String {
    let first: Vec<&str> = names.iter().take(NAMES).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(NAMES) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for word in text.split_inclusive(' ') {
        if short.width() + word.width() >= width {
            break;
        }
        short.push_str(word);
    }
    format!("{}…", short.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(market: &str, outcome: &str, effort: u32) -> Row {
        Row {
            market: market.to_owned(),
            outcome: outcome.to_owned(),
            until: Until::Holds,
            effort,
            reasons: vec![("R-1".to_owned(), "a rule".to_owned())],
            facts: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
            documents: Vec::new(),
        }
    }

    #[test]
    fn china_stands_first_then_the_easiest_market() {
        let mut rows = [
            row("AA", "PROHIBITED", 1_010),
            row("BB", "UNREACHABLE", 0),
            row("CC", "CONDITIONAL", 3),
            row("DD", "CONDITIONAL", 2),
            row("EE", "PERMITTED", 0),
            row(CHINA, "PROHIBITED", 1_010),
        ];
        rows.sort_by_key(order);
        let codes: Vec<&str> = rows.iter().map(|row| row.market.as_str()).collect();
        assert_eq!(codes, [CHINA, "EE", "DD", "CC", "AA", "BB"]);
    }

    #[test]
    fn what_is_missing_is_said_and_a_long_list_is_counted() {
        let line = because(&row("AA", "UNDETERMINED", 100));
        assert_eq!(line, "R-1 a rule; tell a, b, c and 1 more");
    }
}
