//! The twelve rules in the `cel` crate's own interpreter, with dates as day numbers prepared beforehand.

use std::collections::HashMap;

use cel::objects::Value;
use cel::{Context, Program};

const RULES: [&str; 12] = [
    "!(vehicle.category in ['M1', 'N1']) || trip.arrival_year - vehicle.first_registered_year <= 7",
    "trip.arrival <= vehicle.manufactured_plus_10y",
    "vehicle.category != 'M1' || (vehicle.steering == 'RHD' && !vehicle.converted_steering)",
    "vehicle.fuel != 'diesel' || vehicle.euro >= 5",
    "!('flood' in vehicle.damage) && !('fire' in vehicle.damage) && !('structural' in vehicle.damage)",
    "vehicle.odometer_km <= 150000",
    "!(vehicle.powertrain in ['BEV', 'PHEV']) || vehicle.battery_soh_percent >= 80.0",
    "trip.bill_of_lading < 739981 || vehicle.gross_mass_kg <= 3500 || vehicle.seats > 9",
    "trip.dispatch_country in ['CN', 'JP', 'AE', 'GB']",
    "importer.kind != 'individual' || importer.imports_this_period < 2",
    "trip.bill_of_lading - vehicle.first_registered > 180 || vehicle.odometer_km <= 1000",
    "vehicle.airbags >= 2 && 'abs' in vehicle.equipment",
];

/// The compiled programs and their context.
pub(crate) struct Twelve {
    programs: Vec<Program>,
    context: Context<'static, 'static>,
}

impl Twelve {
    pub(crate) fn new() -> Self {
        let text = |text: &str| Value::from(text.to_owned());
        let list = |items: &[&str]| {
            Value::from(
                items
                    .iter()
                    .map(|item| (*item).to_owned())
                    .collect::<Vec<String>>(),
            )
        };
        let vehicle: HashMap<String, Value> = [
            ("category", text("M1")),
            ("first_registered_year", Value::Int(2021)),
            ("first_registered", Value::Int(738_258)),
            ("manufactured_plus_10y", Value::Int(741_842)),
            ("steering", text("RHD")),
            ("converted_steering", Value::Bool(false)),
            ("fuel", text("diesel")),
            ("euro", Value::Int(6)),
            ("damage", list(&[])),
            ("odometer_km", Value::Int(88_000)),
            ("powertrain", text("PHEV")),
            ("battery_soh_percent", Value::Float(92.5)),
            ("gross_mass_kg", Value::Int(2_210)),
            ("seats", Value::Int(5)),
            ("airbags", Value::Int(6)),
            ("equipment", list(&["abs", "esc"])),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        let trip: HashMap<String, Value> = [
            ("arrival_year", Value::Int(2026)),
            ("arrival", Value::Int(740_134)),
            ("bill_of_lading", Value::Int(740_104)),
            ("dispatch_country", text("CN")),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        let importer: HashMap<String, Value> = [
            ("kind", text("individual")),
            ("imports_this_period", Value::Int(0)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        let mut context = Context::default();
        context.add_variable_from_value("vehicle", vehicle);
        context.add_variable_from_value("trip", trip);
        context.add_variable_from_value("importer", importer);
        Self {
            programs: RULES
                .iter()
                .map(|rule| Program::compile(rule).expect("a CEL expression"))
                .collect(),
            context,
        }
    }

    /// Whether all twelve hold; every one is answered.
    pub(crate) fn all(&self) -> bool {
        self.programs.iter().fold(true, |all, program| {
            all & (program.execute(&self.context) == Ok(Value::Bool(true)))
        })
    }
}
