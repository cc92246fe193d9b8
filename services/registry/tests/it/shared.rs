//! One engine or battery on two living vehicles: both are alarmed when it is written, and relieved when one ends.

use tongguan_api::registry::v1 as pb;
use tongguan_api::registry::v1::identity_mark::Kind;
use tongguan_rpc::wire;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;

use crate::house::{House, alarms, car, date, mark, vin};

on_every_database! { tongguan_registry::migrations();
    one_engine_number_on_two_living_vehicles_alarms_both,
    a_registration_that_was_alarmed_is_replayed_as_it_was_answered,
    the_alarm_ends_with_either_vehicle_and_stays_known_of_then,
    a_battery_written_by_an_amendment_alarms_both,
    rows_of_a_batch_and_of_an_import_alarm_each_other_and_nobody_twice,
    what_is_deregistered_or_another_tenants_does_not_count,
    a_vin_stamped_anew_is_no_second_vehicle,
    a_mark_that_only_lives_beside_another_counts_too,
    a_number_of_another_maker_is_a_hint,
}

async fn register(house: &House, vehicle: pb::VehicleDetails) -> pb::Vehicle {
    let request = pb::RegisterVehicleRequest {
        request_id: format!("r-{}", vehicle.vin),
        vehicle: Some(vehicle),
        ..Default::default()
    };
    house.register_as(request).await
}

fn with_engine(number: u32, engine: &str) -> pb::VehicleDetails {
    pb::VehicleDetails {
        engine_number: engine.into(),
        ..car(&vin(number))
    }
}

async fn deregister(house: &House, number: u32) -> pb::Vehicle {
    let request = pb::DeregisterVehicleRequest {
        vin: vin(number),
        date: Some(date(2026, 3, 1)),
        reason: "EXPORTED".into(),
        document: "注销 1".into(),
        ..Default::default()
    };
    let answer = house
        .client
        .clone()
        .deregister_vehicle(house.ask(request))
        .await;
    answer.unwrap().into_inner()
}

async fn identify(
    house: &House,
    number: u32,
    kind: Kind,
    value: &str,
    replaces: &str,
) -> pb::Vehicle {
    let request = mark(&vin(number), kind, value, replaces);
    house.identify(request).await
}

const ENGINE: [(&str, bool); 1] = [("ENGINE_ON_TWO_VINS", true)];

async fn one_engine_number_on_two_living_vehicles_alarms_both(db: Database) {
    let house = House::over(db).await;
    let first = register(&house, with_engine(1, "E1")).await;
    assert_eq!(alarms(&first), []);
    let second = register(&house, with_engine(2, "E1")).await;
    assert_eq!(alarms(&second), ENGINE, "the answer shows it at once");
    assert_eq!(
        house.get(&vin(2)).await,
        second,
        "its etag is the one to amend with"
    );
    assert_eq!(alarms(&house.get(&vin(1)).await), ENGINE);
    for number in [1, 2] {
        assert_eq!(
            house.kinds(&vin(number)).await,
            ["REGISTERED", "IDENTITY_SHARED"]
        );
    }
    let request = pb::ListVehicleEventsRequest {
        vin: vin(1),
        ..Default::default()
    };
    let events = house
        .client
        .clone()
        .list_vehicle_events(house.ask(request))
        .await;
    let told = events.unwrap().into_inner().events.remove(1);
    assert_eq!(told.actor, "tester");
    assert!(
        told.change_json.contains(&vin(2)),
        "the event names the other vehicle"
    );
}

async fn a_registration_that_was_alarmed_is_replayed_as_it_was_answered(db: Database) {
    let house = House::over(db).await;
    register(&house, with_engine(1, "E1")).await;
    let second = register(&house, with_engine(2, "E1")).await;
    house.clock.advance(time::Duration::days(1));
    identify(&house, 2, Kind::Engine, "E2", "E1").await;
    assert_eq!(register(&house, with_engine(2, "E1")).await, second);
}

async fn the_alarm_ends_with_either_vehicle_and_stays_known_of_then(db: Database) {
    let house = House::over(db).await;
    register(&house, with_engine(1, "E1")).await;
    register(&house, with_engine(2, "E1")).await;
    register(&house, with_engine(3, "E1")).await;
    let then = house.clock.now();
    house.clock.advance(time::Duration::days(1));
    assert_eq!(alarms(&deregister(&house, 3).await), []);
    assert_eq!(alarms(&house.get(&vin(1)).await), ENGINE, "two are left");
    assert_eq!(
        alarms(&identify(&house, 2, Kind::Engine, "E2", "E1").await),
        []
    );
    assert_eq!(alarms(&house.get(&vin(1)).await), []);
    let told = house.kinds(&vin(1)).await;
    assert_eq!(
        told,
        ["REGISTERED", "IDENTITY_SHARED", "IDENTITY_SHARED_NO_MORE"]
    );
    let request = pb::GetVehicleRequest {
        vin: vin(1),
        as_of: Some(wire::timestamp(then)),
    };
    let known = house.client.clone().get_vehicle(house.ask(request)).await;
    assert_eq!(alarms(&known.unwrap().into_inner()), ENGINE);
    // Free again, the number alarms again.
    register(&house, with_engine(4, "E1")).await;
    assert_eq!(alarms(&house.get(&vin(1)).await), ENGINE);
}

async fn a_battery_written_by_an_amendment_alarms_both(db: Database) {
    let house = House::over(db).await;
    let electric = pb::VehicleDetails {
        battery_id: "0B2PE01234567890ABCDEF12".into(),
        ..car(&vin(1))
    };
    register(&house, electric.clone()).await;
    let other = register(&house, car(&vin(2))).await;
    let amend = pb::UpdateVehicleRequest {
        vehicle: Some(pb::VehicleDetails {
            vin: vin(2),
            ..electric
        }),
        update_mask: Some(tongguan_api::FieldMask {
            paths: vec!["battery_id".into()],
        }),
        etag: other.etag,
        ..Default::default()
    };
    let amended = house.client.clone().update_vehicle(house.ask(amend)).await;
    let amended = amended.unwrap().into_inner();
    let battery = [("BATTERY_ON_TWO_VINS", true)];
    assert_eq!(alarms(&amended), battery);
    assert_eq!(house.get(&vin(2)).await, amended);
    assert_eq!(alarms(&house.get(&vin(1)).await), battery);
    assert_eq!(
        house.kinds(&vin(2)).await,
        ["REGISTERED", "AMENDED", "IDENTITY_SHARED"]
    );
}

async fn rows_of_a_batch_and_of_an_import_alarm_each_other_and_nobody_twice(db: Database) {
    let house = House::over(db).await;
    let batch = pb::BatchRegisterVehiclesRequest {
        vehicles: vec![
            with_engine(1, "E1"),
            with_engine(2, "E1"),
            with_engine(3, "E3"),
        ],
        ..Default::default()
    };
    house
        .client
        .clone()
        .batch_register_vehicles(house.ask(batch))
        .await
        .unwrap();
    let import = pb::ImportVehiclesRequest {
        import_id: "later".into(),
        first_row: 0,
        vehicles: vec![
            with_engine(4, "E1"),
            with_engine(5, "E1"),
            with_engine(6, "E6"),
        ],
    };
    let answers = house.ask(tokio_stream::iter([import]));
    let answers = house.client.clone().import_vehicles(answers).await;
    let answer = answers
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();
    assert_eq!((answer.stored, answer.results.len()), (3, 0));
    for number in [1, 2, 4, 5] {
        assert_eq!(alarms(&house.get(&vin(number)).await), ENGINE, "{number}");
        assert_eq!(
            house.kinds(&vin(number)).await,
            ["REGISTERED", "IDENTITY_SHARED"],
            "{number}"
        );
    }
    for number in [3, 6] {
        assert_eq!(house.kinds(&vin(number)).await, ["REGISTERED"], "{number}");
    }
}

async fn what_is_deregistered_or_another_tenants_does_not_count(db: Database) {
    let house = House::over(db).await;
    register(&house, with_engine(1, "E1")).await;
    deregister(&house, 1).await;
    assert_eq!(alarms(&register(&house, with_engine(2, "E1")).await), []);
    assert_eq!(alarms(&house.get(&vin(1)).await), []);
    let theirs = pb::RegisterVehicleRequest {
        vehicle: Some(with_engine(3, "E1")),
        ..Default::default()
    };
    let theirs = house
        .client
        .clone()
        .register_vehicle(house.ask_as("rival", theirs))
        .await;
    assert_eq!(alarms(&theirs.unwrap().into_inner()), []);
    assert_eq!(house.kinds(&vin(2)).await, ["REGISTERED"]);
}

async fn a_vin_stamped_anew_is_no_second_vehicle(db: Database) {
    let house = House::over(db).await;
    register(&house, with_engine(1, "E1")).await;
    identify(&house, 1, Kind::StampedVin, &vin(2), &vin(1)).await;
    let under_the_new_number = register(&house, with_engine(2, "E1")).await;
    assert_eq!(alarms(&under_the_new_number), []);
    // Registered first and found to be one car later, both are relieved of the engine's alarm.
    register(&house, with_engine(3, "E3")).await;
    register(&house, with_engine(4, "E3")).await;
    let restamped = identify(&house, 3, Kind::StampedVin, &vin(4), &vin(3)).await;
    assert_eq!(alarms(&restamped), [("VIN_STAMPED_ANEW", false)]);
    let other = house.get(&vin(4)).await;
    assert!(!alarms(&other).contains(&ENGINE[0]), "{:?}", alarms(&other));
}

async fn a_mark_that_only_lives_beside_another_counts_too(db: Database) {
    let house = House::over(db).await;
    register(&house, with_engine(1, "E1")).await;
    identify(&house, 1, Kind::Engine, "TWIN", "").await;
    let third = register(&house, with_engine(3, "TWIN")).await;
    assert_eq!(alarms(&third), ENGINE);
    let first = house.get(&vin(1)).await;
    assert_eq!(alarms(&first), [("VIN_TWO_IDENTITIES", true), ENGINE[0]]);
    identify(&house, 1, Kind::Engine, "E1", "TWIN").await;
    assert_eq!(alarms(&house.get(&vin(1)).await), []);
    assert_eq!(alarms(&house.get(&vin(3)).await), []);
    // And the other way: a mark recorded beside the own one stands on a vehicle that is there.
    let beside = identify(&house, 1, Kind::Engine, "TWIN", "").await;
    assert!(alarms(&beside).contains(&ENGINE[0]));
    assert_eq!(alarms(&house.get(&vin(3)).await), ENGINE);
}

async fn a_number_of_another_maker_is_a_hint(db: Database) {
    let house = House::over(db).await;
    let of_another_maker = pb::VehicleDetails {
        engine_number: "123456".into(),
        ..car("LBEHDAEB58Y038860")
    };
    register(&house, of_another_maker).await;
    let second = register(&house, with_engine(2, "123456")).await;
    assert_eq!(alarms(&second), [("ENGINE_ON_TWO_VINS", false)]);
}
