//! What the registry refuses, and that a refusal leaves nothing behind.

use tongguan_api::registry::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt;

use crate::house::{House, car, date};

const VIN: &str = "LSVWY4180KN246094";

on_every_database! { tongguan_registry::migrations();
    every_wrong_field_is_named_at_once,
    a_refusal_stores_nothing,
    nobody_without_a_token_or_scope_is_answered,
    an_odometer_reading_without_unit_is_refused,
    a_damaged_page_token_is_refused,
    a_vin_with_look_alikes_is_named_and_never_mended,
}

async fn every_wrong_field_is_named_at_once(db: Database) {
    let house = House::over(db).await;
    let mut wrong = car("LSVWY4180KN24609");
    wrong.category = 0;
    wrong.powertrain = 99;
    wrong.first_registered = Some(date(1850, 1, 1));
    wrong.use_nature = "Z".into();
    wrong.seats = Some(900);
    wrong.model = "x".repeat(500);
    let request = pb::RegisterVehicleRequest {
        vehicle: Some(wrong),
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .register_vehicle(house.ask(request))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let fields: Vec<String> = refused
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|v| v.field)
        .collect();
    for field in [
        "vin",
        "category",
        "powertrain",
        "first_registered",
        "use_nature",
        "seats",
        "model",
    ] {
        assert!(
            fields.contains(&format!("vehicle.{field}")),
            "{field} missing in {fields:?}"
        );
    }
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "INVALID_FIELDS"
    );
}

async fn a_refusal_stores_nothing(db: Database) {
    let house = House::over(db).await;
    let request = pb::RegisterVehicleRequest {
        vehicle: Some(car(VIN)),
        validate_only: true,
        ..Default::default()
    };
    house
        .client
        .clone()
        .register_vehicle(house.ask(request))
        .await
        .unwrap();
    let get = pb::GetVehicleRequest {
        vin: VIN.into(),
        as_of: None,
    };
    assert_eq!(
        house
            .client
            .clone()
            .get_vehicle(house.ask(get))
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
}

async fn nobody_without_a_token_or_scope_is_answered(db: Database) {
    let house = House::over(db).await;
    let get = pb::GetVehicleRequest {
        vin: VIN.into(),
        as_of: None,
    };
    let refused = house.client.clone().get_vehicle(get).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "UNAUTHENTICATED"
    );
}

async fn an_odometer_reading_without_unit_is_refused(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let request = pb::RecordOdometerRequest {
        vin: VIN.into(),
        reading: Some(pb::OdometerReading {
            odometer: Some(tongguan_api::common::v1::Odometer {
                value: 50_000,
                unit: 0,
            }),
            date: Some(date(2026, 1, 0)),
            source: 0,
            document: String::new(),
        }),
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .record_odometer(house.ask(request))
        .await
        .unwrap_err();
    assert_eq!(
        refused
            .get_details_bad_request()
            .unwrap()
            .field_violations
            .len(),
        3
    );
}

async fn a_damaged_page_token_is_refused(db: Database) {
    let house = House::over(db).await;
    let request = pb::ListVehiclesRequest {
        page_token: "AAAA".into(),
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .list_vehicles(house.ask(request))
        .await
        .unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "PAGE_TOKEN_INVALID"
    );
}

async fn a_vin_with_look_alikes_is_named_and_never_mended(db: Database) {
    let house = House::over(db).await;
    for (given, named) in [
        ("LSVWY418OKN246094", "'O' at position 9"),
        ("ｌSVWY4180KN246094", "'ｌ' at position 1"),
        ("lsvwy4180kn246094", "'l' at position 1"),
        (" LSVWY4180KN246094", "has 18"),
    ] {
        let request = pb::RegisterVehicleRequest {
            vehicle: Some(car(given)),
            ..Default::default()
        };
        let refused = house
            .client
            .clone()
            .register_vehicle(house.ask(request))
            .await
            .unwrap_err();
        let violations = refused.get_details_bad_request().unwrap().field_violations;
        assert_eq!(violations[0].field, "vehicle.vin");
        let description = &violations[0].description;
        assert!(description.contains(named), "{description}");
    }
    let list = pb::ListVehiclesRequest::default();
    let listed = house.client.clone().list_vehicles(house.ask(list)).await;
    assert_eq!(listed.unwrap().into_inner().vehicles, []);
    let ask = pb::DecodeVinRequest {
        text: "LSVWY418OKN246094".into(),
        first_registered: None,
    };
    let decoded = house.client.clone().decode_vin(house.ask(ask)).await;
    let decoded = decoded.unwrap().into_inner();
    assert!(!decoded.valid);
    assert_eq!(
        (decoded.repairs, decoded.repair_count),
        (vec![VIN.to_owned()], 1)
    );
    let ask = pb::DecodeVinRequest {
        text: "LSVWY4180KN246904".into(),
        first_registered: None,
    };
    let decoded = house.client.clone().decode_vin(house.ask(ask)).await;
    let decoded = decoded.unwrap().into_inner();
    assert_eq!(decoded.repairs.len(), 20);
    assert!(decoded.repair_count > 20, "{}", decoded.repair_count);
}
