//! The twelve rules in `regorus`: Rego compiled for its register machine, which is faster than its interpreter.

use std::sync::Arc;

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{PolicyModule, Value, compile_policy_with_entrypoint};

const POLICY: &str = r#"package twelve
import rego.v1

r01 if not input.vehicle.category in {"M1", "N1"}
r01 if input.trip.arrival_year - input.vehicle.first_registered_year <= 7
r02 if input.trip.arrival <= input.vehicle.manufactured_plus_10y
r03 if input.vehicle.category != "M1"
r03 if { input.vehicle.steering == "RHD"; not input.vehicle.converted_steering }
r04 if input.vehicle.fuel != "diesel"
r04 if input.vehicle.euro >= 5
r05 if {
    not "flood" in input.vehicle.damage
    not "fire" in input.vehicle.damage
    not "structural" in input.vehicle.damage
}
r06 if input.vehicle.odometer_km <= 150000
r07 if not input.vehicle.powertrain in {"BEV", "PHEV"}
r07 if input.vehicle.battery_soh_percent >= 80
r08 if input.trip.bill_of_lading < 739981
r08 if input.vehicle.gross_mass_kg <= 3500
r08 if input.vehicle.seats > 9
r09 if input.trip.dispatch_country in {"CN", "JP", "AE", "GB"}
r10 if input.importer.kind != "individual"
r10 if input.importer.imports_this_period < 2
r11 if input.trip.bill_of_lading - input.vehicle.first_registered > 180
r11 if input.vehicle.odometer_km <= 1000
r12 if { input.vehicle.airbags >= 2; "abs" in input.vehicle.equipment }
all := [r01, r02, r03, r04, r05, r06, r07, r08, r09, r10, r11, r12]
"#;

pub(crate) struct Twelve {
    machine: RegoVM,
    facts: Value,
}

impl Twelve {
    pub(crate) fn new(facts: &serde_json::Value) -> Self {
        let module = PolicyModule {
            id: "twelve.rego".into(),
            content: POLICY.into(),
        };
        let compiled = compile_policy_with_entrypoint(
            Value::new_object(),
            &[module],
            "data.twelve.all".into(),
        )
        .expect("a policy");
        let program =
            Compiler::compile_from_policy(&compiled, &["data.twelve.all"]).expect("a program");
        let mut machine = RegoVM::new();
        machine.load_program(Arc::clone(&program));
        machine.set_data(Value::new_object()).expect("no data");
        Self {
            machine,
            facts: Value::from_json_str(&facts.to_string()).expect("facts"),
        }
    }

    pub(crate) fn all(&mut self) -> bool {
        self.machine.set_input(self.facts.clone());
        let value = self.machine.execute();
        value.is_ok_and(|value| {
            value.as_array().is_ok_and(|rules| {
                rules.len() == 12 && rules.iter().all(|rule| *rule == Value::Bool(true))
            })
        })
    }
}
