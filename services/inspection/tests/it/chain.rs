//! Reports withdrawn, superseded and repeated.

use tongguan_api::inspection::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt;

use crate::house::{House, OTHER, VIN, refusal, report, set};

on_every_database! { tongguan_inspection::migrations();
    a_withdrawn_report_counts_no_more,
    a_corrected_report_takes_the_place_of_the_first,
    a_correction_is_of_the_same_vehicle,
    a_failed_car_can_be_inspected_again,
    a_report_number_is_used_once,
    reports_sent_at_once_are_each_answered_by_themselves,
}

async fn a_withdrawn_report_counts_no_more(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let stored = house.submit(report(&body, "R-1", VIN)).await.unwrap();
    let request = pb::WithdrawInspectionRequest {
        request_id: "w-1".into(),
        id: stored.id.clone(),
        reason: "wrong bench".into(),
    };
    let withdrawn = house
        .client
        .clone()
        .withdraw_inspection(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (withdrawn.state(), withdrawn.version),
        (pb::inspection::State::Withdrawn, 2)
    );
    let again = house
        .client
        .clone()
        .withdraw_inspection(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, withdrawn);
    assert_eq!(house.get(&stored.id).await, withdrawn);
    let fresh = pb::WithdrawInspectionRequest {
        request_id: "w-2".into(),
        ..request
    };
    let answer = house
        .client
        .clone()
        .withdraw_inspection(house.ask(fresh))
        .await;
    refusal(answer, Code::FailedPrecondition, "INSPECTION_NOT_CURRENT");
    let current = pb::ListInspectionsRequest {
        state: pb::inspection::State::Current.into(),
        ..Default::default()
    };
    let page = house
        .client
        .clone()
        .list_inspections(house.ask(current))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.inspections, []);
    assert_eq!(house.events().await.last().unwrap(), "INSPECTION_WITHDRAWN");
}

fn correction(id: &str, report: pb::InspectionReport) -> pb::SupersedeInspectionRequest {
    pb::SupersedeInspectionRequest {
        request_id: "s-1".into(),
        id: id.into(),
        report: Some(report),
        reason: "typing error".into(),
        ..Default::default()
    }
}

async fn a_corrected_report_takes_the_place_of_the_first(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let first = house.submit(report(&body, "R-1", VIN)).await.unwrap();
    let request = correction(&first.id, report(&body, "R-2", VIN));
    let second = house
        .client
        .clone()
        .supersede_inspection(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(second.supersedes, first.id);
    let old = house.get(&first.id).await;
    assert_eq!(
        (old.state(), &old.superseded_by),
        (pb::inspection::State::Superseded, &second.id)
    );
    assert_eq!(old.reason, "typing error");
    let again = house
        .client
        .clone()
        .supersede_inspection(house.ask(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(again, second);
    let mut third = correction(&first.id, report(&body, "R-3", VIN));
    third.request_id = "s-2".into();
    let answer = house
        .client
        .clone()
        .supersede_inspection(house.ask(third))
        .await;
    refusal(answer, Code::FailedPrecondition, "INSPECTION_NOT_CURRENT");
    let events = house.events().await;
    assert_eq!(
        events[1..],
        [
            "INSPECTION_SUBMITTED",
            "INSPECTION_SUPERSEDED",
            "INSPECTION_SUBMITTED"
        ]
    );
}

async fn a_correction_is_of_the_same_vehicle(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let first = house.submit(report(&body, "R-1", VIN)).await.unwrap();
    let request = correction(&first.id, report(&body, "R-2", OTHER));
    let answer = house
        .client
        .clone()
        .supersede_inspection(house.ask(request))
        .await;
    assert_eq!(
        refusal(answer, Code::InvalidArgument, "INVALID_FIELDS"),
        ["report.vehicle.vin"]
    );
    assert_eq!(
        house.get(&first.id).await.state(),
        pb::inspection::State::Current
    );
}

async fn a_failed_car_can_be_inspected_again(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut weak = report(&body, "R-1", VIN);
    set(&mut weak, "brake.axle_ratio", "axle1", 50.0);
    let failed = house.submit(weak).await.unwrap();
    let mut repeated = report(&body, "R-2", VIN);
    repeated.reinspection_of = failed.id.clone();
    let passed = house.submit(repeated.clone()).await.unwrap();
    assert_eq!(passed.report.unwrap().reinspection_of, failed.id);
    repeated.report_number = "R-3".into();
    repeated.reinspection_of = passed.id;
    let answer = house.submit(repeated).await;
    assert_eq!(
        refusal(answer, Code::InvalidArgument, "INVALID_FIELDS"),
        ["report.reinspection_of"]
    );
}

async fn a_report_number_is_used_once(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    house.submit(report(&body, "R-1", VIN)).await.unwrap();
    let status = house.submit(report(&body, "R-1", OTHER)).await.unwrap_err();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert_eq!(
        status.get_details_error_info().unwrap().reason,
        "ALREADY_EXISTS"
    );
    assert_eq!(house.stored().await, 1);
    assert_eq!(
        house.events().await.len(),
        2,
        "a refused report tells nobody"
    );
}

async fn reports_sent_at_once_are_each_answered_by_themselves(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    // Every number but the last is sent twice, for two cars: one of both is refused, whatever group it falls into.
    let sent = (0..25).map(|index| {
        let vin = if index % 2 == 0 { VIN } else { OTHER };
        house.submit(report(&body, &format!("R-{}", index / 2), vin))
    });
    let answers = futures::future::join_all(sent).await;
    let (stored, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!((stored.len(), refused.len()), (13, 12));
    for answer in refused {
        refusal(answer, Code::AlreadyExists, "ALREADY_EXISTS");
    }
    assert_eq!(house.stored().await, 13);
    let submitted = house.events().await.len() - 1;
    assert_eq!(submitted, 13, "a refused report tells nobody");
    let tenant = "acme".parse().unwrap();
    let events = tongguan_storage::outbox::after(&house.db, &tenant, "inspections", 0, 100).await;
    let numbers: Vec<i64> = events.unwrap().into_iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=14).collect::<Vec<_>>(), "without gaps");
}
