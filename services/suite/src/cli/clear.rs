//! `tongguan clear`: your own dossiers the whole way, embedded, against the simulated authorities.

use std::path::PathBuf;

use clap::Args;

use super::{Failed, files, out};
use crate::dossier::{self, Dossier};
use crate::stand::{Stand, compare};
use crate::{Settings, report};

/// Take your own dossiers the whole way, embedded.
#[derive(Debug, Args)]
pub(super) struct Clear {
    /// Dossier files (JSON; see services/suite/dossiers/README.md).
    #[arg(required = true, value_name = "DOSSIER")]
    files: Vec<PathBuf>,
    /// Another destination than the dossier's; several are separated by commas.
    #[arg(long, value_delimiter = ',')]
    to: Vec<String>,
    /// Machine-readable results only.
    #[arg(long)]
    json: bool,
    /// Folder for databases and certificates; emptied first.
    #[arg(long, value_name = "FOLDER", default_value = "data/clear")]
    folder: PathBuf,
}

impl Clear {
    pub(super) async fn run(self) -> Result<(), Failed> {
        let dossiers = self.dossiers()?;
        let mut outcomes = Vec::new();
        let mut number = 0;
        // Each destination has a stand of its own: one car has one open case.
        for (place, group) in dossiers.iter().enumerate() {
            let folder = self.folder.join(format!("{place}"));
            files::empty(&folder).map_err(|error| Failed::unreachable(&error))?;
            let stand = Stand::set_up(Settings::under(&folder), group).await;
            let stand = stand.map_err(|error| Failed::unreachable(&error))?;
            for dossier in group {
                number += 1;
                let outcome = stand.run(dossier).await;
                let mut outcome = outcome
                    .map_err(|error| Failed::Unreachable(format!("{}: {error}", dossier.name)))?;
                files::write(&mut outcome, &folder.join("certificates"))
                    .map_err(|error| Failed::unreachable(&error))?;
                if !self.json {
                    out::print(&report::text(number, &outcome));
                    out::line("");
                }
                let as_expected = compare(dossier, &outcome).is_empty();
                outcomes.push((outcome, as_expected));
            }
            stand.stop().await;
        }
        if self.json {
            let results: Vec<_> = outcomes.iter().map(|(outcome, _)| outcome).collect();
            out::json(&serde_json::json!({ "results": results }));
        }
        let good = outcomes
            .iter()
            .all(|(outcome, as_expected)| *as_expected && outcome.certificate.is_some());
        if good { Ok(()) } else { Err(Failed::No) }
    }

    /// The dossiers, once per destination; every file that can not be read is named.
    fn dossiers(&self) -> Result<Vec<Vec<Dossier>>, Failed> {
        let mut read = Vec::new();
        let mut wrong = Vec::new();
        for file in &self.files {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("{}: {error}", file.display()));
            let parsed = text.and_then(|text| {
                dossier::parse(&file.display().to_string(), &text)
                    .map_err(|error| error.to_string())
            });
            match parsed {
                Ok(dossier) => read.push(dossier),
                Err(message) => wrong.push(message),
            }
        }
        if !wrong.is_empty() {
            return Err(Failed::Input(wrong.join("\n")));
        }
        if self.to.is_empty() {
            return Ok(vec![read]);
        }
        let toward = |destination: &String| {
            let redirected = read.iter().cloned().map(|mut dossier| {
                dossier.destination.clone_from(destination);
                dossier.expect = None;
                dossier
            });
            redirected.collect()
        };
        Ok(self.to.iter().map(toward).collect())
    }
}
