//! What the registry answers to good requests.

use tokio_stream::StreamExt;
use tongguan_api::common::v1::Problem;
use tongguan_api::registry::v1 as pb;
use tongguan_rpc::wire;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;

use crate::house::{House, car, date, transfer};

const VIN: &str = "LSVWY4180KN246094";
const OTHER: &str = "LBEHDAEB58Y038860";

on_every_database! { tongguan_registry::migrations();
    a_registered_vehicle_is_read_back_as_written,
    the_same_request_id_answers_the_same_vehicle,
    a_transfer_pending_export_closes_the_domestic_market,
    what_was_known_then_can_be_asked_now,
    a_stolen_flag_and_a_mortgage_show_as_prohibited_situations,
    a_list_is_paged_by_vin_and_stable_while_vehicles_arrive,
    an_amendment_needs_the_etag_that_was_read,
    a_batch_answers_row_by_row,
    an_import_resumes_where_it_broke,
    a_watch_misses_nothing_and_repeats_nothing,
    another_tenants_vehicle_looks_like_a_missing_one,
}

async fn a_registered_vehicle_is_read_back_as_written(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let get = pb::GetVehicleRequest {
        vin: VIN.into(),
        as_of: None,
    };
    let read = house
        .client
        .clone()
        .get_vehicle(house.ask(get))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(read.details, Some(car(VIN)));
    assert_eq!(read.version, 1);
    assert_eq!(
        read.scrapping.unwrap().verdict(),
        pb::scrapping::Verdict::NoYearLimit
    );
}

async fn the_same_request_id_answers_the_same_vehicle(db: Database) {
    let house = House::over(db).await;
    let request = pb::RegisterVehicleRequest {
        request_id: "r-1".into(),
        vehicle: Some(car(VIN)),
        ..Default::default()
    };
    let first = house
        .client
        .clone()
        .register_vehicle(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    house.clock.advance(time::Duration::hours(1));
    let again = house
        .client
        .clone()
        .register_vehicle(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    let other = pb::RegisterVehicleRequest {
        vehicle: Some(car(OTHER)),
        ..request
    };
    let refused = house
        .client
        .clone()
        .register_vehicle(house.ask(other))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}

async fn a_transfer_pending_export_closes_the_domestic_market(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let pending = house
        .client
        .clone()
        .record_transfer_pending_export(house.ask(transfer(VIN)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(pending.state(), pb::vehicle::State::TransferPendingExport);
    assert_eq!(pending.details.unwrap().plate, "");
    let again = pb::RecordTransferPendingExportRequest {
        request_id: "transfer-2".into(),
        ..transfer(VIN)
    };
    let refused = house
        .client
        .clone()
        .record_transfer_pending_export(house.ask(again))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
}

async fn what_was_known_then_can_be_asked_now(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let before = house.clock.now();
    house.clock.advance(time::Duration::days(3));
    house
        .client
        .clone()
        .record_transfer_pending_export(house.ask(transfer(VIN)))
        .await
        .unwrap();
    let then = pb::GetVehicleRequest {
        vin: VIN.into(),
        as_of: Some(wire::timestamp(before)),
    };
    let known = house
        .client
        .clone()
        .get_vehicle(house.ask(then))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(known.state(), pb::vehicle::State::Registered);
    let long_before = before - time::Duration::days(400);
    let never = pb::GetVehicleRequest {
        vin: VIN.into(),
        as_of: Some(wire::timestamp(long_before)),
    };
    assert_eq!(
        house
            .client
            .clone()
            .get_vehicle(house.ask(never))
            .await
            .unwrap_err()
            .code(),
        tonic::Code::NotFound
    );
}

async fn a_stolen_flag_and_a_mortgage_show_as_prohibited_situations(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let stolen = pb::RecordStatusRequest {
        vin: VIN.into(),
        letters: vec!["C".into(), "G".into()],
        ..Default::default()
    };
    house
        .client
        .clone()
        .record_status(house.ask(stolen))
        .await
        .unwrap();
    let mortgage = pb::RecordEncumbranceRequest {
        request_id: "m-1".into(),
        vin: VIN.into(),
        encumbrance: Some(pb::Encumbrance {
            kind: pb::encumbrance::Kind::Mortgage.into(),
            legal_basis: "DY-2024-001".into(),
            since: Some(date(2024, 1, 0)),
            ..Default::default()
        }),
    };
    let burdened = house
        .client
        .clone()
        .record_encumbrance(house.ask(mortgage.clone()))
        .await
        .unwrap()
        .into_inner();
    let numbers: Vec<u32> = burdened
        .prohibitions
        .iter()
        .map(|prohibition| prohibition.number)
        .collect();
    assert_eq!(numbers, [2, 4, 9]);
    let replayed = house
        .client
        .clone()
        .record_encumbrance(house.ask(mortgage))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(replayed.encumbrances, burdened.encumbrances);
    let lift = pb::LiftEncumbranceRequest {
        vin: VIN.into(),
        encumbrance: burdened.encumbrances[0].id.clone(),
        date: Some(date(2026, 3, 1)),
        ..Default::default()
    };
    let free = house
        .client
        .clone()
        .lift_encumbrance(house.ask(lift))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(free.prohibitions.len(), 2);
    assert_eq!(free.encumbrances.len(), 1);
}

async fn a_list_is_paged_by_vin_and_stable_while_vehicles_arrive(db: Database) {
    let house = House::over(db).await;
    for serial in [1, 3, 5] {
        house.register(&format!("LSVWY4180KN24609{serial}")).await;
    }
    let list = |page_token: String| pb::ListVehiclesRequest {
        page_size: 2,
        page_token,
        ..Default::default()
    };
    let first = house
        .client
        .clone()
        .list_vehicles(house.ask(list(String::new())))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.vehicles.len(), 2);
    house.register("LSVWY4180KN246092").await;
    let second = house
        .client
        .clone()
        .list_vehicles(house.ask(list(first.next_page_token)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(second.vehicles.len(), 1);
    assert_eq!(second.next_page_token, "");
    let by_plate = pb::ListVehiclesRequest {
        plate: "沪A00000".into(),
        ..Default::default()
    };
    assert!(
        house
            .client
            .clone()
            .list_vehicles(house.ask(by_plate))
            .await
            .unwrap()
            .into_inner()
            .vehicles
            .is_empty()
    );
}

async fn an_amendment_needs_the_etag_that_was_read(db: Database) {
    let house = House::over(db).await;
    let registered = house.register(VIN).await;
    let amend = |etag: &str| pb::UpdateVehicleRequest {
        vehicle: Some(pb::VehicleDetails {
            colour: "J".into(),
            ..car(VIN)
        }),
        update_mask: Some(tongguan_api::FieldMask {
            paths: vec!["colour".into()],
        }),
        etag: etag.into(),
        reason: "repainted".into(),
        ..Default::default()
    };
    let stale = house
        .client
        .clone()
        .update_vehicle(house.ask(amend("v9")))
        .await
        .unwrap_err();
    assert_eq!(stale.code(), tonic::Code::Aborted);
    let amended = house
        .client
        .clone()
        .update_vehicle(house.ask(amend(&registered.etag)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(amended.details.unwrap().colour, "J");
    let events = pb::ListVehicleEventsRequest {
        vin: VIN.into(),
        ..Default::default()
    };
    let events = house
        .client
        .clone()
        .list_vehicle_events(house.ask(events))
        .await
        .unwrap()
        .into_inner()
        .events;
    assert_eq!(
        events
            .iter()
            .map(|event| event.kind.as_str())
            .collect::<Vec<_>>(),
        ["REGISTERED", "AMENDED"]
    );
    assert_eq!(
        (events[1].actor.as_str(), events[1].reason.as_str()),
        ("tester", "repainted")
    );
}

async fn a_batch_answers_row_by_row(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let mut wrong = car("LSVWY4180KN246O94");
    wrong.brand = String::new();
    let batch = pb::BatchRegisterVehiclesRequest {
        vehicles: vec![car(VIN), wrong, car(OTHER)],
        ..Default::default()
    };
    let results = house
        .client
        .clone()
        .batch_register_vehicles(house.ask(batch))
        .await
        .unwrap()
        .into_inner()
        .results;
    let reasons: Vec<_> = results
        .iter()
        .map(|row| row.problem.as_ref().map(Problem::reason))
        .collect();
    use tongguan_api::common::v1::ErrorReason::{InvalidFields, VinTaken};
    assert_eq!(reasons, [Some(VinTaken), Some(InvalidFields), None]);
    assert_eq!(
        results[1].problem.as_ref().unwrap().field_violations.len(),
        2
    );
}

async fn an_import_resumes_where_it_broke(db: Database) {
    let house = House::over(db).await;
    let message = |first_row, vins: &[&str]| pb::ImportVehiclesRequest {
        import_id: "2026-q1".into(),
        first_row,
        vehicles: vins.iter().map(|vin| car(vin)).collect(),
    };
    let broken = tokio_stream::iter([message(0, &[VIN])]);
    let mut answers = house
        .client
        .clone()
        .import_vehicles(house.ask(broken))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answers.next().await.unwrap().unwrap().next_row, 1);
    let resumed = tokio_stream::iter([message(0, &[VIN, OTHER])]);
    let mut answers = house
        .client
        .clone()
        .import_vehicles(house.ask(resumed))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.next().await.unwrap().unwrap();
    assert_eq!((answer.next_row, answer.stored), (2, 1));
    assert!(answer.results[0].already_stored);
}

async fn a_watch_misses_nothing_and_repeats_nothing(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let watch = |resume_token: String| pb::WatchVehiclesRequest { resume_token };
    let mut events = house
        .client
        .clone()
        .watch_vehicles(house.ask(watch(String::new())))
        .await
        .unwrap()
        .into_inner();
    let first = events.next().await.unwrap().unwrap();
    assert_eq!((first.vin.as_str(), first.version), (VIN, 1));
    house.register(OTHER).await;
    let mut resumed = house
        .client
        .clone()
        .watch_vehicles(house.ask(watch(first.resume_token)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(resumed.next().await.unwrap().unwrap().vin, OTHER);
}

async fn another_tenants_vehicle_looks_like_a_missing_one(db: Database) {
    let house = House::over(db).await;
    house.register(VIN).await;
    let get = |vin: &str| pb::GetVehicleRequest {
        vin: vin.into(),
        as_of: None,
    };
    let foreign = house
        .client
        .clone()
        .get_vehicle(house.ask_as("rival", get(VIN)))
        .await
        .unwrap_err();
    let missing = house
        .client
        .clone()
        .get_vehicle(house.ask_as("rival", get(OTHER)))
        .await
        .unwrap_err();
    assert_eq!(foreign.code(), tonic::Code::NotFound);
    assert_eq!(
        foreign.message().replace(VIN, ""),
        missing.message().replace(OTHER, "")
    );
}
