//! Patterns that put reports into the review queue, each with its explanation.

use time::macros::datetime;
use tongguan_api::inspection::v1 as pb;
use tongguan_inspection::{Config, Thresholds};
use tongguan_rpc::wire;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;

use crate::house::{House, OTHER, VIN, odometer, registered, report, set};

on_every_database! { tongguan_inspection::migrations();
    one_inspector_can_not_be_in_two_places,
    a_day_has_room_for_so_many_tests,
    a_body_that_never_fails_a_car_is_looked_at,
    the_same_values_on_another_car_are_no_coincidence,
    an_odometer_below_the_registry_or_an_earlier_test_is_shown,
    a_photograph_of_another_car_is_shown,
    anomalies_are_filtered_and_paged,
}

use pb::anomaly::Kind;

async fn kinds(house: &House) -> Vec<Kind> {
    house
        .anomalies()
        .await
        .iter()
        .map(pb::Anomaly::kind)
        .collect()
}

fn at(mut report: pb::InspectionReport, minute: i64) -> pb::InspectionReport {
    let start = datetime!(2026-02-27 1:00 UTC) + time::Duration::minutes(minute);
    report.start_time = Some(wire::timestamp(start));
    report.end_time = Some(wire::timestamp(start + time::Duration::minutes(20)));
    report
}

async fn one_inspector_can_not_be_in_two_places(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let first = house
        .submit(at(report(&body, "R-1", VIN), 0))
        .await
        .unwrap();
    house
        .submit(at(report(&body, "R-2", OTHER), 5))
        .await
        .unwrap();
    assert_eq!(kinds(&house).await, [], "five minutes apart is allowed");
    let mut other = at(report(&body, "R-3", OTHER), 2);
    other.inspector = "I-8".into();
    house.submit(other).await.unwrap();
    assert_eq!(kinds(&house).await, [], "another inspector");
    house
        .submit(at(report(&body, "R-4", OTHER), -4))
        .await
        .unwrap();
    let seen = house.anomalies().await;
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (seen[0].kind(), &seen[0].related),
        (Kind::ImpossiblePace, &vec![first.id])
    );
    assert!(
        seen[0].explanation.contains("within 5 minutes"),
        "{}",
        seen[0].explanation
    );
}

fn thresholds(tests_per_day: u32, passes_in_a_row: u32) -> Config {
    Config {
        anomalies: Thresholds {
            tests_per_day,
            passes_in_a_row,
            ..Thresholds::default()
        },
        ..Config::default()
    }
}

async fn a_day_has_room_for_so_many_tests(db: Database) {
    let house = House::with(db, thresholds(2, 0)).await;
    let body = house.station().await;
    for number in ["R-1", "R-2"] {
        house.submit(report(&body, number, VIN)).await.unwrap();
    }
    assert_eq!(kinds(&house).await, []);
    house.submit(report(&body, "R-3", VIN)).await.unwrap();
    assert_eq!(kinds(&house).await, [Kind::ImpossiblePace]);
}

async fn a_body_that_never_fails_a_car_is_looked_at(db: Database) {
    let house = House::with(db, thresholds(100, 3)).await;
    let body = house.station().await;
    let mut failed = report(&body, "R-0", VIN);
    set(&mut failed, "brake.axle_ratio", "axle1", 40.0);
    for number in ["R-1", "R-2"] {
        house.submit(report(&body, number, VIN)).await.unwrap();
    }
    house.submit(failed).await.unwrap();
    for number in ["R-3", "R-4"] {
        house.submit(report(&body, number, VIN)).await.unwrap();
    }
    assert_eq!(kinds(&house).await, [], "the failure ended the run");
    house.submit(report(&body, "R-5", VIN)).await.unwrap();
    assert_eq!(kinds(&house).await, [Kind::AllPass]);
    house.submit(report(&body, "R-6", VIN)).await.unwrap();
    assert_eq!(kinds(&house).await.len(), 1, "once per full run");
}

async fn the_same_values_on_another_car_are_no_coincidence(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let first = report(&body, "R-1", VIN);
    let mut copy = report(&body, "R-2", OTHER);
    copy.measurements = first.measurements.iter().rev().cloned().collect();
    let mut again = first.clone();
    again.report_number = "R-0".into();
    let first = house.submit(first).await.unwrap();
    house.submit(again).await.unwrap();
    assert_eq!(
        kinds(&house).await,
        [],
        "the same car may measure the same twice"
    );
    house.submit(copy).await.unwrap();
    let seen = house.anomalies().await;
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].kind(), Kind::ClonedValues);
    assert!(seen[0].related.contains(&first.id) && seen[0].related.len() == 2);
}

async fn an_odometer_below_the_registry_or_an_earlier_test_is_shown(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let read = |number: &str, vin: &str, km: u32| {
        let mut report = report(&body, number, vin);
        report.vehicle.as_mut().unwrap().odometer = Some(odometer(km));
        report
    };
    house.submit(read("R-1", VIN, 79_999)).await.unwrap();
    let seen = house.anomalies().await;
    assert_eq!(seen[0].kind(), Kind::OdometerWentBack);
    assert!(
        seen[0].explanation.contains("79999 km") && seen[0].explanation.contains("80000 km"),
        "{}",
        seen[0].explanation
    );
    house.table.put(registered(OTHER, 0));
    let first = house.submit(read("R-2", OTHER, 50_000)).await.unwrap();
    assert_eq!(house.anomalies().await.len(), 1);
    house.submit(read("R-3", OTHER, 40_000)).await.unwrap();
    assert_eq!(house.anomalies().await[0].related, [first.id]);
}

async fn a_photograph_of_another_car_is_shown(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let shown = |number: &str, vin: &str| {
        let mut report = report(&body, number, vin);
        report.evidence.push(pb::Evidence {
            sha256: "b".repeat(64),
            shot: "odometer".into(),
            stored: false,
        });
        report
    };
    let first = house.submit(shown("R-1", VIN)).await.unwrap();
    house.submit(shown("R-2", VIN)).await.unwrap();
    assert_eq!(kinds(&house).await, [], "the same car");
    house.submit(shown("R-3", OTHER)).await.unwrap();
    let seen = house.anomalies().await;
    assert_eq!((seen.len(), seen[0].kind()), (1, Kind::EvidenceReused));
    assert!(seen[0].related.contains(&first.id) && seen[0].vin == OTHER);
}

async fn anomalies_are_filtered_and_paged(db: Database) {
    let house = House::with(db, thresholds(1, 0)).await;
    let body = house.station().await;
    for number in ["R-1", "R-2", "R-3"] {
        house.submit(report(&body, number, OTHER)).await.unwrap();
    }
    let mut request = pb::ListAnomaliesRequest {
        page_size: 1,
        kind: Kind::ImpossiblePace.into(),
        body: body.id.clone(),
        vin: OTHER.into(),
        ..Default::default()
    };
    let first = house
        .client
        .clone()
        .list_anomalies(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    request.page_token.clone_from(&first.next_page_token);
    let second = house
        .client
        .clone()
        .list_anomalies(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((first.anomalies.len(), second.anomalies.len()), (1, 1));
    assert_ne!(first.anomalies, second.anomalies);
    assert_eq!(second.next_page_token, "");
    request.page_token = String::new();
    request.vin = VIN.into();
    let none = house
        .client
        .clone()
        .list_anomalies(house.ask(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(none.anomalies, []);
}
