//! Bulk requests: rows decoded one by one, answered one by one.

use tongguan_api::common::v1::Problem;
use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Invalid, Violations, problem};

use crate::domain::Details;
use crate::error::Error;
use crate::service::{Imported, View};
use crate::wire::details;

/// Rows of a bulk request, each decoded by itself.
pub(crate) struct Rows {
    pub(crate) first_row: u64,
    rows: Vec<(String, Result<Details, Invalid>)>,
}

pub(crate) fn batch(request: pb::BatchRegisterVehiclesRequest) -> Result<Rows, Invalid> {
    rows("vehicles", 0, request.vehicles, 1_000)
}

pub(crate) fn import(message: pb::ImportVehiclesRequest, id: &mut String) -> Result<Rows, Invalid> {
    if id.is_empty() {
        let mut bad = Violations::default();
        *id = bad.text("import_id", &message.import_id, 64);
        bad.finish()?;
    }
    rows("vehicles", message.first_row, message.vehicles, 500)
}

fn rows(
    field: &str,
    first_row: u64,
    vehicles: Vec<pb::VehicleDetails>,
    most: usize,
) -> Result<Rows, Invalid> {
    let mut bad = Violations::default();
    bad.check(!vehicles.is_empty(), field, || "is required".to_owned());
    bad.check(vehicles.len() <= most, field, || {
        format!(
            "holds {} vehicles, at most {most} are taken",
            vehicles.len()
        )
    });
    bad.finish()?;
    let decode = |(index, vehicle): (usize, pb::VehicleDetails)| {
        let text = vehicle.vin.clone();
        let mut bad = Violations::default();
        let details = details::decode(&mut bad, &format!("{field}[{index}]"), Some(vehicle));
        (text, bad.finish_with(details))
    };
    Ok(Rows {
        first_row,
        rows: vehicles.into_iter().enumerate().map(decode).collect(),
    })
}

impl Rows {
    /// The number after the last row.
    pub(crate) fn end(&self) -> u64 {
        self.first_row + self.rows.len() as u64
    }

    /// The rows that decode, with their numbers.
    pub(crate) fn numbered(&self) -> Vec<(u64, Details)> {
        let good = |(index, (_, details)): (usize, &(String, Result<Details, Invalid>))| {
            details
                .as_ref()
                .ok()
                .map(|details| (self.first_row + index as u64, details.clone()))
        };
        self.rows.iter().enumerate().filter_map(good).collect()
    }

    /// One result per row, in order, from the answers to the rows that decode.
    pub(crate) fn results(self, answers: Vec<Result<View, Error>>) -> Vec<pb::RowResult> {
        let mut answers = answers.into_iter();
        let mut results = Vec::with_capacity(self.rows.len());
        for (row, (vin, details)) in (self.first_row..).zip(self.rows) {
            let refused = match details {
                Err(invalid) => Some(problem(&invalid)),
                Ok(_) => answers
                    .next()
                    .and_then(Result::err)
                    .map(|error| problem(&error)),
            };
            results.push(pb::RowResult {
                row,
                vin,
                problem: refused,
                already_stored: false,
            });
        }
        results
    }

    /// The acknowledgement of an import message: rows that need a word, and where to resume.
    pub(crate) fn answer(self, imported: Imported) -> pb::ImportVehiclesResponse {
        let stored = imported
            .answers
            .iter()
            .filter(|(_, answer)| answer.is_ok())
            .count() as u64;
        let mut results: Vec<pb::RowResult> = Vec::new();
        for (row, (vin, details)) in (self.first_row..).zip(self.rows) {
            if let Err(invalid) = details {
                results.push(refusal(row, vin, problem(&invalid)));
            }
        }
        for (row, vin) in imported.known {
            results.push(pb::RowResult {
                row,
                vin: vin.into(),
                problem: None,
                already_stored: true,
            });
        }
        for (row, answer) in imported.answers {
            if let Err(error) = answer {
                let vin = match &error {
                    Error::VinTaken { vin } => vin.as_str().to_owned(),
                    _ => String::new(),
                };
                results.push(refusal(row, vin, problem(&error)));
            }
        }
        results.sort_by_key(|result| result.row);
        pb::ImportVehiclesResponse {
            next_row: imported.next_row,
            stored,
            results,
        }
    }
}

fn refusal(row: u64, vin: String, problem: Problem) -> pb::RowResult {
    pb::RowResult {
        row,
        vin,
        problem: Some(problem),
        already_stored: false,
    }
}
