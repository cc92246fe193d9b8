//! What a vehicle is known by over time, and the alarm when one VIN shows two living identities.

use tongguan_api::registry::v1 as pb;
use tongguan_api::registry::v1::identity_mark::Kind;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt;

use crate::house::{House, alarms, car, date, mark, transfer};

const VIN: &str = "LSVWY4180KN246094";
const OTHER: &str = "LBEHDAEB58Y038860";

on_every_database! { tongguan_registry::migrations();
    a_new_engine_keeps_the_old_number_in_the_history,
    a_second_registration_with_another_engine_raises_an_alarm,
    another_tenants_registration_raises_none,
    a_vin_stamped_anew_alarms_the_vehicle_that_has_the_number,
    a_mark_that_is_not_living_can_not_be_replaced,
    an_identity_names_every_wrong_field,
    no_plate_is_given_after_the_transfer,
    an_amendment_is_replayed_though_others_came_between,
}

async fn a_new_engine_keeps_the_old_number_in_the_history(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let after = house
        .identify(mark(VIN, Kind::Engine, "NEW1", "CLS123456"))
        .await;
    assert_eq!(after.details.as_ref().unwrap().engine_number, "NEW1");
    assert_eq!(alarms(&after), []);
    assert_eq!(house.get(VIN).await, after);
    let engines: Vec<_> = after
        .identities
        .iter()
        .filter(|mark| mark.kind() == Kind::Engine)
        .map(|mark| (mark.value.as_str(), mark.until))
        .collect();
    assert_eq!(
        engines,
        [("CLS123456", Some(date(2026, 1, 10))), ("NEW1", None)]
    );
    assert_eq!(house.kinds(VIN).await, ["REGISTERED", "IDENTITY_RECORDED"]);
}

async fn a_second_registration_with_another_engine_raises_an_alarm(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let twin = pb::RegisterVehicleRequest {
        vehicle: Some(pb::VehicleDetails {
            engine_number: "TWIN".into(),
            ..car(VIN)
        }),
        ..Default::default()
    };
    for _ in 0..2 {
        let refused = house
            .client
            .clone()
            .register_vehicle(house.ask(twin.clone()))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::AlreadyExists);
    }
    let alarmed = house.get(VIN).await;
    assert_eq!(alarms(&alarmed), [("VIN_TWO_IDENTITIES", true)]);
    assert!(
        !alarmed.notices[0].message.contains("TWIN"),
        "marks are no text"
    );
    assert_eq!(
        house.kinds(VIN).await,
        ["REGISTERED", "IDENTITY_CONTRADICTED"]
    );
    let solved = house
        .identify(mark(VIN, Kind::Engine, "CLS123456", "TWIN"))
        .await;
    assert_eq!(alarms(&solved), []);
}

async fn another_tenants_registration_raises_none(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let twin = pb::RegisterVehicleRequest {
        vehicle: Some(pb::VehicleDetails {
            engine_number: "TWIN".into(),
            ..car(VIN)
        }),
        ..Default::default()
    };
    let theirs = house
        .client
        .clone()
        .register_vehicle(house.ask_as("rival", twin))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(alarms(&theirs), []);
    assert_eq!(alarms(&house.get(VIN).await), []);
}

async fn a_vin_stamped_anew_alarms_the_vehicle_that_has_the_number(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    house.register(OTHER).await;
    let stamped = house
        .identify(mark(VIN, Kind::StampedVin, OTHER, VIN))
        .await;
    assert_eq!(alarms(&stamped), [("VIN_STAMPED_ANEW", false)]);
    let other = house.get(OTHER).await;
    assert!(alarms(&other).contains(&("VIN_TWO_IDENTITIES", true)));
}

async fn a_mark_that_is_not_living_can_not_be_replaced(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let request = mark(VIN, Kind::Engine, "NEW1", "NEVER");
    let refused = house
        .client
        .clone()
        .record_identity(house.ask(request))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let reason = refused.get_details_error_info().unwrap().reason;
    assert_eq!(reason, "IDENTITY_NOT_LIVING");
}

async fn an_identity_names_every_wrong_field(db: Database) {
    let house = House::over(db).await;
    let mut request = mark(VIN, Kind::StampedVin, "no VIN", "");
    request.vin = "short".into();
    request.mark.as_mut().unwrap().since = Some(date(2026, 1, 0));
    let refused = house
        .client
        .clone()
        .record_identity(house.ask(request))
        .await
        .unwrap_err();
    let violations = refused.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<&str> = violations.iter().map(|v| v.field.as_str()).collect();
    assert_eq!(fields, ["vin", "mark.since", "mark.value"]);
}

async fn no_plate_is_given_after_the_transfer(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let pending = house
        .client
        .clone()
        .record_transfer_pending_export(house.ask(transfer(VIN)))
        .await
        .unwrap()
        .into_inner();
    let plate = pending.identities.iter().find(|m| m.kind() == Kind::Plate);
    assert_eq!(plate.unwrap().until, Some(date(2026, 2, 20)));
    let refused = house
        .client
        .clone()
        .record_identity(house.ask(mark(VIN, Kind::Plate, "沪B00001", "")))
        .await
        .unwrap_err();
    let reason = refused.get_details_error_info().unwrap().reason;
    assert_eq!(reason, "TRANSFER_ALREADY_PENDING");
}

async fn an_amendment_is_replayed_though_others_came_between(db: Database) {
    let house = House::over(db).await;
    let amend = |etag: &str, field: &str, request_id: &str| pb::UpdateVehicleRequest {
        request_id: request_id.into(),
        vehicle: Some(pb::VehicleDetails {
            colour: "J".into(),
            seats: Some(4),
            ..car(VIN)
        }),
        update_mask: Some(tongguan_api::FieldMask {
            paths: vec![field.into()],
        }),
        etag: etag.into(),
        ..Default::default()
    };
    let registered = house.register(VIN).await;
    let update = async |request| {
        let answer = house
            .client
            .clone()
            .update_vehicle(house.ask(request))
            .await;
        answer.unwrap().into_inner()
    };
    let first = update(amend(&registered.etag, "colour", "a-1")).await;
    update(amend(&first.etag, "seats", "a-2")).await;
    house.clock.advance(time::Duration::days(2));
    let again = update(amend(&registered.etag, "colour", "a-1")).await;
    assert_eq!(again, first);
}
