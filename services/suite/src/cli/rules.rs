//! `tongguan rules`: the packs of this binary, shown, tested and compared.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use tongguan_destinations::{Catalogue, embedded};
use tongguan_rules::{Pack, diff};

use super::{Failed, out};

/// Show, test and compare rule packs.
#[derive(Debug, Args)]
pub(super) struct Rules {
    #[command(subcommand)]
    command: Command,
    /// Machine-readable results only.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The markets, or the rules of one.
    Show {
        /// Market, such as KE or CN-EXPORT; none lists the markets.
        market: Option<String>,
    },
    /// Run every example of every rule.
    Test {
        /// Pack files to test beside the packs of this binary.
        files: Vec<PathBuf>,
    },
    /// Compare two versions of a pack.
    Diff {
        /// The older pack file.
        old: PathBuf,
        /// The newer pack file.
        new: PathBuf,
    },
}

/// The packs of this binary; a pack that does not load is a fault of the build.
pub(super) fn catalogue() -> Result<&'static Catalogue, Failed> {
    embedded().as_ref().map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        Failed::Unreachable(format!("the packs do not load:\n  {}", lines.join("\n  ")))
    })
}

impl Rules {
    pub(super) fn run(self) -> Result<(), Failed> {
        let catalogue = catalogue()?;
        match self.command {
            Command::Show { market: None } => {
                let markets: Vec<&Pack> = catalogue.iter().map(AsRef::as_ref).collect();
                show_markets(&markets, self.json);
                Ok(())
            }
            Command::Show {
                market: Some(market),
            } => {
                let pack = catalogue.find(&market).ok_or_else(|| {
                    let near = catalogue.nearest(&market).join(", ");
                    Failed::Input(format!("no rule pack for {market}; near it: {near}"))
                })?;
                if self.json {
                    out::json(pack.content());
                } else {
                    out::print(&rules(pack));
                }
                Ok(())
            }
            Command::Test { files } => test(catalogue, &files, self.json),
            Command::Diff { old, new } => {
                let changes = diff(&read(catalogue, &old)?, &read(catalogue, &new)?);
                if self.json {
                    out::json(&changes);
                } else {
                    out::print(&changed(&changes));
                }
                Ok(())
            }
        }
    }
}

/// A pack file against the layers of this binary; every problem is named.
fn read(catalogue: &Catalogue, file: &PathBuf) -> Result<Pack, Failed> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failed::Input(format!("{}: {error}", file.display())))?;
    Pack::load(&text, catalogue.layers()).map_err(|problems| {
        let lines = problems
            .iter()
            .map(|problem| format!("{}:{problem}", file.display()));
        Failed::Input(lines.collect::<Vec<_>>().join("\n"))
    })
}

fn show_markets(packs: &[&Pack], json: bool) {
    if json {
        let rows = packs.iter().map(|pack| {
            serde_json::json!({ "market": pack.market, "name": pack.name, "layer": pack.layer, "version": pack.version,
                "rules": pack.rules.len(), "not_expressible": pack.not_expressible(), "digest": pack.digest })
        });
        out::json(&rows.collect::<Vec<_>>());
        return;
    }
    let mut text = format!("{:<10} {:>5}  {:<11} name\n", "market", "rules", "version");
    for pack in packs {
        let layer = if pack.layer { " (layer)" } else { "" };
        let _never = writeln!(
            text,
            "{:<10} {:>5}  {:<11} {} {}{layer}",
            pack.market,
            pack.rules.len(),
            pack.version.to_string(),
            pack.name.en,
            pack.name.zh
        );
    }
    out::print(&text);
}

fn rules(pack: &Pack) -> String {
    let mut text = format!(
        "{} {} {} · version {} · {}\n",
        pack.market, pack.name.en, pack.name.zh, pack.version, pack.digest
    );
    for rule in &pack.rules {
        let otherwise = format!("{:?}", rule.otherwise).to_lowercase();
        let _never = writeln!(
            text,
            "\n{} · {} · otherwise {otherwise}",
            rule.id, rule.category
        );
        let _never = writeln!(text, "  {}\n  {}", rule.text.en, rule.text.zh);
        let clauses = [
            ("applies", &rule.applies),
            ("unless", &rule.unless),
            ("exempt", &rule.exempt),
            ("require", &rule.require),
        ];
        for (name, clause) in clauses {
            if let Some(clause) = clause {
                let _never = writeln!(text, "  {name:<9} {clause}");
            }
        }
        if !rule.needs.is_empty() {
            let _never = writeln!(text, "  needs     {}", rule.needs.join(", "));
        }
        if let Some(reason) = &rule.not_expressible {
            let _never = writeln!(text, "  refers    {reason}");
        }
        let source = &rule.source;
        let named = source
            .instrument
            .as_ref()
            .or(source.title.as_ref())
            .map(String::as_str)
            .unwrap_or_default();
        let _never = writeln!(
            text,
            "  source    {named} {}",
            source.url.as_deref().unwrap_or_default()
        );
    }
    text
}

fn test(catalogue: &Catalogue, files: &[PathBuf], json: bool) -> Result<(), Failed> {
    let given = files
        .iter()
        .map(|file| read(catalogue, file))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut run, mut failed, mut thin) = (0, Vec::new(), Vec::new());
    let packs: Vec<&Pack> = catalogue.iter().map(AsRef::as_ref).chain(&given).collect();
    for pack in &packs {
        let report = pack.run_examples();
        run += report.run;
        thin.extend(
            report
                .thin
                .iter()
                .map(|rule| format!("{}: {rule} has fewer than three examples", pack.market)),
        );
        failed.extend(report.failures.iter().map(|failure| {
            format!(
                "{}: {} example {} (line {}): expected {}, found {}",
                pack.market,
                failure.rule,
                failure.number,
                failure.line,
                failure.expected,
                failure.found
            )
        }));
    }
    let inexpressible: usize = packs.iter().map(|pack| pack.not_expressible()).sum();
    let rules: usize = packs
        .iter()
        .map(|pack| {
            pack.rules
                .iter()
                .filter(|rule| rule.from == pack.market)
                .count()
        })
        .sum();
    if json {
        let summary = serde_json::json!({ "packs": packs.len(), "rules": rules, "examples": run, "failures": failed,
            "thin": thin, "not_expressible": inexpressible });
        out::json(&summary);
    } else {
        for line in failed.iter().chain(&thin) {
            out::line(line);
        }
        out::line(&format!(
            "{} packs, {rules} rules, {run} examples: {} failed, {} rules with too few; {inexpressible} rules refer to a person",
            packs.len(),
            failed.len(),
            thin.len()
        ));
    }
    if failed.is_empty() && thin.is_empty() {
        Ok(())
    } else {
        Err(Failed::No)
    }
}

fn changed(changes: &tongguan_rules::Diff) -> String {
    let mut text = format!("{} → {}\n", changes.from, changes.to);
    let show = |value: &Option<serde_json::Value>| {
        value.as_ref().map_or("–".to_owned(), ToString::to_string)
    };
    for field in &changes.head {
        let _never = writeln!(
            text,
            "{}: {} → {}",
            field.field,
            show(&field.old),
            show(&field.new)
        );
    }
    for rule in &changes.rules {
        let _never = writeln!(text, "{} {}", rule.kind, rule.id);
        for field in &rule.fields {
            let _never = writeln!(
                text,
                "  {}: {} → {}",
                field.field,
                show(&field.old),
                show(&field.new)
            );
        }
    }
    text
}
