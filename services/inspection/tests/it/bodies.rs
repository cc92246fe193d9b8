//! Bodies: accreditation on the test date, suspension and what it does to reports already taken.

use tongguan_api::common::v1 as common;
use tongguan_api::inspection::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;

use crate::house::{House, OTHER, USCC, VIN, date, refusal, report, station};

on_every_database! { tongguan_inspection::migrations();
    a_body_is_registered_once_and_read_back,
    the_accreditation_of_the_test_date_counts,
    scope_is_by_standard_and_category,
    a_suspension_marks_the_reports_of_its_window,
    a_suspension_that_comes_while_a_report_is_judged_counts,
    an_amendment_needs_the_etag_that_was_read,
    a_body_reports_for_itself_only,
    bodies_are_listed_in_pages,
}

async fn a_body_is_registered_once_and_read_back(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    assert_eq!(house.station().await, body, "the same request id");
    let get = pb::GetBodyRequest {
        id: body.id.clone(),
    };
    let read = house
        .client
        .clone()
        .get_body(house.ask(get))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(read, body);
    assert_eq!(read.accreditations, station().accreditations);
    let again = pb::RegisterBodyRequest {
        request_id: "another".into(),
        body: Some(station()),
    };
    let answer = house.client.clone().register_body(house.ask(again)).await;
    refusal(answer, Code::AlreadyExists, "ALREADY_EXISTS");
}

async fn the_accreditation_of_the_test_date_counts(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut early = report(&body, "R-1", VIN);
    early.date = Some(date(2024, 12, 31));
    refusal(
        house.submit(early).await,
        Code::FailedPrecondition,
        "BODY_NOT_ACCREDITED",
    );
    // The accreditation has ended by now; the test was in its time.
    house.clock.advance(time::Duration::days(400));
    house.submit(report(&body, "R-2", VIN)).await.unwrap();
    let mut late = report(&body, "R-3", VIN);
    late.date = Some(date(2027, 1, 1));
    refusal(
        house.submit(late).await,
        Code::FailedPrecondition,
        "BODY_NOT_ACCREDITED",
    );
}

async fn scope_is_by_standard_and_category(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut van = report(&body, "R-1", VIN);
    van.standard = "WM/T 9-2022".into();
    van.vehicle.as_mut().unwrap().category = common::VehicleCategory::N2.into();
    refusal(
        house.submit(van).await,
        Code::FailedPrecondition,
        "BODY_NOT_ACCREDITED",
    );
}

fn suspension(id: &str, from: i32, until: Option<i32>) -> pb::SuspendBodyRequest {
    pb::SuspendBodyRequest {
        id: id.into(),
        suspension: Some(pb::Suspension {
            from: Some(date(2026, 2, from)),
            until: until.map(|day| date(2026, 2, day)),
            reason: "forged protocols".into(),
        }),
        ..Default::default()
    }
}

async fn a_suspension_marks_the_reports_of_its_window(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut before = report(&body, "R-1", VIN);
    before.date = Some(date(2026, 2, 10));
    let before = house.submit(before).await.unwrap();
    let inside = house.submit(report(&body, "R-2", OTHER)).await.unwrap();
    let suspended = house
        .client
        .clone()
        .suspend_body(house.ask(suspension(&body.id, 20, None)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(suspended.suspensions.len(), 1);
    assert!(!house.get(&before.id).await.under_review);
    assert!(house.get(&inside.id).await.under_review);
    let queued = house.anomalies().await;
    assert_eq!(queued.len(), 1);
    assert_eq!(
        (queued[0].kind(), &queued[0].inspection),
        (pb::anomaly::Kind::BodySuspended, &inside.id)
    );
    refusal(
        house.submit(report(&body, "R-3", VIN)).await,
        Code::FailedPrecondition,
        "BODY_NOT_ACCREDITED",
    );
    assert_eq!(house.events().await.last().unwrap(), "BODY_SUSPENDED");
    // The same suspension with a last day: the test of the 27th was in order after all.
    house
        .client
        .clone()
        .suspend_body(house.ask(suspension(&body.id, 20, Some(25))))
        .await
        .unwrap();
    assert!(!house.get(&inside.id).await.under_review);
    house.submit(report(&body, "R-3", VIN)).await.unwrap();
    assert_eq!(
        house.anomalies().await.len(),
        1,
        "the queue keeps what it had"
    );
}

async fn a_suspension_that_comes_while_a_report_is_judged_counts(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut client = house.client.clone();
    let request = house.ask(suspension(&body.id, 1, None));
    house.table.meanwhile(async move {
        client.suspend_body(request).await.unwrap();
    });
    let answer = house.submit(report(&body, "R-1", VIN)).await;
    refusal(answer, Code::FailedPrecondition, "BODY_NOT_ACCREDITED");
    assert_eq!(house.stored().await, 0);
}

async fn an_amendment_needs_the_etag_that_was_read(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let amended = |etag: &str| pb::UpdateBodyRequest {
        body: Some(pb::InspectionBody {
            name: "Test station, second hall".into(),
            etag: etag.into(),
            ..body.clone()
        }),
        update_mask: Some(tongguan_api::FieldMask {
            paths: vec!["name".into()],
        }),
        ..Default::default()
    };
    let after = house
        .client
        .clone()
        .update_body(house.ask(amended(&body.etag)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(after.name, "Test station, second hall");
    assert_eq!(after.accreditations, body.accreditations);
    let answer = house
        .client
        .clone()
        .update_body(house.ask(amended(&body.etag)))
        .await;
    refusal(answer, Code::Aborted, "ETAG_MISMATCH");
}

async fn a_body_reports_for_itself_only(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let request = pb::SubmitInspectionRequest {
        report: Some(report(&body, "R-1", VIN)),
        ..Default::default()
    };
    let rival = house.ask_for("91110000MA1K000009", request.clone());
    let answer = house.client.clone().submit_inspection(rival).await;
    refusal(answer, Code::PermissionDenied, "NOT_THE_BODY");
    let stored = house
        .client
        .clone()
        .submit_inspection(house.ask_for(USCC, request))
        .await
        .unwrap()
        .into_inner();
    let withdrawal = pb::WithdrawInspectionRequest {
        id: stored.id,
        reason: "mine".into(),
        ..Default::default()
    };
    let answer = house
        .client
        .clone()
        .withdraw_inspection(house.ask_for("91110000MA1K000009", withdrawal))
        .await;
    refusal(answer, Code::PermissionDenied, "NOT_THE_BODY");
    let answer = house
        .client
        .clone()
        .suspend_body(house.ask_for(USCC, suspension(&body.id, 1, None)))
        .await;
    refusal(answer, Code::PermissionDenied, "SCOPE_MISSING");
}

async fn bodies_are_listed_in_pages(db: Database) {
    let house = House::over(db).await;
    for number in 1..=3 {
        let body = pb::InspectionBody {
            organisation: format!("91310000MA1K00000{number}"),
            ..station()
        };
        let request = pb::RegisterBodyRequest {
            request_id: String::new(),
            body: Some(body),
        };
        house
            .client
            .clone()
            .register_body(house.ask(request))
            .await
            .unwrap();
    }
    let mut request = pb::ListBodiesRequest {
        page_size: 2,
        ..Default::default()
    };
    let first = house
        .client
        .clone()
        .list_bodies(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    request.page_token = first.next_page_token;
    let second = house
        .client
        .clone()
        .list_bodies(house.ask(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((first.bodies.len(), second.bodies.len()), (2, 1));
    assert_eq!(second.next_page_token, "");
    let only = pb::ListBodiesRequest {
        organisation: USCC.into(),
        ..Default::default()
    };
    let found = house
        .client
        .clone()
        .list_bodies(house.ask(only))
        .await
        .unwrap()
        .into_inner()
        .bodies;
    assert_eq!(found.len(), 1);
}
