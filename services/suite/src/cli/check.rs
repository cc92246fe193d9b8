//! `tongguan check`: may this car go there; facts against one market or all, without a server.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use tongguan_rules::{Facts, Outcome, ShipBy, Verdict, evaluate, nearest, ship_by};
use unicode_width::UnicodeWidthStr;

use super::{Failed, out};

/// May this car go there: facts against one market or all.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// Facts as JSON, such as {"vehicle.category": "M1", "vehicle.first_registered": "2019-08"}.
    facts: PathBuf,
    /// Markets, separated by commas, or `all`; CN-EXPORT is always checked.
    #[arg(long, value_delimiter = ',', required = true)]
    to: Vec<String>,
    /// Machine-readable results only.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failed> {
        let catalogue = super::rules::catalogue()?;
        let text = std::fs::read_to_string(&self.facts)
            .map_err(|error| Failed::Input(format!("{}: {error}", self.facts.display())))?;
        let value = serde_json::from_str(&text)
            .map_err(|error| Failed::Input(format!("{}: {error}", self.facts.display())))?;
        let facts = Facts::from_json(&value).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Failed::Input(format!(
                "{}:\n  {}",
                self.facts.display(),
                lines.join("\n  ")
            ))
        })?;
        let mut answers = Vec::new();
        let mut unknown = Vec::new();
        let markets: Vec<String> = match self.to.as_slice() {
            [all] if all == "all" => catalogue
                .iter()
                .filter(|pack| !pack.layer)
                .map(|pack| pack.market.clone())
                .collect(),
            named => std::iter::once("CN-EXPORT".to_owned())
                .chain(named.iter().cloned())
                .collect(),
        };
        for market in &markets {
            match catalogue.find(market) {
                Some(pack) => answers.push((
                    evaluate(pack, &facts),
                    ship_by(pack, &facts, pack.measured_at),
                )),
                None => unknown.push(market),
            }
        }
        if !unknown.is_empty() {
            let known: Vec<&str> = catalogue.iter().map(|pack| pack.market.as_str()).collect();
            let hints = unknown.iter().map(|market| {
                let near = nearest(market, known.iter().copied())
                    .map(|near| format!("; did you mean {near}?"))
                    .unwrap_or_default();
                format!("no rule pack for {market}{near}")
            });
            return Err(Failed::Input(hints.collect::<Vec<_>>().join("\n")));
        }
        // Easiest first; China's own rules stand at the head whatever they say.
        answers.sort_by_key(|(verdict, _)| {
            (
                verdict.market != "CN-EXPORT",
                rank(verdict.outcome),
                verdict.market.clone(),
            )
        });
        if self.json {
            let rows: Vec<_> = answers
                .iter()
                .map(|(verdict, date)| serde_json::json!({ "verdict": verdict, "ship_by": date }))
                .collect();
            out::json(&rows);
        } else {
            out::print(&table(&answers));
        }
        let open = answers
            .iter()
            .all(|(verdict, _)| verdict.outcome != Outcome::Prohibited);
        if open { Ok(()) } else { Err(Failed::No) }
    }
}

fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Permitted => 0,
        Outcome::Conditional => 1,
        Outcome::Undetermined => 2,
        Outcome::Prohibited => 3,
    }
}

fn table(answers: &[(Verdict, ShipBy)]) -> String {
    let mut text = format!(
        "{:<10} {:<13} {:<11} because\n",
        "market", "verdict", "until"
    );
    for (verdict, date) in answers {
        let until = match date {
            ShipBy::Until { last_day, .. } => last_day.as_str(),
            ShipBy::Holds { .. } => "–",
            ShipBy::NoDate { .. } => "needs a date",
        };
        let outcome = format!("{:?}", verdict.outcome).to_uppercase();
        let _never = writeln!(
            text,
            "{:<10} {outcome:<13} {until:<11} {}",
            verdict.market,
            because(verdict)
        );
    }
    text
}

/// The deciding rules with their texts, or what is missing, in one line.
fn because(verdict: &Verdict) -> String {
    let mut parts: Vec<String> = Vec::new();
    for id in verdict.reasons.iter().take(3) {
        let text = verdict
            .rules
            .iter()
            .find(|rule| &rule.id == id)
            .map(|rule| rule.text.en.as_str())
            .unwrap_or_default();
        parts.push(format!("{id} {}", shorten(text, 90)));
    }
    if verdict.reasons.len() > 3 {
        parts.push(format!("and {} more", verdict.reasons.len() - 3));
    }
    parts.join("; ")
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
