//! The twelve rules in `cedar-policy`: one `forbid … unless` each under a `permit`, so that every one is answered.

use cedar_policy::{Authorizer, Context, Decision, Entities, PolicySet, Request};

const RULES: [&str; 12] = [
    r#"!(["M1", "N1"].contains(context.vehicle.category)) || context.trip.arrival_year - context.vehicle.first_registered_year <= 7"#,
    "context.trip.arrival <= context.vehicle.manufactured_plus_10y",
    r#"context.vehicle.category != "M1" || (context.vehicle.steering == "RHD" && !context.vehicle.converted_steering)"#,
    r#"context.vehicle.fuel != "diesel" || context.vehicle.euro >= 5"#,
    r#"!(context.vehicle.damage.contains("flood")) && !(context.vehicle.damage.contains("fire")) && !(context.vehicle.damage.contains("structural"))"#,
    "context.vehicle.odometer_km <= 150000",
    r#"!(["BEV", "PHEV"].contains(context.vehicle.powertrain)) || context.vehicle.battery_soh_tenths >= 800"#,
    "context.trip.bill_of_lading < 739981 || context.vehicle.gross_mass_kg <= 3500 || context.vehicle.seats > 9",
    r#"["CN", "JP", "AE", "GB"].contains(context.trip.dispatch_country)"#,
    r#"context.importer.kind != "individual" || context.importer.imports_this_period < 2"#,
    "context.trip.bill_of_lading - context.vehicle.first_registered > 180 || context.vehicle.odometer_km <= 1000",
    r#"context.vehicle.airbags >= 2 && context.vehicle.equipment.contains("abs")"#,
];

pub(crate) struct Twelve {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    request: Request,
}

impl Twelve {
    pub(crate) fn new(facts: &serde_json::Value) -> Self {
        let rules =
            RULES.map(|rule| format!("forbid(principal, action, resource) unless {{ {rule} }};\n"));
        let text = format!("permit(principal, action, resource);\n{}", rules.concat());
        let mut facts = facts.clone();
        // Cedar has no decimals in comparisons: tenths of a percent.
        let vehicle = facts["vehicle"].as_object_mut().expect("an object");
        let soh = vehicle
            .remove("battery_soh_percent")
            .and_then(|soh| soh.as_f64())
            .expect("a number");
        vehicle.insert("battery_soh_tenths".into(), ((soh * 10.0) as i64).into());
        let context = Context::from_json_value(facts, None).expect("a context");
        let uid = |text: &str| text.parse().expect("an entity");
        Self {
            authorizer: Authorizer::new(),
            policies: text.parse().expect("policies"),
            entities: Entities::empty(),
            request: Request::new(
                uid(r#"P::"p""#),
                uid(r#"Action::"enter""#),
                uid(r#"M::"m""#),
                context,
                None,
            )
            .expect("a request"),
        }
    }

    pub(crate) fn all(&self) -> bool {
        self.authorizer
            .is_authorized(&self.request, &self.policies, &self.entities)
            .decision()
            == Decision::Allow
    }
}
