//! What a registration certificate says of a vehicle.

use serde::{Deserialize, Serialize};
use tongguan_vocabulary::{PartialDate, Vin};

/// What the registration certificate (机动车登记证书) says, without the owner; what it does not say is not written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Details {
    /// VIN.
    pub vin: Vin,
    /// Brand.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub brand: String,
    /// Model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Manufacturer's exact name in the MIIT Announcement.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manufacturer: String,
    /// UNECE category, such as `M1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Vehicle type code of GA 802, such as `K33`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub vehicle_type: String,
    /// Use nature letter of GA/T 24.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub use_nature: String,
    /// Colour letters of GA/T 24.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub colour: String,
    /// What moves it, such as `BEV`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub powertrain: String,
    /// What it burns; empty where nothing or unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fuel: String,
    /// `LEFT`, `RIGHT` or empty where unknown.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub steering: String,
    /// Engine or motor number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub engine_number: String,
    /// Traction battery id.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub battery_id: String,
    /// Displacement, cubic centimetres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_cc: Option<u32>,
    /// Power, kilowatts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub power_kw: Option<f64>,
    /// Gross mass, kilograms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross_mass_kg: Option<u32>,
    /// Curb mass, kilograms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curb_mass_kg: Option<u32>,
    /// Seats with the driver's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u32>,
    /// Emission stage with its family, such as `china.6b`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub emission_stage: String,
    /// Ex-factory date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufactured: Option<PartialDate>,
    /// Model year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_year: Option<u32>,
    /// First registration (注册登记日期).
    pub first_registered: PartialDate,
    /// Whether it was imported into China.
    #[serde(default, skip_serializing_if = "is_false")]
    pub imported: bool,
    /// Whether it is a modified vehicle (改装车).
    #[serde(default, skip_serializing_if = "is_false")]
    pub modified: bool,
    /// Registration certificate number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub certificate_number: String,
    /// Plate; empty once handed in.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub plate: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands references to skip_serializing_if"
)]
fn is_false(value: &bool) -> bool {
    !*value
}
