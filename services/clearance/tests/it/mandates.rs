//! The mandate: an agent prepares with one and never without, and files with none.

use tongguan_api::clearance::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::house::{AGENT, EXPORTER, EXPORTS, House, VIN, Who, date, dossier, opening, paper};

on_every_database! { tongguan_clearance::migrations();
    an_agent_prepares_with_a_mandate_and_never_without,
    every_fault_of_a_mandate_is_told_at_once,
    an_agent_whose_mandate_ended_attaches_nothing_until_it_brings_a_new_one,
    the_exporter_needs_no_mandate_and_submits_what_its_agent_prepared,
}

/// A mandate of the exporter to the agent for the year.
pub(crate) fn mandate() -> pb::Document {
    pb::Document {
        issuer_kind: pb::document::IssuerKind::Exporter.into(),
        statements: Some(pb::Statements {
            mandate: Some(pb::Mandate {
                exporter_code: EXPORTER.into(),
                agent_code: AGENT.2.unwrap().into(),
                scopes: vec![pb::mandate::Scope::Prepare.into()],
                valid_from: Some(date(2026, 1, 1)),
                valid_until: Some(date(2026, 12, 31)),
            }),
            ..Default::default()
        }),
        ..paper(pb::document::Kind::Mandate)
    }
}

async fn opens(house: &House, who: Who, mandate: Option<pb::Document>) -> Result<pb::Case, Status> {
    let request = pb::OpenCaseRequest {
        mandate,
        ..opening(VIN)
    };
    let opened = house
        .client
        .clone()
        .open_case(house.ask(who, request))
        .await;
    Ok(opened?.into_inner())
}

async fn attaches(house: &House, case_id: &str, document: pb::Document) -> Result<(), Status> {
    let attach = pb::AttachDocumentRequest {
        case_id: case_id.into(),
        document: Some(document),
        ..Default::default()
    };
    let attached = house
        .client
        .clone()
        .attach_document(house.ask(AGENT, attach))
        .await;
    attached.map(|_| ())
}

fn reason(refused: &Status) -> String {
    refused.get_details_error_info().unwrap().reason
}

async fn an_agent_prepares_with_a_mandate_and_never_without(db: Database) {
    let house = House::over(db).await;
    let refused = opens(&house, AGENT, None).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::PermissionDenied, "MANDATE_MISSING")
    );
    let nameless = Who("market", AGENT.1, None);
    let refused = opens(&house, nameless, Some(mandate())).await.unwrap_err();
    assert_eq!(reason(&refused), "MANDATE_MISSING");
    let other = Who("rival", AGENT.1, Some("91110105MA00BBBB2D"));
    let refused = opens(&house, other, Some(mandate())).await.unwrap_err();
    assert!(
        refused.message().contains("empowers"),
        "{}",
        refused.message()
    );

    let case = opens(&house, AGENT, Some(mandate())).await.unwrap();
    assert_eq!(case.documents.len(), 1);
    assert_eq!(case.documents[0].attached_by, "market");
    for document in dossier() {
        attaches(&house, &case.case_id, document).await.unwrap();
    }
}

async fn every_fault_of_a_mandate_is_told_at_once(db: Database) {
    let house = House::over(db).await;
    let mut faulty = mandate();
    faulty.sealed = false;
    let said = faulty
        .statements
        .as_mut()
        .unwrap()
        .mandate
        .as_mut()
        .unwrap();
    said.valid_until = Some(date(2026, 3, 1));
    said.scopes.clear();
    let refused = opens(&house, AGENT, Some(faulty)).await.unwrap_err();
    let faults = refused.get_details_bad_request().unwrap().field_violations;
    assert_eq!(faults.len(), 3, "{faults:?}");
    let mut wrong = mandate();
    let said = wrong.statements.as_mut().unwrap().mandate.as_mut().unwrap();
    said.agent_code = "nobody".into();
    let refused = opens(&house, AGENT, Some(wrong)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

async fn an_agent_whose_mandate_ended_attaches_nothing_until_it_brings_a_new_one(db: Database) {
    let house = House::over(db).await;
    let case = opens(&house, AGENT, Some(mandate())).await.unwrap();
    house.clock.advance(time::Duration::days(310));
    let contract = dossier().remove(0);
    let refused = attaches(&house, &case.case_id, contract.clone())
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "MANDATE_MISSING");
    let mut renewed = mandate();
    let said = renewed
        .statements
        .as_mut()
        .unwrap()
        .mandate
        .as_mut()
        .unwrap();
    said.valid_until = Some(date(2027, 12, 31));
    attaches(&house, &case.case_id, renewed).await.unwrap();
    attaches(&house, &case.case_id, contract).await.unwrap();
}

async fn the_exporter_needs_no_mandate_and_submits_what_its_agent_prepared(db: Database) {
    let house = House::over(db).await;
    let case = opens(&house, AGENT, Some(mandate())).await.unwrap();
    for document in dossier() {
        attaches(&house, &case.case_id, document).await.unwrap();
    }
    let submit = pb::SubmitCaseRequest {
        case_id: case.case_id.clone(),
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .submit_case(house.ask(AGENT, submit.clone()))
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    let filed = house
        .client
        .clone()
        .submit_case(house.ask(EXPORTS, submit))
        .await;
    filed.unwrap();
    house.until(&case.case_id, pb::CaseState::Ready).await;
    let list = pb::ListCasesRequest::default();
    let listed = house
        .client
        .clone()
        .list_cases(house.ask(EXPORTS, list))
        .await;
    assert_eq!(listed.unwrap().into_inner().cases.len(), 1);
}
