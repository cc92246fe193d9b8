//! Vehicles of a marketplace: plausible, varied, some facts missing or vague, the same in every run.

use serde_json::{Map, Value, json};

/// Xorshift: a stream of numbers that is the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
}

/// `count` vehicles as facts, flat names.
pub(crate) fn cars(count: usize) -> Vec<Value> {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    (0..count).map(|_| car(&mut numbers)).collect()
}

fn car(numbers: &mut Numbers) -> Value {
    let year = 2012 + numbers.below(14);
    let (month, day) = (1 + numbers.below(12), 1 + numbers.below(28));
    let registered = match numbers.below(10) {
        0 => format!("{year}"),
        1 => format!("{year}-{month:02}"),
        _ => format!("{year}-{month:02}-{day:02}"),
    };
    let powertrain = numbers.one_of(&["ICE", "ICE", "ICE", "HEV", "PHEV", "BEV"]);
    let fuel = match powertrain {
        "BEV" => "electric",
        "ICE" => numbers.one_of(&["petrol", "petrol", "diesel"]),
        _ => "petrol",
    };
    let mut facts = json!({
        "vehicle.category": numbers.one_of(&["M1", "M1", "M1", "N1"]),
        "vehicle.body": numbers.one_of(&["sedan", "suv", "hatchback", "mpv"]),
        "vehicle.seats": 5, "vehicle.use_nature": "non_operating", "vehicle.steering": "LHD", "vehicle.fuel": fuel,
        "vehicle.first_registered": registered, "vehicle.manufactured": format!("{year}-{month:02}"), "vehicle.model_year": year,
        "vehicle.ever_registered": true, "vehicle.powertrain": powertrain, "vehicle.engine_cc": 1_000 + 100 * numbers.below(25),
        "vehicle.emission_standard": numbers.one_of(&["china.5", "china.6a", "china.6b"]),
        "vehicle.odometer_km": numbers.below(220_000), "vehicle.gross_mass_kg": 1_400 + numbers.below(1_500),
        "vehicle.damage": [], "vehicle.roadworthy": true, "vehicle.runs": true, "vehicle.stolen": false,
        "vehicle.odometer_tampered": false, "vehicle.airbags": 2 + numbers.below(6), "vehicle.origin_country": "CN",
        "trip.arrival": format!("2026-{:02}-15", 1 + numbers.below(12)), "trip.dispatch_country": "CN", "trip.entry_mode": "sea",
        "importer.kind": numbers.one_of(&["company", "sole_trader", "individual"]), "importer.purpose": "commercial",
        "registry.encumbered": false, "inspection.passed": true, "maintenance.outcome": "found",
    });
    if let Some(facts) = facts.as_object_mut() {
        forget(numbers, facts);
    }
    facts
}

/// A listing seldom says everything.
fn forget(numbers: &mut Numbers, facts: &mut Map<String, Value>) {
    for name in [
        "vehicle.gross_mass_kg",
        "vehicle.airbags",
        "vehicle.engine_cc",
        "vehicle.manufactured",
    ] {
        if numbers.below(5) == 0 {
            facts.remove(name);
        }
    }
}
