//! What a registration certificate says, on the wire.

use tongguan_api::common::v1 as common;
use tongguan_api::registry::v1 as pb;
use tongguan_rpc::{Violations, wire};

use crate::domain::Details;

/// Colour letters of GA/T 24.
const COLOURS: &str = "ABCDEFGHIJ";
/// Use-nature letters of GA/T 24.
const USE_NATURES: &str = "ABCDEFGHIJKLMNOPQRSTU";

/// Decodes and checks a vehicle; `at` is the path of the field in the request.
pub(crate) fn decode(
    bad: &mut Violations,
    at: &str,
    vehicle: Option<pb::VehicleDetails>,
) -> Option<Details> {
    let vehicle = bad.required(at, vehicle)?;
    let mut wrong = Violations::default();
    let details = fields(&mut wrong, vehicle);
    // Paths are made for what is wrong only: most rows of an import are right.
    if let Err(invalid) = wrong.finish() {
        for violation in invalid.0 {
            bad.add(format!("{at}.{}", violation.field), violation.description);
        }
    }
    details
}

fn fields(bad: &mut Violations, vehicle: pb::VehicleDetails) -> Option<Details> {
    let vin = bad.parse("vin", &vehicle.vin);
    let category = bad.enumeration::<common::VehicleCategory>("category", vehicle.category);
    let powertrain = bad.enumeration::<common::Powertrain>("powertrain", vehicle.powertrain);
    let first_registered = bad.date("first_registered", vehicle.first_registered);
    let manufactured = bad.optional_date("manufactured", vehicle.manufactured);
    if let (Some(made), Some(registered)) = (manufactured, first_registered) {
        bad.check(made.first() <= registered.last(), "manufactured", || {
            format!("{made} is after the first registration {registered}")
        });
    }
    let nature = &vehicle.use_nature;
    bad.check(
        nature.len() == 1 && USE_NATURES.contains(nature.as_str()),
        "use_nature",
        || "is one letter of GA/T 24, A to U".to_owned(),
    );
    bad.check(
        vehicle
            .colour
            .chars()
            .all(|letter| COLOURS.contains(letter)),
        "colour",
        || "holds letters of GA/T 24, A to J".to_owned(),
    );
    let code = &vehicle.vehicle_type;
    let shaped = (2..=4).contains(&code.len())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    bad.check(shaped, "vehicle_type", || {
        "is a code of GA 802, such as K33".to_owned()
    });
    bad.check(
        stage_is_named(&vehicle.emission_stage),
        "emission_stage",
        || "names family and stage, such as china.6b or euro.5".to_owned(),
    );
    ranges(bad, &vehicle);
    let text = |bad: &mut Violations, name: &str, value: &str| bad.optional_text(name, value, 120);
    Some(Details {
        brand: bad.text("brand", &vehicle.brand, 120),
        model: bad.text("model", &vehicle.model, 120),
        manufacturer: text(bad, "manufacturer", &vehicle.manufacturer),
        engine_number: text(bad, "engine_number", &vehicle.engine_number),
        battery_id: text(bad, "battery_id", &vehicle.battery_id),
        certificate_number: text(bad, "certificate_number", &vehicle.certificate_number),
        plate: text(bad, "plate", &vehicle.plate),
        fuel: name(vehicle.fuel().as_str_name(), "FUEL_"),
        steering: name(vehicle.steering().as_str_name(), "STEERING_"),
        vin: vin?,
        category: name(category?.as_str_name(), "VEHICLE_CATEGORY_"),
        powertrain: name(powertrain?.as_str_name(), "POWERTRAIN_"),
        vehicle_type: vehicle.vehicle_type,
        use_nature: vehicle.use_nature,
        colour: vehicle.colour,
        engine_cc: vehicle.engine_cc,
        power_kw: vehicle.power_kw,
        gross_mass_kg: vehicle.gross_mass_kg,
        curb_mass_kg: vehicle.curb_mass_kg,
        seats: vehicle.seats,
        emission_stage: vehicle.emission_stage,
        manufactured,
        model_year: (vehicle.model_year != 0).then_some(vehicle.model_year),
        first_registered: first_registered?,
        imported: vehicle.imported,
        modified: vehicle.modified,
    })
}

fn ranges(bad: &mut Violations, vehicle: &pb::VehicleDetails) {
    let bounded = [
        ("engine_cc", vehicle.engine_cc, 50, 30_000),
        ("gross_mass_kg", vehicle.gross_mass_kg, 100, 120_000),
        ("curb_mass_kg", vehicle.curb_mass_kg, 100, 60_000),
        ("seats", vehicle.seats, 0, 200),
        (
            "model_year",
            (vehicle.model_year != 0).then_some(vehicle.model_year),
            1_886,
            2_199,
        ),
    ];
    for (name, value, low, high) in bounded {
        let inside = value.is_none_or(|value| (low..=high).contains(&value));
        bad.check(inside, name, || format!("is outside {low} to {high}"));
    }
    let power = vehicle
        .power_kw
        .is_none_or(|power| (0.5..=2_000.0).contains(&power));
    bad.check(power, "power_kw", || "is outside 0.5 to 2,000".to_owned());
}

fn stage_is_named(stage: &str) -> bool {
    stage.is_empty()
        || stage
            .split_once('.')
            .is_some_and(|(family, level)| !family.is_empty() && !level.is_empty())
}

/// The bare name of an enum value; empty where unspecified.
fn name(full: &str, prefix: &str) -> String {
    match full.strip_prefix(prefix) {
        Some("UNSPECIFIED") | None => String::new(),
        Some(name) => name.to_owned(),
    }
}

impl From<Details> for pb::VehicleDetails {
    fn from(details: Details) -> Self {
        let category = common::VehicleCategory::from_str_name(&format!(
            "VEHICLE_CATEGORY_{}",
            details.category
        ));
        let powertrain =
            common::Powertrain::from_str_name(&format!("POWERTRAIN_{}", details.powertrain));
        let fuel = common::Fuel::from_str_name(&format!("FUEL_{}", details.fuel));
        let steering = common::Steering::from_str_name(&format!("STEERING_{}", details.steering));
        Self {
            vin: details.vin.into(),
            brand: details.brand,
            model: details.model,
            manufacturer: details.manufacturer,
            category: category.unwrap_or_default().into(),
            vehicle_type: details.vehicle_type,
            use_nature: details.use_nature,
            colour: details.colour,
            powertrain: powertrain.unwrap_or_default().into(),
            fuel: fuel.unwrap_or_default().into(),
            steering: steering.unwrap_or_default().into(),
            engine_number: details.engine_number,
            battery_id: details.battery_id,
            engine_cc: details.engine_cc,
            power_kw: details.power_kw,
            gross_mass_kg: details.gross_mass_kg,
            curb_mass_kg: details.curb_mass_kg,
            seats: details.seats,
            emission_stage: details.emission_stage,
            manufactured: details.manufactured.map(wire::date),
            model_year: details.model_year.unwrap_or_default(),
            first_registered: Some(wire::date(details.first_registered)),
            imported: details.imported,
            modified: details.modified,
            certificate_number: details.certificate_number,
            plate: details.plate,
        }
    }
}
