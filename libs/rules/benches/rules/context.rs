//! The car as engines without dates are told it: day numbers and an emission stage prepared beforehand.

/// The facts as JSON, nested as in the fact schema.
pub(crate) fn context() -> serde_json::Value {
    serde_json::json!({
        "vehicle": {
            "category": "M1", "first_registered_year": 2021, "first_registered": 738_258, "manufactured_plus_10y": 741_842,
            "steering": "RHD", "converted_steering": false, "fuel": "diesel", "euro": 6, "damage": [], "odometer_km": 88_000,
            "powertrain": "PHEV", "battery_soh_percent": 92.5, "gross_mass_kg": 2_210, "seats": 5, "airbags": 6,
            "equipment": ["abs", "esc"],
        },
        "trip": { "arrival_year": 2026, "arrival": 740_134, "bill_of_lading": 740_104, "dispatch_country": "CN" },
        "importer": { "kind": "individual", "imports_this_period": 0 },
    })
}
