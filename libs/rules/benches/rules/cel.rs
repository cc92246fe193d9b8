//! The twelve rules in the `cel` crate's own interpreter.

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
    pub(crate) fn new(facts: &serde_json::Value) -> Self {
        let mut context = Context::default();
        for (name, group) in facts.as_object().expect("an object") {
            context.add_variable_from_value(name.clone(), value(group));
        }
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

fn value(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => number.as_i64().map_or_else(
            || Value::Float(number.as_f64().unwrap_or_default()),
            Value::Int,
        ),
        Json::String(text) => Value::from(text.clone()),
        Json::Array(items) => Value::from(items.iter().map(value).collect::<Vec<Value>>()),
        Json::Object(fields) => {
            let fields: HashMap<String, Value> = fields
                .iter()
                .map(|(key, field)| (key.clone(), value(field)))
                .collect();
            Value::from(fields)
        }
    }
}
