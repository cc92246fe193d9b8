//! `tongguan check`: may this car go there; facts judged here, or a VIN judged by a running suite.

mod asked;
mod table;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;
use tongguan_destinations::{Catalogue, effort};
use tongguan_rules::{Facts, Outcome, ShipBy, Verdict, evaluate, ship_by};
use tongguan_vocabulary::Vin;

use self::table::{Row, Until};
use super::{Failed, out};

/// China's own export rules.
const CHINA: &str = "CN-EXPORT";

/// May this car go there: facts against markets, or a VIN against a running suite.
///
/// Exit codes: 0 no market asked prohibits it; 1 one does; 2 the facts, the VIN, a market or the token can not be
/// used; 3 the suite, or a service behind it, did not answer.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// A VIN, or a file of facts as JSON such as {"vehicle.category": "M1", "vehicle.first_registered": "2019-08"}.
    car: String,
    /// Markets, separated by commas, or `all`; CN-EXPORT is always checked.
    #[arg(long, value_delimiter = ',', required = true)]
    to: Vec<String>,
    /// With a VIN: a file of facts that fills what the suite does not know, such as {"trip.arrival": "2026-06-01"}.
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// With a VIN: where the suite listens.
    #[arg(long, default_value = "http://127.0.0.1:7070")]
    server: String,
    /// With a VIN: who asks; `tongguan token --role exporter --tenant demo` makes one.
    #[arg(long, env = "TONGGUAN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Machine-readable results only.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failed> {
        let catalogue = super::rules::catalogue()?;
        if Path::new(&self.car).is_file() {
            return self.judge(catalogue);
        }
        let vin: Vin = self.car.parse().map_err(|error| {
            Failed::Input(format!("{}: no such file, and no VIN: {error}", self.car))
        })?;
        super::on_runtime(self.ask(catalogue, &vin))
    }

    /// Judges a file of facts by the packs of this binary.
    fn judge(&self, catalogue: &Catalogue) -> Result<(), Failed> {
        let facts = Facts::from_json(&read(Path::new(&self.car))?).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Failed::Input(format!("{}:\n  {}", self.car, lines.join("\n  ")))
        })?;
        let markets = if self.everywhere() {
            destinations(catalogue)
        } else {
            self.to.clone()
        };
        let markets = std::iter::once(CHINA.to_owned()).chain(markets);
        let (mut answers, mut unknown) = (Vec::new(), Vec::new());
        for market in markets {
            match catalogue.find(&market) {
                Some(pack) => {
                    let verdict = evaluate(pack, &facts);
                    let date = ship_by(pack, &facts, pack.measured_at);
                    answers.push((row(&verdict, &date), verdict, date));
                }
                None => unknown.push(format!(
                    "no rule pack for {market}; near it: {}",
                    catalogue.nearest(&market).join(", ")
                )),
            }
        }
        if !unknown.is_empty() {
            return Err(Failed::Input(unknown.join("\n")));
        }
        answers.sort_by_key(|(row, ..)| table::order(row));
        if self.json {
            let rows: Vec<_> = answers
                .iter()
                .map(|(row, verdict, date)| {
                    serde_json::json!({ "verdict": verdict, "ship_by": date, "effort": row.effort })
                })
                .collect();
            out::json(&rows);
        }
        let prohibited = |(_, verdict, _): &(_, Verdict, _)| verdict.outcome == Outcome::Prohibited;
        let no = answers.iter().any(prohibited);
        if !self.json {
            let rows: Vec<Row> = answers.into_iter().map(|(row, ..)| row).collect();
            out::print(&table::table(&rows, catalogue));
        }
        verdict(no)
    }

    fn everywhere(&self) -> bool {
        self.to.iter().any(|market| market == "all")
    }
}

/// Whether a market that was asked prohibits the car is the command's own answer.
fn verdict(prohibited: bool) -> Result<(), Failed> {
    if prohibited { Err(Failed::No) } else { Ok(()) }
}

/// Every destination; layers and China's own rules are none.
fn destinations(catalogue: &Catalogue) -> Vec<String> {
    catalogue
        .iter()
        .filter(|pack| !pack.layer && pack.market != CHINA)
        .map(|pack| pack.market.clone())
        .collect()
}

fn read(path: &Path) -> Result<Value, Failed> {
    let wrong =
        |error: &dyn std::fmt::Display| Failed::Input(format!("{}: {error}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}

fn row(verdict: &Verdict, date: &ShipBy) -> Row {
    let text = |id: &String| {
        let rule = verdict.rules.iter().find(|rule| &rule.id == id);
        rule.map(|rule| rule.text.en.clone()).unwrap_or_default()
    };
    Row {
        market: verdict.market.clone(),
        outcome: format!("{:?}", verdict.outcome).to_uppercase(),
        until: match date {
            ShipBy::Until { last_day, .. } => Until::Day(last_day.clone()),
            ShipBy::Holds { .. } => Until::Holds,
            ShipBy::NoDate { .. } => Until::NoDate,
        },
        effort: effort(verdict),
        reasons: verdict
            .reasons
            .iter()
            .map(|id| (id.clone(), text(id)))
            .collect(),
        facts: verdict
            .missing_facts
            .iter()
            .map(|missing| missing.fact.fact.to_owned())
            .collect(),
        documents: verdict
            .missing_documents
            .iter()
            .map(|missing| missing.code.clone())
            .collect(),
    }
}
