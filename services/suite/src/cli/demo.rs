//! `tongguan demo`: the sample dossiers the whole way, each compared with the end it must come to.

use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use serde::Serialize;

use super::files;
use super::{Failed, out};
use crate::dossier::{self, Dossier};
use crate::journey::Outcome;
use crate::stand::{Stand, compare};
use crate::{Settings, report};

/// Take the sample dossiers the whole way and check their decisions.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Machine-readable results only.
    #[arg(long)]
    json: bool,
    /// Keep serving afterwards.
    #[arg(long)]
    stay: bool,
    /// Folder for databases and certificates; emptied first.
    #[arg(long, value_name = "FOLDER", default_value = "data/demo")]
    folder: PathBuf,
}

/// One dossier's outcome beside what was expected.
#[derive(Serialize)]
struct Compared {
    #[serde(flatten)]
    outcome: Outcome,
    /// What differs from the dossier's expectation; empty where nothing does.
    unexpected: Vec<String>,
}

impl Demo {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let began = Instant::now();
        let parsed = dossier::samples()
            .into_iter()
            .map(|(name, text)| dossier::parse(name, text));
        let dossiers: Vec<Dossier> = parsed
            .collect::<Result<_, _>>()
            .map_err(|error| Failed::input(&error))?;
        files::empty(&self.folder).map_err(|error| Failed::unreachable(&error))?;
        let stand = Stand::set_up(Settings::under(&self.folder), &dossiers).await;
        let stand = stand.map_err(|error| Failed::unreachable(&error))?;
        if !self.json {
            out::line(
                "Tongguan demo: sample dossiers, a SIMULATED maintenance-record system, a SIMULATED licence authority.",
            );
            out::line(&format!(
                "The clock stands at {} in China. Nothing here is an official permit.\n",
                stand.clock.today_in_china()
            ));
        }
        let results = self.take(&stand, &dossiers).await?;
        self.conclude(&results, began);
        if self.stay {
            out::note(&format!(
                "serving on http://{} until Ctrl-C",
                stand.started.process.address()
            ));
            stand
                .started
                .serve(None)
                .await
                .map_err(|error| Failed::unreachable(&error))?;
        } else {
            stand.stop().await;
        }
        if results.iter().all(|result| result.unexpected.is_empty()) {
            Ok(())
        } else {
            Err(Failed::No)
        }
    }

    async fn take(&self, stand: &Stand, dossiers: &[Dossier]) -> Result<Vec<Compared>, Failed> {
        let mut results = Vec::new();
        for (number, dossier) in (1..).zip(dossiers) {
            let outcome = stand.run(dossier).await;
            let mut outcome = outcome
                .map_err(|error| Failed::Unreachable(format!("{}: {error}", dossier.name)))?;
            files::write(&mut outcome, &self.folder.join("certificates"))
                .map_err(|error| Failed::unreachable(&error))?;
            let unexpected = compare(dossier, &outcome);
            if !self.json {
                out::print(&report::text(number, &outcome));
                for difference in &unexpected {
                    out::line(&format!("   UNEXPECTED    {difference}"));
                }
                out::line("");
            }
            results.push(Compared {
                outcome,
                unexpected,
            });
        }
        Ok(results)
    }

    fn conclude(&self, results: &[Compared], began: Instant) {
        if self.json {
            out::json(&serde_json::json!({ "results": results }));
            return;
        }
        let good = results
            .iter()
            .filter(|result| result.unexpected.is_empty())
            .count();
        let certified = results
            .iter()
            .filter(|result| result.outcome.certificate.is_some())
            .count();
        let seconds = began.elapsed().as_secs_f64();
        out::line(&format!(
            "{good} of {} dossiers came to the end they must; {certified} certificates in {}; {seconds:.1} s",
            results.len(),
            self.folder.join("certificates").display()
        ));
    }
}
