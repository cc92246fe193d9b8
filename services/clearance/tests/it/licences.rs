//! Licence batches: their rules, and what happens between licence and certificate.

use tongguan_api::clearance::v1 as pb;
use tongguan_api::registry::v1 as registry;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::house::{CODE, EXPORTS, House, OFFICER, OTHER_EXPORTER, VIN, date, licence};

on_every_database! { tongguan_clearance::migrations();
    a_batch_names_everything_that_stands_in_the_way,
    the_schedule_carries_both_dates,
    quantity_dates_and_number_of_a_licence_are_checked,
    a_cancelled_batch_sets_its_cases_free,
    a_stolen_flag_after_the_licence_stops_the_certificate,
    a_case_in_a_batch_is_not_withdrawn,
}

async fn a_batch_names_everything_that_stands_in_the_way(db: Database) {
    let house = House::over(db).await;
    let case_id = house.open().await;
    let create = pb::CreateLicenceBatchRequest {
        commodity_code: "8703234190".into(),
        destination: "RU".into(),
        declared_quantity: 1,
        case_ids: vec![case_id],
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .create_licence_batch(house.ask(EXPORTS, create.clone()))
        .await
        .unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "BATCH_RULE"
    );
    let problems = refused.get_details_bad_request().unwrap().field_violations;
    for part in ["DRAFT", "goes to KZ", CODE, "licence schedule"] {
        assert!(
            problems
                .iter()
                .any(|problem| problem.description.contains(part)),
            "{part}: {problems:?}"
        );
    }
    let foreign = house
        .client
        .clone()
        .create_licence_batch(house.ask(OTHER_EXPORTER, create))
        .await
        .unwrap_err();
    assert!(foreign.message().contains("another exporter"));
    let many = pb::CreateLicenceBatchRequest {
        commodity_code: CODE.into(),
        destination: "KZ".into(),
        declared_quantity: 21,
        ..Default::default()
    };
    let many = house
        .client
        .clone()
        .create_licence_batch(house.ask(EXPORTS, many))
        .await
        .unwrap_err();
    assert_eq!(many.code(), Code::InvalidArgument);
}

async fn the_schedule_carries_both_dates(db: Database) {
    let house = House::over(db).await;
    let case_id = house.ready().await;
    let batch_id = house.batch(vec![case_id.clone()]).await;
    let get = pb::GetLicenceBatchRequest {
        batch_id: batch_id.clone(),
    };
    let batch = house
        .client
        .clone()
        .get_licence_batch(house.ask(EXPORTS, get))
        .await
        .unwrap()
        .into_inner();
    let line = &batch.schedule[0];
    assert_eq!(
        (line.vin.as_str(), line.first_registered),
        (VIN, Some(date(2021, 3, 15)))
    );
    assert_eq!(line.transfer_pending_export, Some(date(2026, 2, 20)));
    assert_eq!(house.get(&case_id).await.batch_id, batch_id);
    let add = pb::AddToLicenceBatchRequest {
        batch_id,
        case_ids: vec![case_id],
        ..Default::default()
    };
    let twice = house
        .client
        .clone()
        .add_to_licence_batch(house.ask(EXPORTS, add))
        .await
        .unwrap_err();
    assert!(twice.message().contains("already"));
}

async fn quantity_dates_and_number_of_a_licence_are_checked(db: Database) {
    let house = House::over(db).await;
    let case_id = house.ready().await;
    let batch_id = house.handed_in(&case_id).await;
    let wrong = pb::RecordLicenceRequest {
        quantity: 2,
        issued: Some(date(2026, 3, 3)),
        valid_until: Some(date(2027, 1, 1)),
        ..licence(&batch_id)
    };
    let refused = house
        .client
        .clone()
        .record_licence(house.ask(OFFICER, wrong))
        .await
        .unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "LICENCE_RULE"
    );
    assert_eq!(
        refused
            .get_details_bad_request()
            .unwrap()
            .field_violations
            .len(),
        3
    );
    let batch = house.license(&batch_id).await.unwrap().into_inner();
    assert_eq!(batch.state(), pb::licence_batch::State::Licensed);
    assert_eq!(batch.licence_valid_until, Some(date(2026, 9, 2)));
    let again = house.license(&batch_id).await.unwrap_err();
    assert_eq!(
        again.get_details_error_info().unwrap().reason,
        "ILLEGAL_TRANSITION"
    );
    house.until(&case_id, pb::CaseState::Certified).await;
}

async fn a_cancelled_batch_sets_its_cases_free(db: Database) {
    let house = House::over(db).await;
    let case_id = house.ready().await;
    let batch_id = house.handed_in(&case_id).await;
    let cancel = pb::CancelLicenceBatchRequest {
        batch_id: batch_id.clone(),
        reason: "wrong consignee".into(),
        ..Default::default()
    };
    house
        .client
        .clone()
        .cancel_licence_batch(house.ask(EXPORTS, cancel))
        .await
        .unwrap();
    let free = house.get(&case_id).await;
    assert_eq!(
        (free.state(), free.batch_id.as_str()),
        (pb::CaseState::Ready, "")
    );
    assert_eq!(
        house.license(&batch_id).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    house.batch(vec![case_id]).await;
}

async fn a_stolen_flag_after_the_licence_stops_the_certificate(db: Database) {
    let house = House::over(db).await;
    let case_id = house.ready().await;
    let batch_id = house.handed_in(&case_id).await;
    house.stage.script().vehicle.as_mut().unwrap().prohibitions = vec![registry::Prohibition {
        number: 4,
        code: "OBTAINED_BY_CRIME".into(),
        fact: "police status C".into(),
    }];
    house.license(&batch_id).await.unwrap();
    let case = house.until(&case_id, pb::CaseState::NeedsInformation).await;
    assert!(case.suspended_because.contains("police status C"));
    assert_eq!(
        (case.certificate_id.as_str(), case.licence_number.as_str()),
        ("", "")
    );
}

async fn a_case_in_a_batch_is_not_withdrawn(db: Database) {
    let house = House::over(db).await;
    let case_id = house.ready().await;
    house.handed_in(&case_id).await;
    let withdraw = pb::WithdrawCaseRequest {
        case_id,
        reason: "changed my mind".into(),
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .withdraw_case(house.ask(EXPORTS, withdraw))
        .await
        .unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "BATCH_RULE"
    );
}
