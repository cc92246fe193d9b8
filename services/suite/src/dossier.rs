//! A dossier: everything an exporter brings for one car and one destination, in the API's own messages.
//!
//! The parts are the proto3 JSON of the messages named in each field, so that whatever stands in a
//! dossier can be sent by hand as well. `dossiers/README.md` explains the format to a person.

use serde::Deserialize;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::inspection::v1 as inspection;
use tongguan_api::registry::v1 as registry;
use tongguan_maintenance::simulator::{Mood, VehicleFile};
use tongguan_vocabulary::PartialDate;

/// One car, one destination.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dossier {
    /// Short name, as the file's.
    pub name: String,
    /// What it is about, for a person.
    pub title: Title,
    /// The day it is brought, which the demo's clock shows.
    #[serde(default)]
    pub today: Option<PartialDate>,
    /// The exporter of record.
    pub exporter: clearance::Exporter,
    /// What the registration certificate says.
    pub vehicle: registry::VehicleDetails,
    /// The annotation 转让待出口; absent while there is none.
    #[serde(default)]
    pub transfer: Option<registry::TransferPendingExport>,
    /// Burdens.
    #[serde(default)]
    pub encumbrances: Vec<registry::Encumbrance>,
    /// Police status letters.
    #[serde(default)]
    pub status_letters: Vec<String>,
    /// Odometer readings of the registry.
    #[serde(default)]
    pub odometer_readings: Vec<registry::OdometerReading>,
    /// The body that inspected it.
    #[serde(default)]
    pub inspection_body: Option<inspection::InspectionBody>,
    /// Its report; the body's id is filled in.
    #[serde(default)]
    pub inspection: Option<inspection::InspectionReport>,
    /// What the simulated national system holds of the car; used by the demo only.
    #[serde(default)]
    pub simulated_records: Option<SimulatedRecords>,
    /// Destination market.
    pub destination: String,
    /// The planned trip.
    #[serde(default)]
    pub trip: Option<clearance::Trip>,
    /// Further facts by name.
    #[serde(default)]
    pub facts: Map<String, Value>,
    /// The papers.
    #[serde(default)]
    pub documents: Vec<clearance::Document>,
    /// What must come of it; checked by the demo and the journey tests.
    #[serde(default)]
    pub expect: Option<Expectation>,
}

/// What the simulated national system holds, and how it behaves for this car.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedRecords {
    /// Its mood, such as `down`; absent means that it answers.
    #[serde(default)]
    pub mood: Option<Mood>,
    /// The car's file.
    pub file: VehicleFile,
}

/// A title in both languages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// What must come of a dossier.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The case's state at the end of the demo's way, such as `CERTIFIED` or `REFUSED`.
    pub state: String,
    /// Rules that must be among the reasons.
    #[serde(default)]
    pub rules: Vec<String>,
    /// The ship-by date, where one must be found.
    #[serde(default)]
    pub ship_by: Option<PartialDate>,
}

/// A dossier that can not be read: where, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {field}: {message}")]
pub struct DossierError {
    /// Name of the file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Path of the field, such as `vehicle.first_registered`.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

/// Largest dossier that is read, bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// The sample dossiers that come with the binary.
pub fn samples() -> Vec<(&'static str, &'static str)> {
    SAMPLES.to_vec()
}

include!(concat!(env!("OUT_DIR"), "/samples.rs"));

/// Reads one dossier.
pub fn parse(file: &str, text: &str) -> Result<Dossier, DossierError> {
    let at = |line, column, field: String, message: String| DossierError {
        file: file.to_owned(),
        line,
        column,
        field,
        message,
    };
    if text.len() > MAX_BYTES {
        return Err(at(
            1,
            1,
            "the file".to_owned(),
            format!("has {} bytes, at most {MAX_BYTES} are read", text.len()),
        ));
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let dossier: Dossier = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let field = match error.path().to_string() {
            path if path == "." => "the dossier".to_owned(),
            path => path,
        };
        let cause = error.into_inner();
        let text = cause.to_string();
        let message = text
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_owned();
        at(cause.line(), cause.column(), field, message)
    })?;
    reader.end().map_err(|error| {
        let message = "there is text after the dossier's end".to_owned();
        at(error.line(), error.column(), "the file".to_owned(), message)
    })?;
    Ok(dossier)
}

impl Dossier {
    /// The instant at which the demo's clock stands for this dossier: noon in China.
    pub fn noon(&self) -> Option<OffsetDateTime> {
        self.today
            .map(|day| day.first().midnight().assume_utc() + time::Duration::hours(4))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_is_read_and_bears_its_own_name() {
        let samples = samples();
        assert!(samples.len() >= 20, "only {} samples", samples.len());
        for (name, text) in samples {
            let dossier = parse(name, text).unwrap();
            assert_eq!(format!("{}.json", dossier.name), name);
            assert!(dossier.expect.is_some(), "{name} says nothing of its end");
        }
    }

    #[test]
    fn a_dossier_that_does_not_parse_names_line_column_and_field() {
        let (name, text) = samples()[0];
        let broken = text.replacen("\"VEHICLE_CATEGORY_M1\"", "\"M1\"", 1);
        let line = broken
            .lines()
            .position(|line| line.contains("\"M1\""))
            .unwrap()
            + 1;
        let error = parse(name, &broken).unwrap_err();
        assert_eq!(
            (error.line, error.field.as_str()),
            (line, "vehicle.category"),
            "{error}"
        );
        let cut = parse(
            "cut.json",
            &text[..text.floor_char_boundary(text.len() / 2)],
        )
        .unwrap_err();
        assert!(cut.line > 1 && cut.column > 0, "{cut}");
        let extra = parse("extra.json", "{\"name\": \"x\", \"colour\": 1}").unwrap_err();
        assert!(extra.message.contains("colour"), "{extra}");
    }
}
