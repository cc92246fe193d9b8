//! The case: prepared, filed, gathered, decided, parked, refused, overridden.

use tongguan_api::clearance::v1 as pb;
use tongguan_api::clearance::v1::difference::Severity;
use tongguan_api::maintenance::v1 as maintenance;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::house::{AGENT, EXPORTS, House, OTHER_EXPORTER, VIN, date, dossier, opening};
use crate::mandates::mandate;

on_every_database! { tongguan_clearance::migrations();
    a_sound_car_with_its_papers_is_ready_and_every_step_is_pinned,
    only_the_exporter_of_record_submits,
    a_second_open_case_for_a_vin_is_refused_until_the_first_is_over,
    a_peer_that_is_down_parks_the_case_and_never_decides_it,
    maintenance_records_that_are_down_park_the_case_too,
    documents_are_compared_field_by_field_before_filing,
    an_illegal_step_names_the_legal_ones,
    another_tenants_case_looks_like_a_missing_one,
    a_list_is_paged_and_filtered,
    the_same_request_id_answers_the_same_case,
}

async fn a_sound_car_with_its_papers_is_ready_and_every_step_is_pinned(db: Database) {
    let house = House::over(db).await;
    let case_id = house.prepared().await;
    let operation = house.submit(&case_id).await;
    assert_eq!(operation.result, format!("cases/{case_id}"));
    let case = house.until(&case_id, pb::CaseState::Ready).await;
    let kinds: Vec<&str> = case.steps.iter().map(|step| step.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "REGISTRY",
            "INSPECTION",
            "MAINTENANCE",
            "RECONCILIATION",
            "RULES"
        ]
    );
    assert!(case.steps.iter().all(|step| step.output_sha256.len() == 64));
    let decision = case.decision.unwrap();
    assert_eq!(decision.outcome(), pb::decision::Outcome::Ready);
    assert_eq!(decision.packs[0].market, "CN-EXPORT");
    assert!(decision.reconciliation.unwrap().consistent);
    let asked = house.stage.script().asked.clone().unwrap();
    let facts = serde_json::to_value(asked).unwrap();
    assert_eq!(facts["vehicle.first_registered"], "2021-03-15");
    assert_eq!(facts["trip.application_date"], "2026-03-02");
    assert_eq!(facts["registry.prohibited"], serde_json::json!([]));
    assert_eq!(facts["inspection.passed"], true);
    assert_eq!(facts["vehicle.odometer_km"], 61_000.0);
    assert_eq!(facts["vehicle.body"], "sedan");
}

async fn only_the_exporter_of_record_submits(db: Database) {
    let house = House::over(db).await;
    let mut client = house.client.clone();
    let prepared = pb::OpenCaseRequest {
        mandate: Some(mandate()),
        ..opening(VIN)
    };
    let case_id = client
        .open_case(house.ask(AGENT, prepared))
        .await
        .unwrap()
        .into_inner()
        .case_id;
    let submit = pb::SubmitCaseRequest {
        case_id: case_id.clone(),
        ..Default::default()
    };
    // An agent prepares and has no scope to submit; another exporter has the scope and is not of record.
    assert_eq!(
        client
            .submit_case(house.ask(AGENT, submit.clone()))
            .await
            .unwrap_err()
            .code(),
        Code::PermissionDenied
    );
    let refused = client
        .submit_case(house.ask(OTHER_EXPORTER, submit))
        .await
        .unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "NOT_EXPORTER_OF_RECORD"
    );
    let foreign = client
        .open_case(house.ask(OTHER_EXPORTER, opening("LBEHDAEB58Y038860")))
        .await
        .unwrap_err();
    assert_eq!(
        foreign.get_details_error_info().unwrap().reason,
        "NOT_EXPORTER_OF_RECORD"
    );
    assert_eq!(house.get(&case_id).await.state(), pb::CaseState::Draft);
}

async fn a_second_open_case_for_a_vin_is_refused_until_the_first_is_over(db: Database) {
    let house = House::over(db).await;
    let mut client = house.client.clone();
    let first = house.open().await;
    let refused = client
        .open_case(house.ask(EXPORTS, opening(VIN)))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "CASE_OPEN"
    );
    let withdraw = pb::WithdrawCaseRequest {
        case_id: first,
        reason: "sold elsewhere".into(),
        ..Default::default()
    };
    let withdrawn = client
        .withdraw_case(house.ask(EXPORTS, withdraw))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(withdrawn.state(), pb::CaseState::Withdrawn);
    assert!(withdrawn.next.is_empty());
    house.open().await;
}

async fn a_peer_that_is_down_parks_the_case_and_never_decides_it(db: Database) {
    let house = House::over(db).await;
    let case_id = house.prepared().await;
    house.stage.registry.fail_next(2, Code::Unavailable);
    house.submit(&case_id).await;
    let parked = house.until(&case_id, pb::CaseState::Parked).await;
    assert!(parked.decision.is_none());
    assert!(parked.retry_time.is_some());
    assert!(parked.parked_because.unwrap().message.contains("registry"));
    house.clock.advance(time::Duration::seconds(31));
    let again = house.until_attempt(&case_id, 2).await;
    assert_eq!(again.state(), pb::CaseState::Parked);
    house.clock.advance(time::Duration::seconds(61));
    let case = house.until(&case_id, pb::CaseState::Ready).await;
    assert!(case.parked_because.is_none());
    let unreachable = case
        .steps
        .iter()
        .filter(|step| step.outcome() == pb::step::Outcome::Unreachable)
        .count();
    assert_eq!(unreachable, 2);
}

async fn maintenance_records_that_are_down_park_the_case_too(db: Database) {
    let house = House::over(db).await;
    house.stage.script().history.outcome = maintenance::Outcome::UpstreamDown.into();
    let case_id = house.prepared().await;
    house.submit(&case_id).await;
    let parked = house.until(&case_id, pb::CaseState::Parked).await;
    assert!(
        parked
            .parked_because
            .unwrap()
            .message
            .contains("upstream_down")
    );
    // What was pinned before is not asked again; rules that are down park it once more.
    house.stage.registry.fail_next(1, Code::Unavailable);
    house
        .stage
        .destinations
        .fail_next(1, Code::DeadlineExceeded);
    house.stage.script().history.outcome = maintenance::Outcome::NoRecord.into();
    house.clock.advance(time::Duration::seconds(31));
    house.until_attempt(&case_id, 2).await;
    house.clock.advance(time::Duration::seconds(61));
    let case = house.until(&case_id, pb::CaseState::Ready).await;
    assert_eq!(
        case.steps
            .iter()
            .filter(|step| step.kind == "REGISTRY")
            .count(),
        1
    );
}

async fn documents_are_compared_field_by_field_before_filing(db: Database) {
    let house = House::over(db).await;
    let case_id = house.open().await;
    let mut papers = dossier();
    papers[0].statements.as_mut().unwrap().destination = "RU".into();
    papers[0].statements.as_mut().unwrap().brand = "Volkswagen".into();
    papers[1].statements.as_mut().unwrap().first_registered = Some(date(2021, 3, 16));
    papers[1]
        .statements
        .as_mut()
        .unwrap()
        .transfer_pending_export = Some(date(2026, 2, 0));
    for document in papers {
        house.attach(&case_id, document).await.unwrap();
    }
    let reconcile = pb::ReconcileDocumentsRequest {
        case_id: case_id.clone(),
    };
    let compared = house
        .client
        .clone()
        .reconcile_documents(house.ask(EXPORTS, reconcile.clone()))
        .await
        .unwrap()
        .into_inner();
    assert!(!compared.consistent);
    let told: Vec<(&str, pb::difference::Severity)> = compared
        .differences
        .iter()
        .map(|difference| (difference.field.as_str(), difference.severity()))
        .collect();
    assert_eq!(
        told,
        [
            ("destination", Severity::Blocking),
            ("first_registered", Severity::Blocking),
            ("brand", Severity::Warning),
            ("transfer_pending_export", Severity::Note)
        ]
    );
    assert!(compared.agreed.contains(&"vin".to_owned()));
    house.stage.registry.fail_next(1, Code::Unavailable);
    let half = house
        .client
        .clone()
        .reconcile_documents(house.ask(EXPORTS, reconcile))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(half.unreachable, ["registry"]);
    assert_eq!(house.get(&case_id).await.state(), pb::CaseState::Draft);
}

async fn an_illegal_step_names_the_legal_ones(db: Database) {
    let house = House::over(db).await;
    let case_id = house.open().await;
    let exit = pb::RecordExitRequest {
        case_id,
        date: Some(date(2026, 3, 3)),
        declaration_number: "D-1".into(),
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .record_exit(house.ask(crate::house::CUSTOMS, exit))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let steps: Vec<String> = refused
        .get_details_precondition_failure()
        .unwrap()
        .violations
        .into_iter()
        .map(|step| step.subject)
        .collect();
    assert_eq!(
        steps,
        [
            "SUBMIT → SUBMITTED (SubmitCase)",
            "WITHDRAW → WITHDRAWN (WithdrawCase)"
        ]
    );
    let chart = house
        .client
        .clone()
        .get_state_chart(pb::GetStateChartRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(chart.terminal.len(), 4);
}

async fn another_tenants_case_looks_like_a_missing_one(db: Database) {
    let house = House::over(db).await;
    let case_id = house.open().await;
    let get = pb::GetCaseRequest { case_id };
    let foreign = house
        .client
        .clone()
        .get_case(house.ask_in("other", EXPORTS, get))
        .await
        .unwrap_err();
    let missing = pb::GetCaseRequest {
        case_id: "018f0000-0000-7000-8000-00000000dead".into(),
    };
    let missing = house
        .client
        .clone()
        .get_case(house.ask_in("other", EXPORTS, missing))
        .await
        .unwrap_err();
    assert_eq!(
        (foreign.code(), missing.code()),
        (Code::NotFound, Code::NotFound)
    );
    let list = house
        .client
        .clone()
        .list_cases(house.ask_in("other", EXPORTS, pb::ListCasesRequest::default()))
        .await
        .unwrap()
        .into_inner();
    assert!(list.cases.is_empty());
}

async fn a_list_is_paged_and_filtered(db: Database) {
    let house = House::over(db).await;
    let mut client = house.client.clone();
    for vin in [VIN, "LBEHDAEB58Y038860", "1M8GDM9AXKP042788"] {
        client
            .open_case(house.ask(EXPORTS, opening(vin)))
            .await
            .unwrap();
    }
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let list = pb::ListCasesRequest {
            page_size: 2,
            page_token,
            ..Default::default()
        };
        let page = client
            .list_cases(house.ask(EXPORTS, list))
            .await
            .unwrap()
            .into_inner();
        seen.extend(page.cases.into_iter().map(|case| case.vin));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, ["1M8GDM9AXKP042788", "LBEHDAEB58Y038860", VIN]);
    let by_vin = pb::ListCasesRequest {
        vin: VIN.into(),
        state: pb::CaseState::Draft.into(),
        ..Default::default()
    };
    assert_eq!(
        client
            .list_cases(house.ask(EXPORTS, by_vin))
            .await
            .unwrap()
            .into_inner()
            .cases
            .len(),
        1
    );
    let none = pb::ListCasesRequest {
        destination: "RU".into(),
        ..Default::default()
    };
    assert!(
        client
            .list_cases(house.ask(EXPORTS, none))
            .await
            .unwrap()
            .into_inner()
            .cases
            .is_empty()
    );
}

async fn the_same_request_id_answers_the_same_case(db: Database) {
    let house = House::over(db).await;
    let mut client = house.client.clone();
    let open = pb::OpenCaseRequest {
        request_id: "o-1".into(),
        ..opening(VIN)
    };
    let first = client
        .open_case(house.ask(EXPORTS, open.clone()))
        .await
        .unwrap()
        .into_inner();
    let again = client
        .open_case(house.ask(EXPORTS, open.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first, again);
    let other = pb::OpenCaseRequest {
        destination: "RU".into(),
        ..open
    };
    let refused = client
        .open_case(house.ask(EXPORTS, other))
        .await
        .unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "IDEMPOTENCY_KEY_REUSED"
    );
}
