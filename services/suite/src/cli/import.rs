//! `tongguan import`: the vehicles of a file, streamed to a running suite; what an earlier run stored is not stored again.
//!
//! Every run sends every row, so that rows refused by an earlier run are named again. A connection that breaks is made
//! anew from the first row that this run was not answered.
//!
//! Exit codes: 0 every vehicle is stored · 1 some rows were refused, each is named · 2 the file, the token or the import
//! can not be used · 3 the suite could not be reached, run the same command again.

mod file;
mod rows;

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use futures::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tongguan_access::{Access, Grant, Role};
use tongguan_api::common::v1::Problem;
use tongguan_api::registry::v1 as pb;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_rpc::{Channel, remote};
use tongguan_vocabulary::{Clock, Tenant};
use tonic::{Code, Request, Status};

use self::file::Survey;
use self::rows::Rows;
use super::{Failed, out};
use crate::{Settings, keys};

/// Vehicles of a message.
const MESSAGE: usize = 500;
/// Attempts without an acknowledged row between them before the suite counts as unreachable.
const ATTEMPTS: u32 = 6;

/// Register the vehicles of a file with a running suite.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// CSV with a line of column names, or one JSON object a line (.ndjson, .jsonl); the columns are the fields of
    /// VehicleDetails, dates may be written 2019-08 and enums M1.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where the suite is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7070")]
    to: String,
    /// Token with the scope registry.write, as `tongguan token` prints it.
    #[arg(long, env = "TONGGUAN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Without a token: the tenant to import into, with a token of this installation's own issuer.
    #[arg(long, conflicts_with = "token", required_unless_present = "token")]
    tenant: Option<Tenant>,
    /// Name of the import, at most 64 characters; under the same name the rows that an earlier run stored are recognised.
    /// The default is the file's SHA-256.
    #[arg(long)]
    id: Option<String>,
    /// Refused rows and the sum as one JSON object a line on standard output.
    #[arg(long)]
    json: bool,
}

/// What became of the rows.
#[derive(Default)]
struct Tally {
    stored: u64,
    stored_before: u64,
    refused: u64,
    /// Rows that could not be read and were told; the registry refuses what was sent in their place.
    unreadable: HashSet<u64>,
    /// Where the import stood before this run; `None` until the registry said so.
    standing: Option<u64>,
    /// The first row of each VIN that was not refused.
    first: HashMap<[u8; 17], u64>,
    /// The row after each message that is not answered yet, in order.
    sent: VecDeque<u64>,
}

/// What the streams of one run share.
struct Run {
    client: VehicleRegistryClient<Channel>,
    bearer: String,
    id: String,
    file: PathBuf,
    bar: ProgressBar,
    json: bool,
    tally: Mutex<Tally>,
}

/// Why a stream ended early.
enum Broken {
    Call(Status),
    File(String),
}

impl From<Status> for Broken {
    fn from(status: Status) -> Self {
        Self::Call(status)
    }
}

impl Import {
    pub(super) async fn run(self, settings: &Settings) -> Result<(), Failed> {
        let unreadable =
            |error: std::io::Error| Failed::Input(format!("{}: {error}", self.file.display()));
        let Survey { lines, digest } = file::survey(&self.file).map_err(unreadable)?;
        let bearer = format!("Bearer {}", self.bearer(settings)?);
        let channel = remote(&self.to).map_err(|error| Failed::input(&error))?;
        let run = Arc::new(Run {
            client: VehicleRegistryClient::new(channel),
            bearer,
            id: self.id.unwrap_or(digest),
            bar: bar(lines),
            file: self.file,
            json: self.json,
            tally: Mutex::default(),
        });
        // A file that can not be read at all is noticed before anything is sent.
        Rows::open(&run.file).map_err(Failed::Input)?;
        let outcome = run.clone().until_done().await;
        run.bar.finish_and_clear();
        run.conclude();
        outcome?;
        let refused = run.tally().refused > 0;
        if refused { Err(Failed::No) } else { Ok(()) }
    }

    fn bearer(&self, settings: &Settings) -> Result<String, Failed> {
        let Some(tenant) = &self.tenant else {
            return Ok(self.token.clone().unwrap_or_default());
        };
        let path = settings.issuer_key();
        let key = keys::read_or_make(&path, tongguan_access::generate_key)
            .map_err(|error| Failed::Unreachable(format!("{}: {error}", path.display())))?;
        let access =
            Access::embedded(&key, Clock::system()).map_err(|error| Failed::unreachable(&error))?;
        Ok(access.mint(&Grant::new(tenant.clone(), "cli").role(Role::Exporter)))
    }
}

impl Run {
    /// Streams until every row is answered, again where the connection broke.
    async fn until_done(self: Arc<Self>) -> Result<(), Failed> {
        let (mut attempt, mut reached) = (0, 0);
        loop {
            let broken = match self.clone().stream(&mut reached, &mut attempt).await {
                Ok(()) => return Ok(()),
                Err(Broken::File(message)) => return Err(Failed::Input(message)),
                Err(Broken::Call(status)) => status,
            };
            let message = format!("row {reached}: {}", broken.message());
            match broken.code() {
                Code::Unavailable | Code::Cancelled | Code::Unknown | Code::ResourceExhausted => {}
                _ => return Err(Failed::Input(message)),
            }
            attempt += 1;
            if attempt == ATTEMPTS {
                return Err(Failed::Unreachable(message));
            }
            self.bar
                .suspend(|| out::note(&format!("{message}; trying again")));
            tokio::time::sleep(Duration::from_millis(250 << attempt)).await;
        }
    }

    /// One stream from the first row that this run was not answered to the end of the file.
    async fn stream(self: Arc<Self>, reached: &mut u64, attempt: &mut u32) -> Result<(), Broken> {
        let mut client = self.client.clone();
        if self.tally().standing.is_none() {
            let asks = stream::iter([self.message(0, Vec::new())]);
            let mut answers = client.import_vehicles(self.ask(asks)).await?.into_inner();
            let standing = answers.message().await?.unwrap_or_default().next_row;
            self.tally().standing = Some(standing);
        }
        self.tally().sent.clear();
        let rows = Rows::open(&self.file).map_err(Broken::File)?;
        let request = self.ask(stream::iter(self.clone().messages(rows, *reached)));
        let mut answers = client.import_vehicles(request).await?.into_inner();
        while let Some(answer) = answers.next().await {
            let answer = answer?;
            // The answer says where the import stands, which may be far beyond the message.
            *reached = self.tally().sent.pop_front().unwrap_or(answer.next_row);
            *attempt = 0;
            self.bar.set_position(*reached);
            self.count(answer);
        }
        Ok(())
    }

    /// The file from `position` on, as messages.
    fn messages(
        self: Arc<Self>,
        rows: Rows,
        position: u64,
    ) -> impl Iterator<Item = pb::ImportVehiclesRequest> {
        let mut rows = rows.skip(position as usize);
        let mut next = position;
        std::iter::from_fn(move || {
            let first = next;
            let mut vehicles = Vec::with_capacity(MESSAGE);
            for row in rows.by_ref().take(MESSAGE) {
                // A row that can not be read keeps its number: the registry refuses it, the reason is told here.
                vehicles.push(row.unwrap_or_else(|(vin, reason)| {
                    if self.tally().unreadable.insert(next) {
                        self.refuse(next, &vin, "UNREADABLE", &reason);
                    }
                    pb::VehicleDetails::default()
                }));
                next += 1;
            }
            if vehicles.is_empty() {
                return None;
            }
            let mut tally = self.tally();
            tally.sent.push_back(next);
            for (row, vehicle) in (first..).zip(&vehicles) {
                if let Ok(vin) = vehicle.vin.as_bytes().try_into() {
                    tally.first.entry(vin).or_insert(row);
                }
            }
            drop(tally);
            Some(self.message(first, vehicles))
        })
    }

    fn message(
        &self,
        first_row: u64,
        vehicles: Vec<pb::VehicleDetails>,
    ) -> pb::ImportVehiclesRequest {
        pb::ImportVehiclesRequest {
            import_id: self.id.clone(),
            first_row,
            vehicles,
        }
    }

    fn ask<M>(&self, message: M) -> Request<M> {
        let mut request = Request::new(message);
        if let Ok(bearer) = self.bearer.parse() {
            request.metadata_mut().insert("authorization", bearer);
        }
        request
    }

    fn count(&self, answer: pb::ImportVehiclesResponse) {
        self.tally().stored += answer.stored;
        for row in answer.results {
            let vin: Option<[u8; 17]> = row.vin.as_bytes().try_into().ok();
            let Some(problem) = row.problem else {
                self.known(row.row, &row.vin, vin);
                continue;
            };
            let mut tally = self.tally();
            if let Some(vin) = vin
                && tally.first.get(&vin) == Some(&row.row)
            {
                tally.first.remove(&vin);
            }
            let told = tally.unreadable.contains(&row.row);
            drop(tally);
            if !told {
                let reason = problem.reason().as_str_name().replace("ERROR_REASON_", "");
                self.refuse(row.row, &row.vin, &reason, &sentence(&problem));
            }
        }
    }

    /// Counts a row whose vehicle stands: stored by an earlier run, by this one without its hearing of it, or from an
    /// earlier row of the file, which the registry refused when that row was new and does not tell from it any more.
    fn known(&self, row: u64, text: &str, vin: Option<[u8; 17]>) {
        let mut tally = self.tally();
        let first = vin.map_or(row, |vin| *tally.first.entry(vin).or_insert(row));
        if first < row {
            drop(tally);
            let message = format!("row {first} of the file has this VIN");
            self.refuse(row, text, "VIN_TAKEN", &message);
        } else if tally.standing.is_some_and(|standing| row < standing) {
            tally.stored_before += 1;
        } else {
            tally.stored += 1;
        }
    }

    fn refuse(&self, row: u64, vin: &str, reason: &str, message: &str) {
        self.tally().refused += 1;
        self.bar.suspend(|| {
            if self.json {
                let told = json!({ "row": row, "vin": vin, "reason": reason, "message": message });
                out::line(&told.to_string());
            } else {
                out::complain(&format!("row {row} {vin}: {reason}: {message}"));
            }
        });
    }

    fn conclude(&self) {
        let tally = self.tally();
        let (stored, before, refused) = (tally.stored, tally.stored_before, tally.refused);
        if self.json {
            let sum = json!({ "import_id": self.id, "stored": stored, "stored_before": before, "refused": refused });
            out::line(&sum.to_string());
        } else {
            out::line(&format!(
                "{stored} stored, {before} stored by earlier runs, {refused} refused"
            ));
        }
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn sentence(problem: &Problem) -> String {
    let fields = problem.field_violations.iter();
    let fields: Vec<String> = fields
        .map(|wrong| format!("{} {}", wrong.field, wrong.description))
        .collect();
    if fields.is_empty() {
        problem.message.clone()
    } else {
        fields.join("; ")
    }
}

/// On standard error, and only where that is a terminal.
fn bar(rows: u64) -> ProgressBar {
    let bar = ProgressBar::new(rows);
    let style = "{bar:40} {human_pos} of {human_len} rows  {per_sec}  {eta} left";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}
