//! The twelve rules in this language, and the car they are asked of.

use tongguan_rules::{Fact, Facts, Outcome, Pack, decide};

/// The pack's text.
pub(crate) const TWELVE: &str = include_str!("../twelve.yaml");

/// The compiled pack, a car with every fact known, and the same car with two facts open.
pub(crate) fn prepared() -> (Pack, Facts, Facts) {
    let pack = Pack::load(TWELVE, &()).expect("the pack loads");
    let facts = facts();
    let mut open = facts.clone();
    open.set_text(Fact::FirstRegistered, "2025")
        .expect("a year");
    open.forget(Fact::BatterySoh);
    assert_eq!(decide(pack.program(), &facts).outcome, Outcome::Permitted);
    assert_eq!(
        decide(pack.program(), &open).unknown.count_ones(),
        2,
        "rules 7 and 11 wait"
    );
    (pack, facts, open)
}

fn facts() -> Facts {
    let json = serde_json::json!({
        "vehicle": {
            "category": "M1", "first_registered": "2021-04-12", "manufactured": "2021-02-03", "steering": "RHD", "converted_steering": false,
            "fuel": "diesel", "emission_standard": "euro.6", "damage": [], "odometer_km": 88_000, "powertrain": "PHEV", "battery_soh_percent": 92.5,
            "gross_mass_kg": 2_210, "seats": 5, "airbags": 6, "equipment": ["abs", "esc"],
        },
        "trip": { "arrival": "2026-06-01", "bill_of_lading": "2026-05-02", "dispatch_country": "CN" },
        "importer": { "kind": "individual", "imports_this_period": 0 },
    });
    Facts::from_json(&json).expect("the facts fit the schema")
}
