//! `tongguan demo`: the sample dossiers the whole way, each compared with the end it must come to.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use time::macros::datetime;
use tongguan_maintenance::simulator;
use tongguan_runtime::Process;
use tongguan_vocabulary::{Clock, Ids, Tenant, World};

use super::{Failed, out, serve};
use crate::dossier::{self, Dossier};
use crate::journey::{Actors, Outcome};
use crate::{Role, Settings, report};

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
pub(super) struct Result {
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    /// What differs from the dossier's expectation; empty where nothing does.
    pub(super) unexpected: Vec<String>,
}

impl Demo {
    pub(super) async fn run(self) -> std::result::Result<(), Failed> {
        let began = Instant::now();
        let dossiers = samples()?;
        let results = self.take(&dossiers, began).await?;
        let wrong = results
            .iter()
            .filter(|result| !result.unexpected.is_empty())
            .count();
        if wrong == 0 { Ok(()) } else { Err(Failed::No) }
    }

    async fn take(
        &self,
        dossiers: &[Dossier],
        began: Instant,
    ) -> std::result::Result<Vec<Result>, Failed> {
        let stand = Stand::set_up(&self.folder, dossiers).await?;
        if !self.json {
            out::line(
                "Tongguan demo: sample dossiers against a SIMULATED maintenance-record system and a SIMULATED licence authority.",
            );
            out::line(&format!(
                "The clock stands at {} in China. Nothing here is an official permit.\n",
                stand.clock.today_in_china()
            ));
        }
        let mut results = Vec::new();
        for (number, dossier) in (1..).zip(dossiers) {
            let outcome = stand
                .run(dossier, &self.folder.join("certificates"))
                .await?;
            let unexpected = compare(dossier, &outcome);
            if !self.json {
                out::print(&report::text(number, &outcome));
                for difference in &unexpected {
                    out::line(&format!("   UNEXPECTED    {difference}"));
                }
                out::line("");
            }
            results.push(Result {
                outcome,
                unexpected,
            });
        }
        self.conclude(&results, began);
        if self.stay {
            if !self.json {
                out::line(&format!(
                    "serving on http://{} until Ctrl-C",
                    stand.started.process.address()
                ));
            }
            stand.started.serve(None).await?;
        } else {
            stand.started.process.tasks.stop().await;
        }
        Ok(results)
    }

    fn conclude(&self, results: &[Result], began: Instant) {
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
            "{good} of {} dossiers came to the end they must; {certified} certificates, in {}; {seconds:.1} s",
            results.len(),
            self.folder.join("certificates").display()
        ));
    }
}

fn samples() -> std::result::Result<Vec<Dossier>, Failed> {
    let parsed = dossier::samples()
        .into_iter()
        .map(|(name, text)| dossier::parse(name, text));
    parsed
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| Failed::input(&error))
}

/// A suite set up in a folder of its own, with a clock that stands still.
pub(super) struct Stand {
    pub(super) started: serve::Started,
    pub(super) clock: Clock,
    tenant: Tenant,
}

impl Stand {
    /// Empties the folder and builds every role in it, with the simulator holding the dossiers' records.
    pub(super) async fn set_up(
        folder: &Path,
        dossiers: &[Dossier],
    ) -> std::result::Result<Self, Failed> {
        clear_folder(folder).map_err(|error| Failed::unreachable(&error))?;
        let noon = dossiers
            .iter()
            .find_map(Dossier::noon)
            .unwrap_or(datetime!(2026-03-02 04:00 UTC));
        let world = World {
            clock: Clock::fixed(noon),
            ids: Ids::random(),
        };
        let clock = world.clock.clone();
        let mut settings = Settings::under(folder);
        let process = Process::bind(&settings.runtime())
            .await
            .map_err(|error| Failed::unreachable(&error))?;
        let simulator = serve::simulate(&mut settings, records(dossiers), &process).await?;
        let started = serve::compose(settings, &Role::ALL, world, process, Some(simulator)).await?;
        let tenant = "demo".parse().map_err(|error| Failed::input(&error))?;
        Ok(Self {
            started,
            clock,
            tenant,
        })
    }

    /// Takes one dossier the whole way and writes its certificate's files.
    pub(super) async fn run(
        &self,
        dossier: &Dossier,
        certificates: &Path,
    ) -> std::result::Result<Outcome, Failed> {
        let actors = Actors::of(
            &self.started.suite,
            &self.tenant,
            &dossier.exporter.code,
            &self.clock,
        );
        let actors =
            actors.ok_or_else(|| Failed::Unreachable("the suite lacks a role".to_owned()))?;
        let mut outcome = actors
            .run(dossier)
            .await
            .map_err(|error| Failed::unreachable(&error))?;
        let written = write_files(&mut outcome, certificates)
            .and_then(|()| write_trust(&outcome, certificates));
        written.map_err(|error| Failed::unreachable(&error))?;
        Ok(outcome)
    }
}

/// The simulator's files and moods, from the dossiers.
fn records(dossiers: &[Dossier]) -> simulator::Config {
    let mut config = simulator::Config::default();
    for dossier in dossiers {
        if let Some(records) = &dossier.simulated_records {
            config.files.push(records.file.clone());
            if let Some(mood) = &records.mood {
                config.vin_moods.insert(dossier.vehicle.vin.clone(), *mood);
            }
        }
    }
    config
}

/// What differs between an outcome and what its dossier expects.
pub(super) fn compare(dossier: &Dossier, outcome: &Outcome) -> Vec<String> {
    let Some(expected) = &dossier.expect else {
        return Vec::new();
    };
    let mut differences = Vec::new();
    if expected.state != outcome.state {
        differences.push(format!(
            "the case is {}, expected {}",
            outcome.state, expected.state
        ));
    }
    let decision = outcome
        .case
        .as_ref()
        .and_then(|case| case.decision.clone())
        .unwrap_or_default();
    for rule in &expected.rules {
        let told = decision
            .reasons
            .iter()
            .any(|reason| &reason.rule_id == rule);
        let refused = outcome
            .refusals
            .iter()
            .any(|refusal| &refusal.reason == rule);
        if !told && !refused {
            differences.push(format!("{rule} is not among the reasons"));
        }
    }
    if let Some(ship_by) = expected.ship_by {
        let found = decision
            .ship_by
            .and_then(|date| tongguan_rpc::wire::partial_date(&date).ok());
        if found.and_then(tongguan_vocabulary::PartialDate::exact) != Some(ship_by) {
            let found = found.map_or("none".to_owned(), |date| date.to_string());
            differences.push(format!("ship by {found}, expected {ship_by}"));
        }
    }
    if outcome.state == "CERTIFIED" {
        let verdict = outcome
            .certificate
            .as_ref()
            .map(|issued| issued.offline.verdict);
        if verdict != Some(tongguan_certificate::Verdict::Valid) {
            differences.push(format!("the offline check says {verdict:?}"));
        }
    }
    differences
}

/// Writes what an offline verifier needs: trust bundle, root key and status list.
fn write_trust(outcome: &Outcome, folder: &Path) -> std::io::Result<()> {
    let Some(issued) = &outcome.certificate else {
        return Ok(());
    };
    let hex: String = issued
        .trust
        .root_key
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    std::fs::write(folder.join(super::verify::BUNDLE), &issued.trust.bundle)?;
    std::fs::write(folder.join(super::verify::STATUS), &issued.status_list)?;
    std::fs::write(folder.join(super::verify::ROOT), hex)
}

/// Writes envelope, QR picture, page and PDF of a certificate, and notes where.
fn write_files(outcome: &mut Outcome, folder: &Path) -> std::io::Result<()> {
    let Some(issued) = &mut outcome.certificate else {
        return Ok(());
    };
    std::fs::create_dir_all(folder)?;
    let cose = &issued.certificate.cose;
    let certificate =
        tongguan_certificate::Certificate::from_cose(cose).map_err(std::io::Error::other)?;
    let png = tongguan_certificate::qr::to_png(&issued.qr_text).map_err(std::io::Error::other)?;
    let pdf = certificate.to_pdf().map_err(std::io::Error::other)?;
    let html = issued.certificate.html.as_bytes();
    for (extension, bytes) in [
        ("cose", cose.as_ref()),
        ("png", &png),
        ("html", html),
        ("pdf", &pdf),
    ] {
        let path = folder.join(format!("{}.{extension}", outcome.name));
        std::fs::write(&path, bytes)?;
        issued.files.push(path.display().to_string());
    }
    Ok(())
}

/// Empties a folder of an earlier demo; a folder that is none is left alone.
fn clear_folder(folder: &Path) -> std::io::Result<()> {
    let mark = folder.join(".tongguan-demo");
    if folder.exists() {
        let empty = std::fs::read_dir(folder)?.next().is_none();
        if !empty && !mark.exists() {
            let message = format!(
                "{} is not empty and no earlier demo made it",
                folder.display()
            );
            return Err(std::io::Error::new(
                std::io::ErrorKind::AlreadyExists,
                message,
            ));
        }
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(mark, "made by `tongguan demo`, which empties this folder\n")
}
