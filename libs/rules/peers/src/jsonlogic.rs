//! The twelve rules in `datalogic-rs`: compiled, the facts resident in an arena, the working arena reset.

use datalogic_rs::bumpalo::Bump;
use datalogic_rs::{DataValue, Engine, Logic};
use serde_json::{Value, json};

fn rules() -> [Value; 12] {
    let var = |name: &str| json!({ "var": name });
    let vehicle = |name: &str| var(&format!("vehicle.{name}"));
    let trip = |name: &str| var(&format!("trip.{name}"));
    let not = |value: Value| json!({ "!": [value] });
    let damaged = |kind: &str| not(json!({ "in": [kind, vehicle("damage")] }));
    [
        json!({ "or": [
            not(json!({ "in": [vehicle("category"), ["M1", "N1"]] })),
            { "<=": [{ "-": [trip("arrival_year"), vehicle("first_registered_year")] }, 7] },
        ] }),
        json!({ "<=": [trip("arrival"), vehicle("manufactured_plus_10y")] }),
        json!({ "or": [
            { "!=": [vehicle("category"), "M1"] },
            { "and": [{ "==": [vehicle("steering"), "RHD"] }, not(vehicle("converted_steering"))] },
        ] }),
        json!({ "or": [{ "!=": [vehicle("fuel"), "diesel"] }, { ">=": [vehicle("euro"), 5] }] }),
        json!({ "and": [damaged("flood"), damaged("fire"), damaged("structural")] }),
        json!({ "<=": [vehicle("odometer_km"), 150_000] }),
        json!({ "or": [
            not(json!({ "in": [vehicle("powertrain"), ["BEV", "PHEV"]] })),
            { ">=": [vehicle("battery_soh_percent"), 80] },
        ] }),
        json!({ "or": [
            { "<": [trip("bill_of_lading"), 739_981] },
            { "<=": [vehicle("gross_mass_kg"), 3_500] },
            { ">": [vehicle("seats"), 9] },
        ] }),
        json!({ "in": [trip("dispatch_country"), ["CN", "JP", "AE", "GB"]] }),
        json!({ "or": [
            { "!=": [var("importer.kind"), "individual"] },
            { "<": [var("importer.imports_this_period"), 2] },
        ] }),
        json!({ "or": [
            { ">": [{ "-": [trip("bill_of_lading"), vehicle("first_registered")] }, 180] },
            { "<=": [vehicle("odometer_km"), 1_000] },
        ] }),
        json!({ "and": [{ ">=": [vehicle("airbags"), 2] }, { "in": ["abs", vehicle("equipment")] }] }),
    ]
}

pub(crate) struct Twelve<'a> {
    engine: Engine,
    rules: Vec<Logic>,
    facts: &'a DataValue<'a>,
    /// Freed by `reset` after each call, so that it does not grow; the facts stand in another.
    work: Bump,
}

impl<'a> Twelve<'a> {
    pub(crate) fn new(facts: &Value, arena: &'a Bump) -> Self {
        let engine = Engine::new();
        let text: &str = arena.alloc_str(&facts.to_string());
        Self {
            rules: rules()
                .iter()
                .map(|rule| engine.compile(rule.to_string().as_str()).expect("a rule"))
                .collect(),
            engine,
            facts: arena.alloc(DataValue::from_str(text, arena).expect("facts")),
            work: Bump::new(),
        }
    }

    pub(crate) fn all(&mut self) -> bool {
        self.work.reset();
        self.rules.iter().fold(true, |all, rule| {
            let value = self.engine.evaluate(rule, self.facts, &self.work);
            all & value.is_ok_and(|value| value.as_bool() == Some(true))
        })
    }
}
