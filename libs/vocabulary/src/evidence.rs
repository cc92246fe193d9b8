//! What registry, inspection and maintenance records know of one vehicle, and the one way it becomes
//! the facts that the rule packs read: readiness and decision see the same.

mod codes;
mod damage;
mod facts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Odometer, PartialDate};

pub use codes::{body, colour, situation, standard, use_nature};
pub use facts::{complete, known, of_inspection, of_maintenance, of_vehicle};

/// The vehicle in the registry, at a version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vehicle {
    /// Version that was read.
    pub version: u64,
    /// Brand as on the certificate.
    pub brand: String,
    /// Model as on the certificate.
    pub model: String,
    /// Manufacturer's exact name in the MIIT Announcement.
    pub manufacturer: String,
    /// UNECE category, such as `M1`.
    pub category: String,
    /// Vehicle type code, such as `K33`.
    pub vehicle_type: String,
    /// Use nature letter of GA/T 24.
    pub use_nature: String,
    /// Colour letters of GA/T 24.
    pub colour: String,
    /// `ICE`, `BEV` and so on; `NONE` for trailers.
    pub powertrain: String,
    /// Fuel in lower case.
    pub fuel: String,
    /// `LHD` or `RHD`.
    pub steering: String,
    /// Engine or motor number.
    pub engine_number: String,
    /// Traction battery number.
    pub battery_id: String,
    /// Displacement, cubic centimetres.
    pub engine_cc: Option<u32>,
    /// Maximum power, kilowatts.
    pub power_kw: Option<f64>,
    /// Gross mass, kilograms.
    pub gross_mass_kg: Option<u32>,
    /// Curb mass, kilograms.
    pub curb_mass_kg: Option<u32>,
    /// Seats with the driver's.
    pub seats: Option<u32>,
    /// Stage with its family, such as `china.6b`.
    pub emission_stage: String,
    /// Ex-factory date.
    pub manufactured: Option<PartialDate>,
    /// Model year as on the title.
    pub model_year: Option<u32>,
    /// First registration.
    pub first_registered: Option<PartialDate>,
    /// Whether it was imported into China.
    pub imported: bool,
    /// Whether it is a modified vehicle.
    pub modified: bool,
    /// Plate; empty once handed in.
    pub plate: String,
    /// Annotation 转让待出口.
    pub transfer: Option<Transfer>,
    /// Burdens in force: MORTGAGE, PLEDGE, CUSTOMS_SUPERVISION, SEIZURE.
    pub burdens: Vec<String>,
    /// Police status letters in force.
    pub status_letters: Vec<String>,
    /// Whether the police status was ever read.
    pub status_known: bool,
    /// Odometer readings, oldest first.
    pub readings: Vec<Reading>,
    /// Prohibited situations the registry sees.
    pub prohibitions: Vec<Prohibition>,
    /// Whether a year limit of the scrapping rules applies; `None` where a person must look.
    pub scrap_limited: Option<bool>,
    /// End of the service life.
    pub scrap_limit: Option<PartialDate>,
    /// Day of deregistration.
    pub deregistered: Option<PartialDate>,
    /// Things a person should look at.
    pub notices: Vec<Notice>,
}

/// The annotation 转让待出口.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Exporter's unified social credit code.
    pub exporter: String,
    /// Exporter's registered name.
    pub exporter_name: String,
    /// Date of the annotation.
    pub date: Option<PartialDate>,
    /// Last day of the exporter's filing.
    pub filing_valid_until: Option<PartialDate>,
}

/// One odometer reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// What the meter showed.
    pub odometer: Odometer,
    /// On which day.
    pub date: Option<PartialDate>,
    /// REGISTRATION, INSPECTION, MAINTENANCE, DECLARED or TELEMATICS.
    pub source: String,
    /// The paper it stands on.
    pub document: String,
}

/// One of the ten prohibited situations of section six of No. 6 of 2024.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prohibition {
    /// 1 to 10.
    pub number: u32,
    /// Its code.
    pub code: String,
    /// The fact that shows it.
    pub fact: String,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Stable code.
    pub code: String,
    /// Whether it is hard evidence.
    pub hard: bool,
    /// One sentence.
    pub message: String,
}

/// The current inspection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Inspection {
    /// Its id.
    pub id: String,
    /// The body's report number.
    pub report_number: String,
    /// Standard with its year.
    pub standard: String,
    /// Day of the test.
    pub date: Option<PartialDate>,
    /// Last day the body lets it be used.
    pub valid_until: Option<PartialDate>,
    /// PASSED, PASSED_WITH_WARNINGS, REFERRED or FAILED.
    pub verdict: String,
    /// Client's unified social credit code.
    pub client: String,
    /// SHA-256 of the canonical report.
    pub sha256: String,
    /// Whether a later suspension of the body covers the test.
    pub under_review: bool,
    /// Whether an accreditation covered the test on its day.
    pub accredited: bool,
    /// What the meter showed.
    pub odometer: Option<Odometer>,
    /// Engine number as read.
    pub engine_number: String,
    /// Colour letters as seen.
    pub colour: String,
    /// SHA-256 of the front photograph, where there is one.
    pub photograph: String,
    /// Items that failed or were referred, with the reason.
    pub objections: Vec<String>,
    /// Damage the inspector found, in the words of the fact schema: `flood`, `fire`, `structural`.
    pub damage: Vec<String>,
    /// State of health of the traction battery as measured, percent.
    pub battery_soh_percent: Option<f64>,
}

/// The maintenance history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Maintenance {
    /// `found`, `no_record`, … in the words of the fact schema.
    pub outcome: String,
    /// `fresh`, `stale` or `expired`; empty where there is nothing.
    pub freshness: String,
    /// Whether the bundled simulator answered.
    pub simulated: bool,
    /// Odometer verdict in the words of the fact schema; empty where none.
    pub odometer_verdict: String,
    /// Least true distance, kilometres.
    pub minimum_true_km: Option<u32>,
    /// Signs of structural repair.
    pub structural: bool,
    /// Signs of flood.
    pub flood: bool,
    /// Signs of fire.
    pub fire: bool,
    /// Counted records.
    pub records: u32,
    /// What the records show beside; `hard` where it is serious.
    pub findings: Vec<Notice>,
    /// When asking again is worth while, in seconds.
    pub retry_after: Option<u64>,
}

impl Maintenance {
    /// A look-up that was refused.
    pub fn unanswered(outcome: &str) -> Self {
        Self {
            outcome: outcome.to_owned(),
            ..Self::default()
        }
    }

    /// Whether the look-up came to nothing for a reason that passes: an outage is not an answer.
    pub fn is_outage(&self) -> bool {
        matches!(
            self.outcome.as_str(),
            "upstream_down" | "off_hours" | "quota" | "auth_pending"
        )
    }
}

/// Facts by name, in the order of names: equal facts give equal bytes.
pub type FactMap = BTreeMap<String, Value>;

/// What was gathered for one submission.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gathered {
    /// The vehicle, where the registry has it.
    pub vehicle: Option<Vehicle>,
    /// The current inspection, where there is one.
    pub inspection: Option<Inspection>,
    /// The maintenance history, where it was asked for.
    pub maintenance: Option<Maintenance>,
}
