//! Whether the vehicle found is the vehicle registered.

use serde::{Deserialize, Serialize};
use tongguan_vocabulary::{Odometer, PartialDate};

use super::report::Vehicle;
use super::vehicle::{Category, Powertrain};

/// What the registry says of the vehicle, as far as a report is compared with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Registered {
    /// UNECE category, where stated.
    pub(crate) category: Option<Category>,
    /// What moves it, where stated.
    pub(crate) powertrain: Option<Powertrain>,
    /// Engine or motor number; empty where unknown.
    pub(crate) engine_number: String,
    /// Colour letters; empty where unknown.
    pub(crate) colour: String,
    /// Plate; empty where handed in.
    pub(crate) plate: String,
    /// Traction battery id; empty where unknown.
    pub(crate) battery_id: String,
    /// Curb mass in kilograms.
    pub(crate) curb_mass_kg: Option<u32>,
    /// Gross mass in kilograms.
    pub(crate) gross_mass_kg: Option<u32>,
    /// Readings with their days.
    pub(crate) readings: Vec<(PartialDate, Odometer)>,
}

/// A field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// The field.
    pub(crate) field: String,
    /// In the report.
    pub(crate) reported: String,
    /// In the registry.
    pub(crate) registered: String,
}

/// Weighing and rounding explain this much between a certificate and a report; more may move a limit.
const MASS_TOLERANCE_PERCENT: u32 = 5;

/// Every field in which report and registry differ. What either side leaves empty is not compared:
/// plates are handed in before export, and batteries can be unreadable.
pub(crate) fn differences(found: &Vehicle, registered: &Registered) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut note = |field: &str, reported: String, registered: String| {
        all.push(Difference {
            field: field.to_owned(),
            reported,
            registered,
        });
    };
    for (field, reported, known) in [
        (
            "engine_number",
            &found.engine_number,
            &registered.engine_number,
        ),
        ("plate", &found.plate, &registered.plate),
        ("battery_id", &found.battery_id, &registered.battery_id),
    ] {
        if !reported.is_empty() && !known.is_empty() && bare(reported) != bare(known) {
            note(field, reported.clone(), known.clone());
        }
    }
    if !registered.colour.is_empty() && letters(&found.colour) != letters(&registered.colour) {
        note("colour", found.colour.clone(), registered.colour.clone());
    }
    // The category picks the limits: a truck reported as a car would be judged too mildly.
    if let Some(category) = registered
        .category
        .filter(|category| *category != found.category)
    {
        note("category", found.category.to_string(), category.to_string());
    }
    if let Some(powertrain) = registered
        .powertrain
        .filter(|powertrain| *powertrain != found.powertrain)
    {
        note(
            "powertrain",
            format!("{:?}", found.powertrain),
            format!("{powertrain:?}"),
        );
    }
    for (field, reported, known) in [
        ("curb_mass_kg", found.curb_mass_kg, registered.curb_mass_kg),
        (
            "gross_mass_kg",
            found.gross_mass_kg,
            registered.gross_mass_kg,
        ),
    ] {
        if let (Some(reported), Some(known)) = (reported, known)
            && u64::from(reported.abs_diff(known)) * 100
                > u64::from(known) * u64::from(MASS_TOLERANCE_PERCENT)
        {
            note(field, reported.to_string(), known.to_string());
        }
    }
    all
}

/// Letters and digits in capitals: spaces and dashes are printed differently from paper to paper.
fn bare(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

fn letters(text: &str) -> Vec<char> {
    let mut letters: Vec<char> = bare(text).chars().collect();
    letters.sort_unstable();
    letters.dedup();
    letters
}
