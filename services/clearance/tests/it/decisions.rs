//! What is decided: by the rules, by an officer, by two people.

use tongguan_api::clearance::v1 as pb;
use tongguan_api::clearance::v1::decision::Outcome as Wanted;
use tongguan_api::destinations::v1::{Effect, Outcome, RuleVerdict};
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::house::{EXPORTS, House, OFFICER, SECOND_OFFICER, dossier};
use crate::peers::{permits, says};

on_every_database! { tongguan_clearance::migrations();
    a_prohibiting_rule_refuses_with_its_id_and_is_counted,
    what_is_missing_is_asked_for_and_the_case_can_be_filed_again,
    an_officer_decides_what_the_rules_leave_open_and_not_what_they_prohibit,
    an_override_needs_two_people_who_want_the_same,
}

async fn a_prohibiting_rule_refuses_with_its_id_and_is_counted(db: Database) {
    let house = House::over(db).await;
    house.stage.script().verdicts[0] = says(
        "CN-EXPORT",
        Outcome::Prohibited,
        "CN-BAN-2",
        RuleVerdict::Violated,
        Effect::Prohibit,
    );
    let case_id = house.prepared().await;
    house.submit(&case_id).await;
    let decision = house
        .until(&case_id, pb::CaseState::Refused)
        .await
        .decision
        .unwrap();
    assert_eq!(decision.reasons[0].rule_id, "CN-BAN-2");
    assert_eq!(decision.reasons[0].weight(), pb::reason::Weight::Refuses);
    assert_eq!(decision.china_verdict, "PROHIBITED");
    let figures = house
        .client
        .clone()
        .get_statistics(house.ask(EXPORTS, pb::GetStatisticsRequest::default()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        figures.refusals,
        [pb::RefusalCount {
            rule_id: "CN-BAN-2".into(),
            cases: 1
        }]
    );
    assert_eq!(
        (
            figures.rows[0].month.as_str(),
            figures.rows[0].refused,
            figures.rows[0].value_usd
        ),
        ("2026-03", 1, 9_800)
    );
    assert_eq!(figures.young_percent, Some(0.0));
}

async fn what_is_missing_is_asked_for_and_the_case_can_be_filed_again(db: Database) {
    let house = House::over(db).await;
    house.stage.script().verdicts[1] = says(
        "KZ",
        Outcome::Undetermined,
        "KZ-AGE-1",
        RuleVerdict::Unknown,
        Effect::Prohibit,
    );
    let case_id = house.open().await;
    house.submit(&case_id).await;
    let decision = house
        .until(&case_id, pb::CaseState::NeedsInformation)
        .await
        .decision
        .unwrap();
    let blocking: Vec<&str> = decision
        .missing_documents
        .iter()
        .filter(|document| document.blocks)
        .map(|document| document.code.as_str())
        .collect();
    assert_eq!(
        blocking,
        [
            "exporter-declaration",
            "inspection-body-declaration",
            "inspection-report",
            "registration-certificate",
            "sales-contract"
        ]
    );
    assert!(
        decision
            .reasons
            .iter()
            .any(|reason| reason.rule_id == "KZ-AGE-1"
                && reason.weight() == pb::reason::Weight::Asks)
    );
    for document in dossier() {
        house.attach(&case_id, document).await.unwrap();
    }
    house.stage.script().verdicts[1] = permits("KZ");
    house.submit(&case_id).await;
    let case = house.until(&case_id, pb::CaseState::Ready).await;
    assert_eq!(case.steps.iter().map(|step| step.round).max(), Some(2));
    let late = house
        .attach(&case_id, dossier().remove(0))
        .await
        .unwrap_err();
    assert_eq!(
        late.get_details_error_info().unwrap().reason,
        "ILLEGAL_TRANSITION"
    );
}

async fn an_officer_decides_what_the_rules_leave_open_and_not_what_they_prohibit(db: Database) {
    let house = House::over(db).await;
    house.stage.script().verdicts[1] = says(
        "KZ",
        Outcome::Undetermined,
        "KZ-CON-1",
        RuleVerdict::Undetermined,
        Effect::Refer,
    );
    let case_id = house.prepared().await;
    house.submit(&case_id).await;
    house.until(&case_id, pb::CaseState::NeedsInformation).await;
    let decide = pb::DecideCaseRequest {
        case_id: case_id.clone(),
        outcome: pb::decision::Outcome::Ready.into(),
        reason: "the conflicting source was withdrawn".into(),
        ..Default::default()
    };
    let scope = house
        .client
        .clone()
        .decide_case(house.ask(EXPORTS, decide.clone()))
        .await
        .unwrap_err();
    assert_eq!(scope.code(), Code::PermissionDenied);
    let decided = house
        .client
        .clone()
        .decide_case(house.ask(OFFICER, decide))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(decided.state(), pb::CaseState::Ready);
    let decision = decided.decision.unwrap();
    assert_eq!(
        (decision.decided_by.as_str(), decision.by_override),
        ("li", false)
    );
    assert_eq!(decision.market_verdict, "UNDETERMINED");
}

async fn an_override_needs_two_people_who_want_the_same(db: Database) {
    let house = House::over(db).await;
    house.stage.script().verdicts[1] = says(
        "KZ",
        Outcome::Prohibited,
        "KZ-STE-1",
        RuleVerdict::Violated,
        Effect::Prohibit,
    );
    let case_id = house.prepared().await;
    house.submit(&case_id).await;
    house.until(&case_id, pb::CaseState::Refused).await;
    let mut client = house.client.clone();
    let wants = |outcome: pb::decision::Outcome| pb::OverrideDecisionRequest {
        case_id: case_id.clone(),
        outcome: outcome.into(),
        reason: "the ministry's letter 12/2026 exempts this vehicle".into(),
        ..Default::default()
    };
    let proposed = client
        .override_decision(house.ask(OFFICER, wants(Wanted::Ready)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(proposed.state(), pb::CaseState::Refused);
    let alone = client
        .override_decision(house.ask(OFFICER, wants(Wanted::Ready)))
        .await
        .unwrap_err();
    assert_eq!(
        alone.get_details_error_info().unwrap().reason,
        "SECOND_PERSON_REQUIRED"
    );
    let confirmed = client
        .override_decision(house.ask(SECOND_OFFICER, wants(Wanted::Ready)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(confirmed.state(), pb::CaseState::Ready);
    let overridden = confirmed.r#override.unwrap();
    assert_eq!(
        (
            overridden.proposed_by.as_str(),
            overridden.confirmed_by.as_str()
        ),
        ("li", "chen")
    );
    assert!(confirmed.decision.unwrap().by_override);
}
