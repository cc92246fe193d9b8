//! A report as the body signed it: what was measured and found, on which vehicle, when, by whom.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use tongguan_vocabulary::{Odometer, PartialDate, Vin};
use uuid::Uuid;

use super::Wrong;
use super::assess::Verdict;
use super::signature::Signed;
use super::vehicle::{Category, Chemistry, Fuel, Powertrain};

/// The vehicle as found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Vehicle {
    /// As read from the vehicle.
    pub(crate) vin: Vin,
    /// UNECE category.
    pub(crate) category: Category,
    /// Engine or motor number; empty for trailers.
    pub(crate) engine_number: String,
    /// Colour letters of GA/T 24.
    pub(crate) colour: String,
    /// Empty where plates were handed in.
    pub(crate) plate: String,
    /// What moves it.
    pub(crate) powertrain: Powertrain,
    /// What it burns, where it burns.
    pub(crate) fuel: Option<Fuel>,
    /// Kilograms.
    pub(crate) curb_mass_kg: Option<u32>,
    /// Kilograms.
    pub(crate) gross_mass_kg: Option<u32>,
    /// Axles, 1 to 10.
    pub(crate) axles: u8,
    /// How many of them count as front.
    pub(crate) front_axles: u8,
    /// Main head lamps.
    pub(crate) headlamps: Option<u32>,
    /// Maximum design speed in km/h.
    pub(crate) max_speed_kmh: Option<u32>,
    /// As read; absent for trailers only.
    pub(crate) odometer: Option<Odometer>,
    /// Traction battery id; empty where there is none or it can not be read.
    pub(crate) battery_id: String,
    /// Battery chemistry.
    pub(crate) chemistry: Option<Chemistry>,
    /// Whether it was tested laden.
    pub(crate) laden: bool,
}

/// A measured value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measurement {
    /// Catalogue item.
    pub(crate) item: String,
    /// Where.
    pub(crate) position: String,
    /// As measured.
    #[serde(with = "super::exact")]
    pub(crate) value: f64,
    /// Its unit.
    pub(crate) unit: String,
}

/// What an inspector found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// In order.
    Conforming,
    /// Not in order.
    Nonconforming,
    /// The vehicle has no such thing.
    NotApplicable,
}

/// An inspector's finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// Catalogue item.
    pub(crate) item: String,
    /// What was found.
    pub(crate) found: Found,
    /// What was seen.
    pub(crate) note: String,
}

/// A photograph or document, by the SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Evidence {
    /// 64 lower-case hexadecimal digits.
    pub(crate) sha256: String,
    /// What it shows.
    pub(crate) shot: String,
}

/// A report.
#[expect(
    clippy::struct_field_names,
    reason = "the body's `report number` is a term"
)]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The body.
    pub(crate) body: Uuid,
    /// The body's own number.
    pub(crate) report_number: String,
    /// The standard.
    pub(crate) standard: String,
    /// The day of the test, known to the day.
    pub(crate) date: PartialDate,
    /// When the test began and ended.
    pub(crate) times: Option<(OffsetDateTime, OffsetDateTime)>,
    /// The body's code for the inspector.
    pub(crate) inspector: String,
    /// The vehicle.
    pub(crate) vehicle: Vehicle,
    /// Values.
    pub(crate) measurements: Vec<Measurement>,
    /// Findings.
    pub(crate) findings: Vec<Finding>,
    /// Photographs and documents.
    pub(crate) evidence: Vec<Evidence>,
    /// What the body concludes.
    pub(crate) claimed: Option<Verdict>,
    /// The inspection this one repeats.
    pub(crate) reinspection_of: Option<Uuid>,
    /// Last day of use the body states.
    pub(crate) valid_until: Option<PartialDate>,
    /// Client's unified social credit code; empty where not stated.
    pub(crate) client: String,
}

/// A report as it was sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sent {
    /// As far as it could be read.
    pub(crate) report: Report,
    /// The same as bytes, with the signature over them.
    pub(crate) signed: Signed,
    /// What could not be read, with the path in the request: a report with any is judged only to name the rest.
    pub(crate) wrong: Vec<Wrong>,
}

impl Vehicle {
    /// What contradicts itself or is left out.
    pub(crate) fn wrong(&self) -> Vec<Wrong> {
        let mut all = Vec::new();
        let trailer = self.category.is_trailer();
        let mut check = |holds: bool, field: &str, text: String| {
            if !holds {
                all.push(Wrong::new(format!("vehicle.{field}"), text));
            }
        };
        check(
            trailer || !self.engine_number.is_empty(),
            "engine_number",
            "is required for all but trailers".to_owned(),
        );
        check(
            trailer || self.odometer.is_some(),
            "odometer",
            "is required for all but trailers".to_owned(),
        );
        check(
            trailer == (self.powertrain == Powertrain::None),
            "powertrain",
            format!("does not belong to category {}", self.category),
        );
        check(
            !self.powertrain.burns() || self.fuel.is_some(),
            "fuel",
            "is required where fuel is burnt".to_owned(),
        );
        check(
            self.front_axles <= self.axles,
            "front_axles",
            "are more than the axles".to_owned(),
        );
        let (above, most) = self.category.gross_mass();
        if let Some(mass) = self.gross_mass_kg {
            let fits =
                above.is_none_or(|above| mass > above) && most.is_none_or(|most| mass <= most);
            check(
                fits,
                "gross_mass_kg",
                format!("{mass} kg does not belong to category {}", self.category),
            );
            check(
                self.curb_mass_kg.is_none_or(|curb| curb <= mass),
                "curb_mass_kg",
                "is more than the gross mass".to_owned(),
            );
        }
        all
    }
}

impl Report {
    /// The day of the test.
    pub(crate) fn day(&self) -> Date {
        self.date.first()
    }

    /// SHA-256 of the measured values alone, to find the same values under another vehicle; `None` with
    /// fewer than five, which may coincide.
    pub(crate) fn fingerprint(&self) -> Option<String> {
        const FEWEST: usize = 5;
        if self.measurements.len() < FEWEST {
            return None;
        }
        let mut lines: Vec<String> = self
            .measurements
            .iter()
            .map(|m| format!("{}@{}={}{}", m.item, m.position, m.value, m.unit))
            .collect();
        lines.sort();
        Some(sha256(lines.join("\n").as_bytes()))
    }
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing into a String can not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
