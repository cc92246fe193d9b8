//! What becomes of good reports, and of reports that contradict the registry or themselves.

use tongguan_api::common::v1 as common;
use tongguan_api::inspection::v1 as pb;
use tongguan_inspection::{Config, Mismatch};
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;

use crate::house::{House, OTHER, VIN, refusal, registered, report, set, value};

on_every_database! { tongguan_inspection::migrations();
    a_report_is_judged_stored_and_read_back,
    the_verdict_is_computed_and_never_the_submitters,
    a_mismatch_of_verdicts_can_be_recorded_and_is_then_referred,
    a_disputed_limit_is_referred,
    a_dry_run_judges_and_stores_nothing,
    the_same_request_id_answers_the_same_bytes_even_without_the_registry,
    the_same_request_twice_at_once_stores_one,
    a_registry_that_is_down_decides_nothing,
    another_engine_or_colour_is_another_vehicle,
    a_recorded_mismatch_of_vehicles_is_referred,
    a_vehicle_nobody_registered_is_not_inspected,
    an_electric_car_keeps_battery_and_state_of_health,
    lists_are_paged_and_filtered,
    the_catalogue_shows_limits_with_source_and_confidence,
    another_tenants_inspection_looks_like_a_missing_one,
}

async fn a_report_is_judged_stored_and_read_back(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut sent = report(&body, "R-1", VIN);
    sent.start_time = Some(pbjson_types::Timestamp {
        seconds: 1_772_150_400,
        nanos: 123_456_000,
    });
    sent.end_time = Some(pbjson_types::Timestamp {
        seconds: 1_772_152_200,
        nanos: 0,
    });
    let stored = house.submit(sent.clone()).await.unwrap();
    assert_eq!(stored.verdict(), pb::Verdict::PassedWithWarnings);
    assert_eq!(stored.state(), pb::inspection::State::Current);
    assert_eq!(stored.accreditations, ["CMA-310"]);
    assert_eq!(stored.report_sha256.len(), 64);
    let read = house.get(&stored.id).await;
    assert_eq!(read, stored);
    let kept = read.report.unwrap();
    assert_eq!(kept.measurements, sent.measurements);
    assert_eq!(
        (kept.start_time, kept.end_time),
        (sent.start_time, sent.end_time)
    );
    let brake = read
        .items
        .iter()
        .find(|item| item.item == "brake.axle_ratio")
        .unwrap();
    assert_eq!(
        (brake.limit.as_str(), brake.confidence.as_str()),
        ("at least 60 %", "B")
    );
    assert_eq!(
        house.events().await,
        ["BODY_REGISTERED", "INSPECTION_SUBMITTED"]
    );
    assert_eq!(house.anomalies().await, []);
}

async fn the_verdict_is_computed_and_never_the_submitters(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut weak = report(&body, "R-1", VIN);
    set(&mut weak, "brake.axle_ratio", "axle1", 40.0);
    weak.claimed_verdict = pb::Verdict::Passed.into();
    let fields = refusal(
        house.submit(weak.clone()).await,
        Code::InvalidArgument,
        "VERDICT_MISMATCH",
    );
    assert_eq!(
        fields,
        ["report.claimed_verdict", "report[brake.axle_ratio@axle1]"]
    );
    assert_eq!(house.stored().await, 0);
    weak.claimed_verdict = pb::Verdict::Failed.into();
    assert_eq!(
        house.submit(weak).await.unwrap().verdict(),
        pb::Verdict::Failed
    );
}

async fn a_mismatch_of_verdicts_can_be_recorded_and_is_then_referred(db: Database) {
    let config = Config {
        on_verdict_mismatch: Mismatch::Record,
        ..Config::default()
    };
    let house = House::with(db, config).await;
    let body = house.station().await;
    let mut weak = report(&body, "R-1", VIN);
    set(&mut weak, "brake.axle_ratio", "axle1", 40.0);
    weak.claimed_verdict = pb::Verdict::Passed.into();
    assert_eq!(
        house.submit(weak).await.unwrap().verdict(),
        pb::Verdict::Failed,
        "a claim saves nobody"
    );
    let mut strict = report(&body, "R-2", VIN);
    strict.claimed_verdict = pb::Verdict::Failed.into();
    let strict = house.submit(strict).await.unwrap();
    assert_eq!(strict.verdict(), pb::Verdict::Referred);
    assert_eq!(
        strict
            .notices
            .iter()
            .filter(|notice| notice.code == "BODY_IS_STRICTER")
            .count(),
        1
    );
    let kinds: Vec<_> = house
        .anomalies()
        .await
        .iter()
        .map(pb::Anomaly::kind)
        .collect();
    assert_eq!(kinds, [pb::anomaly::Kind::VerdictMismatch]);
}

async fn a_disputed_limit_is_referred(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut truck = registered(OTHER, 0);
    truck.details.as_mut().unwrap().category = common::VehicleCategory::N1.into();
    house.table.put(truck);
    for (number, rear, expected) in [
        ("R-1", 35.0, pb::Verdict::Referred),
        ("R-2", 15.0, pb::Verdict::Failed),
    ] {
        let mut sent = report(&body, number, OTHER);
        sent.standard = "WM/T 9-2022".into();
        sent.vehicle.as_mut().unwrap().category = common::VehicleCategory::N1.into();
        set(&mut sent, "brake.axle_ratio", "axle2", rear);
        let stored = house.submit(sent).await.unwrap();
        assert_eq!(stored.verdict(), expected, "{rear} %");
    }
}

async fn a_dry_run_judges_and_stores_nothing(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let request = pb::SubmitInspectionRequest {
        request_id: "dry".into(),
        report: Some(report(&body, "R-1", VIN)),
        validate_only: true,
        ..Default::default()
    };
    let judged = house
        .client
        .clone()
        .submit_inspection(house.ask(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (judged.id.as_str(), judged.verdict()),
        ("", pb::Verdict::PassedWithWarnings)
    );
    assert_eq!(house.stored().await, 0);
    assert_eq!(house.events().await, ["BODY_REGISTERED"]);
}

async fn the_same_request_id_answers_the_same_bytes_even_without_the_registry(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut sent = report(&body, "R-1", VIN);
    // A number whose shortest text has seventeen digits.
    set(&mut sent, "brake.imbalance", "axle1", 0.1 + 0.2);
    let request = pb::SubmitInspectionRequest {
        request_id: "once".into(),
        report: Some(sent),
        validate_only: false,
        ..Default::default()
    };
    let first = house
        .client
        .clone()
        .submit_inspection(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    house.clock.advance(time::Duration::hours(1));
    house.registry.fail_next(1, Code::Unavailable);
    let again = house
        .client
        .clone()
        .submit_inspection(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    assert_eq!(house.stored().await, 1);
    house.registry.heal();
    let mut other = request;
    other.report.as_mut().unwrap().report_number = "R-2".into();
    let answer = house
        .client
        .clone()
        .submit_inspection(house.ask(other))
        .await;
    refusal(answer, Code::InvalidArgument, "IDEMPOTENCY_KEY_REUSED");
}

async fn the_same_request_twice_at_once_stores_one(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let request = pb::SubmitInspectionRequest {
        request_id: "at-once".into(),
        report: Some(report(&body, "R-1", VIN)),
        validate_only: false,
        ..Default::default()
    };
    let (mut left, mut right) = (house.client.clone(), house.client.clone());
    let (left, right) = tokio::join!(
        left.submit_inspection(house.ask(request.clone())),
        right.submit_inspection(house.ask(request.clone())),
    );
    assert_eq!(left.unwrap().into_inner(), right.unwrap().into_inner());
    assert_eq!(house.stored().await, 1);
    assert_eq!(house.events().await.len(), 2);
}

async fn a_registry_that_is_down_decides_nothing(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    house.registry.fail_next(1, Code::Unavailable);
    let request = pb::SubmitInspectionRequest {
        request_id: "retry".into(),
        report: Some(report(&body, "R-1", VIN)),
        validate_only: false,
        ..Default::default()
    };
    let answer = house
        .client
        .clone()
        .submit_inspection(house.ask(request.clone()))
        .await;
    let status = answer.as_ref().unwrap_err().clone();
    refusal(answer, Code::Unavailable, "PEER_UNAVAILABLE");
    let retry = tonic_types::StatusExt::get_details_retry_info(&status);
    assert!(retry.unwrap().retry_delay.is_some());
    assert_eq!(house.stored().await, 0);
    house
        .client
        .clone()
        .submit_inspection(house.ask(request))
        .await
        .unwrap();
    assert_eq!(house.stored().await, 1);
}

async fn another_engine_or_colour_is_another_vehicle(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut sent = report(&body, "R-1", VIN);
    let vehicle = sent.vehicle.as_mut().unwrap();
    vehicle.engine_number = "EA888-1".into();
    vehicle.colour = "J".into();
    vehicle.curb_mass_kg = Some(2_000);
    let fields = refusal(
        house.submit(sent).await,
        Code::FailedPrecondition,
        "VEHICLE_MISMATCH",
    );
    assert_eq!(
        fields,
        [
            "report.vehicle.engine_number",
            "report.vehicle.colour",
            "report.vehicle.curb_mass_kg"
        ]
    );
    assert_eq!(house.stored().await, 0);
}

async fn a_recorded_mismatch_of_vehicles_is_referred(db: Database) {
    let config = Config {
        on_vehicle_mismatch: Mismatch::Record,
        ..Config::default()
    };
    let house = House::with(db, config).await;
    let body = house.station().await;
    let mut sent = report(&body, "R-1", VIN);
    sent.vehicle.as_mut().unwrap().colour = "J".into();
    let stored = house.submit(sent).await.unwrap();
    assert_eq!(stored.verdict(), pb::Verdict::Referred);
    assert_eq!(
        (
            stored.differences[0].reported.as_str(),
            stored.differences[0].registered.as_str()
        ),
        ("J", "A")
    );
    assert_eq!(
        house.anomalies().await[0].kind(),
        pb::anomaly::Kind::VehicleMismatch
    );
}

async fn a_vehicle_nobody_registered_is_not_inspected(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let answer = house
        .submit(report(&body, "R-1", "1M8GDM9AXKP042788"))
        .await;
    refusal(answer, Code::FailedPrecondition, "VEHICLE_NOT_REGISTERED");
}

async fn an_electric_car_keeps_battery_and_state_of_health(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut car = registered(OTHER, 0);
    let details = car.details.as_mut().unwrap();
    details.powertrain = common::Powertrain::Bev.into();
    details.battery_id = "04QPE12345678".into();
    house.table.put(car);
    let mut sent = report(&body, "R-1", OTHER);
    let vehicle = sent.vehicle.as_mut().unwrap();
    vehicle.powertrain = common::Powertrain::Bev.into();
    vehicle.fuel = 0;
    vehicle.battery_id = "04QPE12345678".into();
    vehicle.battery_chemistry = "lfp".into();
    sent.measurements
        .push(value("ev.state_of_health", "", 71.5, "%"));
    let stored = house.submit(sent.clone()).await.unwrap();
    let health = stored
        .items
        .iter()
        .find(|item| item.item == "ev.state_of_health")
        .unwrap();
    assert_eq!(
        (health.value, health.verdict()),
        (Some(71.5), pb::ItemVerdict::Recorded)
    );
    sent.report_number = "R-2".into();
    sent.vehicle.as_mut().unwrap().battery_id = "OTHER".into();
    let fields = refusal(
        house.submit(sent).await,
        Code::FailedPrecondition,
        "VEHICLE_MISMATCH",
    );
    assert_eq!(fields, ["report.vehicle.battery_id"]);
}

async fn lists_are_paged_and_filtered(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    for number in 1..=5 {
        let vin = if number == 3 { OTHER } else { VIN };
        house
            .submit(report(&body, &format!("R-{number}"), vin))
            .await
            .unwrap();
    }
    let mut request = pb::ListInspectionsRequest {
        page_size: 2,
        vin: VIN.into(),
        body: body.id.clone(),
        state: pb::inspection::State::Current.into(),
        tested_from: Some(crate::house::date(2026, 2, 1)),
        ..Default::default()
    };
    let mut numbers = vec![];
    loop {
        let page = house
            .client
            .clone()
            .list_inspections(house.ask(request.clone()))
            .await
            .unwrap()
            .into_inner();
        numbers.extend(
            page.inspections
                .into_iter()
                .map(|inspection| inspection.report.unwrap().report_number),
        );
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(numbers, ["R-5", "R-4", "R-2", "R-1"]);
    request.page_token = "AAAA".into();
    let answer = house
        .client
        .clone()
        .list_inspections(house.ask(request))
        .await;
    refusal(answer, Code::InvalidArgument, "PAGE_TOKEN_INVALID");
}

async fn the_catalogue_shows_limits_with_source_and_confidence(db: Database) {
    let house = House::over(db).await;
    let request = pb::GetCatalogueRequest {
        standard: "WM/T 9-2022".into(),
        category: common::VehicleCategory::N1.into(),
        version: String::new(),
    };
    let catalogue = house
        .client
        .clone()
        .get_catalogue(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert!(!catalogue.open_questions.is_empty());
    assert_eq!(catalogue.versions, std::slice::from_ref(&catalogue.version));
    assert_eq!(
        catalogue.effective_from,
        Some(crate::house::date(2022, 12, 1))
    );
    let brake = catalogue
        .items
        .iter()
        .find(|item| item.id == "brake.axle_ratio")
        .unwrap();
    let rear = brake
        .limits
        .iter()
        .find(|limit| limit.disputed_min.is_some())
        .unwrap();
    assert_eq!((rear.min, rear.disputed_min), (Some(50.0), Some(20.0)));
    for item in &catalogue.items {
        assert!(
            !item.source.is_empty() && !item.confidence.is_empty() && !item.since.is_empty(),
            "{}",
            item.id
        );
        for limit in item.limits.iter().filter(|limit| limit.confidence == "C") {
            assert_ne!(limit.breach(), pb::ItemVerdict::Fail, "{}", item.id);
        }
    }
    let other = pb::GetCatalogueRequest {
        standard: "WM/T 10-2022".into(),
        ..request
    };
    let answer = house.client.clone().get_catalogue(house.ask(other)).await;
    refusal(answer, Code::NotFound, "NOT_FOUND");
}

async fn another_tenants_inspection_looks_like_a_missing_one(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let stored = house.submit(report(&body, "R-1", VIN)).await.unwrap();
    let get = pb::GetInspectionRequest { id: stored.id };
    let answer = house
        .client
        .clone()
        .get_inspection(house.ask_as("rival", get))
        .await;
    refusal(answer, Code::NotFound, "NOT_FOUND");
    let list = pb::ListInspectionsRequest::default();
    let page = house
        .client
        .clone()
        .list_inspections(house.ask_as("rival", list))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.inspections, []);
    let get = pb::GetBodyRequest { id: body.id };
    let answer = house
        .client
        .clone()
        .get_body(house.ask_as("rival", get))
        .await;
    refusal(answer, Code::NotFound, "NOT_FOUND");
}
