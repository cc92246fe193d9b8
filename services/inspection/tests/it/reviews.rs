//! The review queue: what reviewers decide, what it does to inspections, and who is told.

use tongguan_api::inspection::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::house::{House, OTHER, USCC, VIN, date, odometer, refusal, report};

on_every_database! { tongguan_inspection::migrations();
    a_confirmed_anomaly_puts_the_inspection_under_review,
    reviews_are_added_and_never_changed,
    a_reviewer_clears_a_report_of_a_suspended_body,
    a_suspension_that_ends_clears_what_nobody_decided,
    the_queue_is_filtered_by_where_a_review_stands_and_by_time,
    a_body_does_not_review_itself,
    reports_are_found_by_the_day_they_may_be_used,
}

use pb::anomaly::State;

async fn resolve(
    house: &House,
    id: &str,
    verdict: State,
    key: &str,
) -> Result<pb::Anomaly, Status> {
    let request = pb::ResolveAnomalyRequest {
        request_id: key.into(),
        id: id.into(),
        verdict: verdict.into(),
        reason: format!("looked at it: {verdict:?}"),
    };
    let answer = house
        .client
        .clone()
        .resolve_anomaly(house.ask(request))
        .await?;
    Ok(answer.into_inner())
}

/// An inspection whose odometer shows less than the registry's reading, and its anomaly.
async fn rolled_back(house: &House) -> (pb::Inspection, pb::Anomaly) {
    let body = house.station().await;
    let mut sent = report(&body, "R-1", VIN);
    sent.vehicle.as_mut().unwrap().odometer = Some(odometer(60_000));
    let stored = house.submit(sent).await.unwrap();
    let anomaly = house.anomalies().await.remove(0);
    assert_eq!((anomaly.state(), anomaly.reviews.len()), (State::Open, 0));
    (stored, anomaly)
}

async fn listed(house: &House, request: pb::ListInspectionsRequest) -> Vec<String> {
    let answer = house
        .client
        .clone()
        .list_inspections(house.ask(request))
        .await;
    let found = answer.unwrap().into_inner().inspections;
    found.into_iter().map(|inspection| inspection.id).collect()
}

async fn under_review(house: &House) -> Vec<String> {
    let request = pb::ListInspectionsRequest {
        under_review: true,
        ..Default::default()
    };
    listed(house, request).await
}

async fn a_confirmed_anomaly_puts_the_inspection_under_review(db: Database) {
    let house = House::over(db).await;
    let (stored, anomaly) = rolled_back(&house).await;
    assert!(!stored.under_review, "an open anomaly decides nothing");
    let figures: Vec<_> = anomaly
        .figures
        .iter()
        .map(|figure| (figure.name.as_str(), figure.value))
        .collect();
    assert_eq!(figures, [("odometer", 60_000.0), ("went_back", 20_000.0)]);
    let confirmed = resolve(&house, &anomaly.id, State::Confirmed, "")
        .await
        .unwrap();
    assert_eq!(confirmed.state(), State::Confirmed);
    let read = house.get(&stored.id).await;
    assert_eq!(
        (read.under_review, read.version),
        (true, stored.version + 1)
    );
    assert_eq!(under_review(&house).await, std::slice::from_ref(&stored.id));
    assert_eq!(house.events().await.last().unwrap(), "ANOMALY_RESOLVED");
    resolve(&house, &anomaly.id, State::Dismissed, "")
        .await
        .unwrap();
    let read = house.get(&stored.id).await;
    assert_eq!(
        (read.under_review, read.version),
        (false, stored.version + 2)
    );
    assert_eq!(under_review(&house).await, [""; 0]);
}

async fn reviews_are_added_and_never_changed(db: Database) {
    let house = House::over(db).await;
    let (_, anomaly) = rolled_back(&house).await;
    let first = resolve(&house, &anomaly.id, State::Dismissed, "once")
        .await
        .unwrap();
    house.clock.advance(time::Duration::hours(1));
    let again = resolve(&house, &anomaly.id, State::Dismissed, "once")
        .await
        .unwrap();
    assert_eq!(again, first, "the same request id answers the same bytes");
    let answer = resolve(&house, &anomaly.id, State::Dismissed, "").await;
    let failed = answer
        .as_ref()
        .unwrap_err()
        .get_details_precondition_failure();
    assert_eq!(
        failed.unwrap().violations.len(),
        2,
        "open and confirmed are legal"
    );
    refusal(answer, Code::FailedPrecondition, "ILLEGAL_TRANSITION");
    resolve(&house, &anomaly.id, State::Open, "").await.unwrap();
    let last = resolve(&house, &anomaly.id, State::Confirmed, "")
        .await
        .unwrap();
    let verdicts: Vec<_> = last
        .reviews
        .iter()
        .map(pb::anomaly::Review::verdict)
        .collect();
    assert_eq!(verdicts, [State::Dismissed, State::Open, State::Confirmed]);
    assert_eq!(last.reviews[0], first.reviews[0]);
    assert_eq!(last.reviews[0].reviewer, "tester");
    assert_eq!(house.anomalies().await, [last]);
    let bad = resolve(&house, "none", State::Unspecified, "").await;
    assert_eq!(
        refusal(bad, Code::InvalidArgument, "INVALID_FIELDS"),
        ["id", "verdict"]
    );
    let missing = resolve(
        &house,
        "018f0000-0000-7000-8000-000000000001",
        State::Open,
        "",
    )
    .await;
    refusal(missing, Code::NotFound, "NOT_FOUND");
}

async fn suspend(house: &House, body: &str, from: i32, until: Option<i32>) {
    let request = pb::SuspendBodyRequest {
        id: body.into(),
        suspension: Some(pb::Suspension {
            from: Some(date(2026, 2, from)),
            until: until.map(|day| date(2026, 2, day)),
            reason: "forged protocols".into(),
        }),
        ..Default::default()
    };
    house
        .client
        .clone()
        .suspend_body(house.ask(request))
        .await
        .unwrap();
}

async fn a_reviewer_clears_a_report_of_a_suspended_body(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let stored = house.submit(report(&body, "R-1", VIN)).await.unwrap();
    suspend(&house, &body.id, 20, None).await;
    assert_eq!(under_review(&house).await, std::slice::from_ref(&stored.id));
    let queued = house.anomalies().await.remove(0);
    assert!(
        queued.explanation.contains("from 2026-02-20"),
        "{}",
        queued.explanation
    );
    resolve(&house, &queued.id, State::Dismissed, "")
        .await
        .unwrap();
    assert!(!house.get(&stored.id).await.under_review);
    // What a person decided stands, whatever becomes of the suspension.
    suspend(&house, &body.id, 20, Some(28)).await;
    assert!(!house.get(&stored.id).await.under_review);
    assert_eq!(house.anomalies().await[0].reviews.len(), 1);
}

async fn a_suspension_that_ends_clears_what_nobody_decided(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let stored = house.submit(report(&body, "R-1", VIN)).await.unwrap();
    suspend(&house, &body.id, 20, None).await;
    suspend(&house, &body.id, 20, Some(25)).await;
    let queued = house.anomalies().await.remove(0);
    assert_eq!(
        (queued.state(), queued.reviews[0].reviewer.as_str()),
        (State::Dismissed, "system")
    );
    assert!(!house.get(&stored.id).await.under_review);
    suspend(&house, &body.id, 26, None).await;
    let queued = house.anomalies().await;
    assert_eq!((queued.len(), queued[0].state()), (1, State::Open));
    let read = house.get(&stored.id).await;
    assert_eq!(
        (read.under_review, read.version),
        (true, stored.version + 3)
    );
}

async fn the_queue_is_filtered_by_where_a_review_stands_and_by_time(db: Database) {
    let house = House::over(db).await;
    let (_, anomaly) = rolled_back(&house).await;
    resolve(&house, &anomaly.id, State::Confirmed, "")
        .await
        .unwrap();
    let list = async |request: pb::ListAnomaliesRequest| {
        let answer = house
            .client
            .clone()
            .list_anomalies(house.ask(request))
            .await;
        answer.unwrap().into_inner().anomalies.len()
    };
    let standing = |state: State| pb::ListAnomaliesRequest {
        state: state.into(),
        ..Default::default()
    };
    assert_eq!(list(standing(State::Open)).await, 0);
    assert_eq!(list(standing(State::Confirmed)).await, 1);
    let at = anomaly.create_time.unwrap();
    let later = pbjson_types::Timestamp {
        seconds: at.seconds + 1,
        ..at
    };
    let from = |from| pb::ListAnomaliesRequest {
        found_from: Some(from),
        ..Default::default()
    };
    let until = |until| pb::ListAnomaliesRequest {
        found_until: Some(until),
        ..Default::default()
    };
    assert_eq!((list(from(at)).await, list(from(later)).await), (1, 0));
    assert_eq!((list(until(at)).await, list(until(later)).await), (0, 1));
}

async fn a_body_does_not_review_itself(db: Database) {
    let house = House::over(db).await;
    let (_, anomaly) = rolled_back(&house).await;
    let request = pb::ResolveAnomalyRequest {
        id: anomaly.id,
        verdict: State::Dismissed.into(),
        reason: "nothing to see".into(),
        ..Default::default()
    };
    let answer = house
        .client
        .clone()
        .resolve_anomaly(house.ask_for(USCC, request))
        .await;
    refusal(answer, Code::PermissionDenied, "SCOPE_MISSING");
}

async fn reports_are_found_by_the_day_they_may_be_used(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let mut short = report(&body, "R-1", VIN);
    short.valid_until = Some(date(2026, 3, 10));
    let short = house.submit(short).await.unwrap().id;
    let open = house.submit(report(&body, "R-2", OTHER)).await.unwrap().id;
    for (month, day, expected) in [
        (2, 26, vec![]),
        (2, 27, vec![open.clone(), short.clone()]),
        (3, 10, vec![open.clone(), short]),
        (3, 11, vec![open]),
    ] {
        let request = pb::ListInspectionsRequest {
            usable_on: Some(date(2026, month, day)),
            ..Default::default()
        };
        assert_eq!(listed(&house, request).await, expected, "{month}-{day}");
    }
}
