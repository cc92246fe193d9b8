//! The twelve rules in `zen-expression`: compiled to byte code, one machine and one scope reused.

use zen_expression::expression::Standard;
use zen_expression::scope::Scope;
use zen_expression::variable::Variable;
use zen_expression::vm::VM;
use zen_expression::{Expression, compile_expression};

const RULES: [&str; 12] = [
    "not (vehicle.category in ['M1', 'N1']) or trip.arrival_year - vehicle.first_registered_year <= 7",
    "trip.arrival <= vehicle.manufactured_plus_10y",
    "vehicle.category != 'M1' or (vehicle.steering == 'RHD' and not vehicle.converted_steering)",
    "vehicle.fuel != 'diesel' or vehicle.euro >= 5",
    "not ('flood' in vehicle.damage) and not ('fire' in vehicle.damage) and not ('structural' in vehicle.damage)",
    "vehicle.odometer_km <= 150000",
    "not (vehicle.powertrain in ['BEV', 'PHEV']) or vehicle.battery_soh_percent >= 80",
    "trip.bill_of_lading < 739981 or vehicle.gross_mass_kg <= 3500 or vehicle.seats > 9",
    "trip.dispatch_country in ['CN', 'JP', 'AE', 'GB']",
    "importer.kind != 'individual' or importer.imports_this_period < 2",
    "trip.bill_of_lading - vehicle.first_registered > 180 or vehicle.odometer_km <= 1000",
    "vehicle.airbags >= 2 and 'abs' in vehicle.equipment",
];

pub(crate) struct Twelve {
    rules: Vec<Expression<Standard>>,
    scope: Scope,
    machine: VM,
}

impl Twelve {
    pub(crate) fn new(facts: &serde_json::Value) -> Self {
        Self {
            rules: RULES
                .iter()
                .map(|rule| compile_expression(rule).expect("an expression"))
                .collect(),
            scope: Scope::new(Variable::from(facts.clone())),
            machine: VM::new(),
        }
    }

    pub(crate) fn all(&mut self) -> bool {
        self.rules.iter().fold(true, |all, rule| {
            let value = rule.evaluate_with_scope(&self.scope, &mut self.machine);
            all & matches!(value, Ok(Variable::Bool(true)))
        })
    }
}
