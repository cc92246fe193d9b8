//! Amendments: the fields of the mask change and no other, and everything wrong is named at once.

use tongguan_api::common::v1 as common;
use tongguan_api::registry::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt;

use crate::house::{House, car, date};

const VIN: &str = "LSVWY4180KN246094";

on_every_database! { tongguan_registry::migrations();
    each_field_of_the_mask_changes_alone,
    a_mask_changes_what_it_names_together_and_empties_too,
    everything_wrong_with_an_amendment_is_named_at_once,
    a_mixture_that_contradicts_itself_is_refused_and_changes_nothing,
    a_car_does_not_become_a_three_wheeler,
}

/// Differs from [`car`] in every field but the VIN.
fn other() -> pb::VehicleDetails {
    pb::VehicleDetails {
        vin: VIN.into(),
        brand: "比亚迪".into(),
        model: "BYD7000".into(),
        manufacturer: "比亚迪汽车有限公司".into(),
        category: common::VehicleCategory::N1.into(),
        vehicle_type: "K32".into(),
        use_nature: "D".into(),
        colour: "J".into(),
        powertrain: common::Powertrain::Bev.into(),
        fuel: common::Fuel::Diesel.into(),
        steering: common::Steering::Right.into(),
        engine_number: "NEW1".into(),
        battery_id: "0B2PE01234567890ABCDEF12".into(),
        engine_cc: Some(1_498),
        power_kw: Some(90.0),
        gross_mass_kg: Some(1_800),
        curb_mass_kg: Some(1_300),
        seats: Some(7),
        emission_stage: "china.6b".into(),
        manufactured: Some(date(2019, 6, 0)),
        model_year: 2_020,
        first_registered: Some(date(2019, 9, 1)),
        imported: true,
        modified: true,
        certificate_number: "310000000001".into(),
        plate: "沪B00001".into(),
    }
}

macro_rules! fields {
    ($($field:ident),+ $(,)?) => {
        /// Each field by name, and how it is taken over.
        fn fields() -> Vec<(&'static str, fn(&mut pb::VehicleDetails, &pb::VehicleDetails))> {
            vec![$((stringify!($field), |to, from| to.$field.clone_from(&from.$field))),+]
        }
    };
}

fields!(
    brand,
    model,
    manufacturer,
    category,
    vehicle_type,
    use_nature,
    colour,
    powertrain,
    fuel,
    steering,
    engine_number,
    battery_id,
    engine_cc,
    power_kw,
    gross_mass_kg,
    curb_mass_kg,
    seats,
    emission_stage,
    manufactured,
    model_year,
    first_registered,
    imported,
    modified,
    certificate_number,
    plate,
);

async fn update(
    house: &House,
    vehicle: pb::VehicleDetails,
    paths: &[&str],
    etag: &str,
) -> Result<pb::Vehicle, tonic::Status> {
    let request = pb::UpdateVehicleRequest {
        vehicle: Some(vehicle),
        update_mask: Some(tongguan_api::FieldMask {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        }),
        etag: etag.into(),
        reason: "corrected".into(),
        ..Default::default()
    };
    let answer = house
        .client
        .clone()
        .update_vehicle(house.ask(request))
        .await;
    answer.map(tonic::Response::into_inner)
}

async fn each_field_of_the_mask_changes_alone(db: Database) {
    let house = House::over(db).await;
    let registered = house.register(VIN).await;
    let (mut expected, mut etag) = (registered.details.unwrap(), registered.etag);
    assert_eq!(fields().len(), 25, "every field but the VIN");
    for (field, take) in fields() {
        let before = expected.clone();
        take(&mut expected, &other());
        assert_ne!(expected, before, "{field} differs");
        let after = update(&house, other(), &[field], &etag).await.unwrap();
        assert_eq!(after.details.as_ref(), Some(&expected), "{field}");
        etag = after.etag;
    }
    assert_eq!(expected, other());
}

async fn a_mask_changes_what_it_names_together_and_empties_too(db: Database) {
    let house = House::over(db).await;
    let registered = house.register(VIN).await;
    let emptied = pb::VehicleDetails {
        plate: String::new(),
        engine_cc: None,
        ..other()
    };
    let after = update(
        &house,
        emptied,
        &["plate", "engine_cc", "colour"],
        &registered.etag,
    )
    .await;
    let expected = pb::VehicleDetails {
        plate: String::new(),
        engine_cc: None,
        colour: "J".into(),
        ..car(VIN)
    };
    assert_eq!(after.unwrap().details, Some(expected));
}

async fn everything_wrong_with_an_amendment_is_named_at_once(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let wrong = pb::VehicleDetails {
        use_nature: "?".into(),
        seats: Some(900),
        ..car(VIN)
    };
    let refused = update(
        &house,
        wrong,
        &["vin", "colour", "wheels", "colour.first"],
        "",
    )
    .await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let named: Vec<(&str, &str)> = violations
        .iter()
        .map(|wrong| (wrong.field.as_str(), wrong.description.as_str()))
        .collect();
    let fields: Vec<&str> = named.iter().map(|(field, _)| *field).collect();
    let mask = "update_mask";
    assert_eq!(
        fields,
        [
            "etag",
            mask,
            mask,
            mask,
            "vehicle.use_nature",
            "vehicle.seats"
        ]
    );
    for (place, path) in [(1, "\"vin\""), (2, "\"wheels\""), (3, "\"colour.first\"")] {
        assert!(named[place].1.contains(path), "{named:?}");
    }
    let unmasked = update(&house, car(VIN), &[], "v1").await.unwrap_err();
    assert_eq!(unmasked.code(), Code::InvalidArgument);
}

async fn a_mixture_that_contradicts_itself_is_refused_and_changes_nothing(db: Database) {
    let house = House::over(db).await;
    let registered = house.register(VIN).await;
    // Each half is right by itself: made in 2020 and registered then; but the registration stays as it was, in 2019.
    let later = pb::VehicleDetails {
        manufactured: Some(date(2020, 5, 0)),
        first_registered: Some(date(2020, 8, 15)),
        ..car(VIN)
    };
    let refused = update(&house, later.clone(), &["manufactured"], &registered.etag).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(violations[0].field, "vehicle.manufactured");
    let both = ["manufactured", "first_registered"];
    let after = update(&house, later, &both, &registered.etag)
        .await
        .unwrap();
    assert_eq!(after.version, 2, "the refused one left no version");
}

async fn a_car_does_not_become_a_three_wheeler(db: Database) {
    let house = House::over(db).await;
    let registered = house.register(VIN).await;
    let three_wheeler = pb::VehicleDetails {
        vehicle_type: "N11".into(),
        ..car(VIN)
    };
    let refused = update(&house, three_wheeler, &["vehicle_type"], &registered.etag).await;
    let reason = refused
        .unwrap_err()
        .get_details_error_info()
        .unwrap()
        .reason;
    assert_eq!(reason, "NOT_A_USED_CAR");
}
