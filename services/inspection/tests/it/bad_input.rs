//! What the intake refuses, with every reason at once, and that a refusal leaves nothing behind.

use tongguan_api::inspection::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;

use crate::house::{House, VIN, date, refusal, report, station, value};

on_every_database! { tongguan_inspection::migrations();
    every_wrong_field_is_named_at_once,
    every_missing_item_is_named_at_once,
    values_in_wrong_units_and_places_are_named,
    what_can_not_be_read_and_what_can_not_be_judged_is_named_in_one_answer,
    a_test_of_tomorrow_is_refused,
    a_standard_for_other_vehicles_is_refused,
    a_body_without_scope_or_dates_is_refused,
    nobody_without_a_token_is_answered,
}

async fn every_wrong_field_is_named_at_once(db: Database) {
    let house = House::over(db).await;
    let mut sent = report(&station(), "R-1", "LSVWY4180KN24609");
    sent.body = "none".into();
    sent.date = Some(date(2026, 2, 0));
    sent.inspector = "Zhang San".into();
    sent.client = "short".into();
    sent.claimed_verdict = 99;
    sent.start_time = Some(pbjson_types::Timestamp {
        seconds: 1,
        nanos: 0,
    });
    sent.measurements[0].value = f64::NAN;
    sent.findings[0].result = 0;
    sent.evidence.push(pb::Evidence {
        sha256: "XYZ".into(),
        shot: String::new(),
        stored: true,
    });
    let vehicle = sent.vehicle.as_mut().unwrap();
    vehicle.category = 0;
    vehicle.colour = "Z".into();
    vehicle.headlamps = Some(3);
    vehicle.odometer.as_mut().unwrap().unit = 0;
    vehicle.battery_chemistry = "lead".into();
    let fields = refusal(
        house.submit(sent).await,
        Code::InvalidArgument,
        "INVALID_FIELDS",
    );
    for field in [
        "body",
        "date",
        "end_time",
        "inspector",
        "client",
        "claimed_verdict",
        "measurements[0].value",
        "findings[0].result",
        "evidence[0].sha256",
        "evidence[0].shot",
        "vehicle.vin",
        "vehicle.category",
        "vehicle.colour",
        "vehicle.headlamps",
        "vehicle.odometer",
        "vehicle.battery_chemistry",
    ] {
        assert!(
            fields.contains(&format!("report.{field}")),
            "{field} missing in {fields:?}"
        );
    }
}

async fn every_missing_item_is_named_at_once(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut sent = report(&body, "R-1", VIN);
    sent.findings.clear();
    sent.measurements
        .retain(|measured| measured.item != "tyre.tread");
    let fields = refusal(
        house.submit(sent).await,
        Code::InvalidArgument,
        "REPORT_INCOMPLETE",
    );
    assert_eq!(
        fields
            .iter()
            .filter(|field| *field == "report.findings")
            .count(),
        3
    );
    assert_eq!(
        fields
            .iter()
            .filter(|field| *field == "report.measurements")
            .count(),
        4
    );
    assert_eq!(house.stored().await, 0);
}

async fn values_in_wrong_units_and_places_are_named(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut sent = report(&body, "R-1", VIN);
    sent.measurements[0].unit = "kg".into();
    sent.measurements[1].value = 300.0;
    sent.measurements
        .push(value("tyre.tread", "axle7.left", 5.0, "mm"));
    sent.measurements.push(value("warp.drive", "", 5.0, "mm"));
    let fields = refusal(
        house.submit(sent).await,
        Code::InvalidArgument,
        "INVALID_FIELDS",
    );
    for field in [
        "measurements[0].unit",
        "measurements[1].value",
        "measurements[10].position",
        "measurements[11].item",
    ] {
        assert!(
            fields.contains(&format!("report.{field}")),
            "{field} missing in {fields:?}"
        );
    }
}

async fn what_can_not_be_read_and_what_can_not_be_judged_is_named_in_one_answer(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut sent = report(&body, "R-1", VIN);
    sent.inspector = "Zhang San".into();
    sent.date = Some(date(2026, 3, 3));
    sent.measurements[0].unit = "kg".into();
    sent.measurements[1].value = f64::NAN;
    sent.findings[0].result = 0;
    sent.findings[2].item = "identity.smell".into();
    let fields = refusal(
        house.submit(sent).await,
        Code::InvalidArgument,
        "INVALID_FIELDS",
    );
    assert_eq!(
        fields,
        [
            "report.inspector",
            "report.measurements[1].value",
            "report.findings[0].result",
            "report.date",
            "report.measurements[0].unit",
            "report.findings[2].item",
            "report.findings",
            "report.measurements",
        ],
        "unread first, then wrong, then missing: the appearance, and the ratio in no unit"
    );
}

async fn a_test_of_tomorrow_is_refused(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut sent = report(&body, "R-1", VIN);
    sent.date = Some(date(2026, 3, 3));
    assert_eq!(
        refusal(
            house.submit(sent).await,
            Code::InvalidArgument,
            "INVALID_FIELDS"
        ),
        ["report.date"]
    );
}

async fn a_standard_for_other_vehicles_is_refused(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    for standard in ["WM/T 9-2022", "WM/T 10-2022"] {
        let mut sent = report(&body, "R-1", VIN);
        sent.standard = standard.into();
        let fields = refusal(
            house.submit(sent).await,
            Code::InvalidArgument,
            "INVALID_FIELDS",
        );
        assert_eq!(fields, ["report.standard"], "{standard}");
    }
}

async fn a_body_without_scope_or_dates_is_refused(db: Database) {
    let house = House::over(db).await;
    let mut body = station();
    body.organisation = "123".into();
    body.name = String::new();
    body.accreditations[0].scheme = 0;
    body.accreditations[0].valid_until = Some(date(2020, 1, 1));
    body.accreditations[0].scopes[0].categories = vec![];
    let request = pb::RegisterBodyRequest {
        request_id: String::new(),
        body: Some(body),
    };
    let fields = refusal(
        house.client.clone().register_body(house.ask(request)).await,
        Code::InvalidArgument,
        "INVALID_FIELDS",
    );
    assert_eq!(
        fields,
        [
            "body.name",
            "body.organisation",
            "body.accreditations[0].scheme",
            "body.accreditations[0].valid_until",
            "body.accreditations[0].scopes[0].categories",
        ]
    );
}

async fn nobody_without_a_token_is_answered(db: Database) {
    let house = House::over(db).await;
    let answer = house
        .client
        .clone()
        .list_bodies(pb::ListBodiesRequest::default())
        .await;
    refusal(answer, Code::Unauthenticated, "UNAUTHENTICATED");
}
