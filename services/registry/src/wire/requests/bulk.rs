//! Bulk requests: rows decoded one by one, answered one by one.

use prost::Message;
use tongguan_api::common::v1::Problem;
use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Invalid, Violations, problem};

use super::key;
use crate::domain::Details;
use crate::service::{Imported, RowAnswer};
use crate::wire::details;

/// Rows of a bulk request, each decoded by itself.
pub(crate) struct Rows {
    pub(crate) first_row: u64,
    /// The number after the last row.
    pub(crate) end: u64,
    /// Rows that decode, with their numbers.
    pub(crate) good: Vec<(u64, Details)>,
    /// Rows that do not, already answered.
    pub(crate) bad: Bad,
}

/// Answers to rows that do not decode.
pub(crate) struct Bad(Vec<pb::RowResult>);

/// A batch with its idempotency key and the bytes that the key stands for.
pub(crate) struct Batch {
    pub(crate) request_id: String,
    pub(crate) canonical: Vec<u8>,
    pub(crate) rows: Rows,
}

pub(crate) fn batch(mut request: pb::BatchRegisterVehiclesRequest) -> Result<Batch, Invalid> {
    let mut bad = Violations::default();
    let request_id = key(&mut bad, &request.request_id);
    let (count, most) = (request.vehicles.len(), 1_000);
    bad.check(count > 0, "vehicles", || "is required".to_owned());
    check_count(&mut bad, count, most);
    bad.finish()?;
    request.request_id.clear();
    // Only a request with a key is compared with an earlier one.
    let canonical = if request_id.is_empty() {
        Vec::new()
    } else {
        request.encode_to_vec()
    };
    Ok(Batch {
        request_id,
        canonical,
        rows: rows(0, request.vehicles),
    })
}

pub(crate) fn import(message: pb::ImportVehiclesRequest, id: &mut String) -> Result<Rows, Invalid> {
    let mut bad = Violations::default();
    if id.is_empty() {
        *id = bad.text("import_id", &message.import_id, 64);
    }
    check_count(&mut bad, message.vehicles.len(), 500);
    let last = message.first_row.checked_add(500);
    bad.check(
        last.is_some_and(|last| i64::try_from(last).is_ok()),
        "first_row",
        || "is out of range".to_owned(),
    );
    bad.finish()?;
    Ok(rows(message.first_row, message.vehicles))
}

fn check_count(bad: &mut Violations, count: usize, most: usize) {
    bad.check(count <= most, "vehicles", || {
        format!("holds {count} vehicles, at most {most} are taken")
    });
}

fn rows(first_row: u64, vehicles: Vec<pb::VehicleDetails>) -> Rows {
    let end = first_row + vehicles.len() as u64;
    let mut good = Vec::with_capacity(vehicles.len());
    let mut refused = Vec::new();
    for (row, vehicle) in (first_row..).zip(vehicles) {
        // Cloned before the row is known to be wrong, because a VIN that is none must be shown as it was given.
        let text = vehicle.vin.clone();
        let mut bad = Violations::default();
        let at = format!("vehicles[{}]", row - first_row);
        let details = details::decode(&mut bad, &at, Some(vehicle));
        match bad.finish_with(details) {
            Ok(details) => good.push((row, details)),
            Err(invalid) => refused.push(result(row, text, Some(problem(&invalid)), false)),
        }
    }
    Rows {
        first_row,
        end,
        good,
        bad: Bad(refused),
    }
}

impl Bad {
    /// One result per row, in order.
    pub(crate) fn results(self, answers: Vec<RowAnswer>) -> Vec<pb::RowResult> {
        let mut results = self.0;
        results.extend(answers.into_iter().map(pb::RowResult::from));
        results.sort_by_key(|result| result.row);
        results
    }

    /// The acknowledgement of an import message: rows that need a word, and where to resume.
    pub(crate) fn answer(self, imported: Imported) -> pb::ImportVehiclesResponse {
        let rows = imported.answers.len();
        let silent = |answer: &RowAnswer| matches!(answer.outcome, Ok(false));
        let told: Vec<RowAnswer> = imported
            .answers
            .into_iter()
            .filter(|answer| !silent(answer))
            .collect();
        pb::ImportVehiclesResponse {
            next_row: imported.next_row,
            stored: (rows - told.len()) as u64,
            results: self.results(told),
        }
    }
}

impl From<RowAnswer> for pb::RowResult {
    fn from(answer: RowAnswer) -> Self {
        let vin = answer.vin.into();
        match answer.outcome {
            Ok(known) => result(answer.row, vin, None, known),
            Err(error) => result(answer.row, vin, Some(problem(&error)), false),
        }
    }
}

fn result(row: u64, vin: String, problem: Option<Problem>, already_stored: bool) -> pb::RowResult {
    pb::RowResult {
        row,
        vin,
        problem,
        already_stored,
    }
}
