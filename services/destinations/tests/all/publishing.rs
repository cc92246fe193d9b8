//! How packs come into force: checked whole, simulated, signed by two, announced ahead.

use serde_json::json;
use tongguan_access::Role;
use tongguan_api::destinations::v1 as pb;
use tongguan_storage::Database;
use tonic::{Code, Status};

use crate::support::{House, facts_of, house, ready, refusal};

tongguan_testkit::on_every_database! {
    tongguan_destinations::migrations();
    a_pack_comes_into_force_after_two_signatures_and_its_notice,
    one_person_cannot_sign_twice,
    a_pack_without_an_impact_report_is_refused,
    a_version_that_does_not_rise_is_refused,
    the_notice_period_holds_outside_the_emergency_lane,
    a_broken_pack_is_refused_whole_with_every_problem,
    a_layer_that_breaks_a_country_is_refused,
    a_simulation_says_who_changes_verdict,
    a_simulation_without_vehicles_uses_recorded_decisions,
    the_same_request_id_answers_the_same_publication,
    an_exporter_may_not_publish,
}

/// Kenya's pack with a limit of six years, under a version of its own.
async fn stricter(house: &House, version: &str) -> String {
    let request = pb::GetPackRequest {
        market: "KE".to_owned(),
        digest: String::new(),
    };
    let yaml = house
        .client()
        .get_pack(house.ask(request))
        .await
        .unwrap()
        .into_inner()
        .yaml;
    let rule = "year(trip.arrival) - 7'";
    assert!(yaml.contains(rule));
    yaml.replace(rule, "year(trip.arrival) - 6'")
        .replace("version: 2026.11.1", &format!("version: {version}"))
        .replace(
            "given: { trip.arrival: 2026-06-01, vehicle.first_registered: 2019-01 }",
            "given: { trip.arrival: 2026-06-01, vehicle.first_registered: 2020-01 }",
        )
        .replace(
            "given: { trip.arrival: 2026-12-31, vehicle.first_registered: 2019-01-01 }",
            "given: { trip.arrival: 2026-12-31, vehicle.first_registered: 2020-01-01 }",
        )
}

async fn simulate(house: &House, yaml: &str, registered: &[&str]) -> pb::ImpactReport {
    let vehicle = |date: &&str| {
        let mut facts = ready();
        facts["vehicle"]["first_registered"] = json!(date);
        facts["vehicle"]["manufactured"] = json!(date);
        pb::MatrixItem {
            key: (*date).to_owned(),
            facts: Some(facts_of(facts)),
        }
    };
    let request = pb::SimulatePackRequest {
        yaml: yaml.to_owned(),
        vehicles: registered.iter().map(vehicle).collect(),
    };
    house
        .client()
        .simulate_pack(house.edit("ada", request))
        .await
        .unwrap()
        .into_inner()
}

async fn publish(
    house: &House,
    subject: &str,
    request: pb::PublishPackRequest,
) -> Result<pb::Publication, Status> {
    Ok(house
        .client()
        .publish_pack(house.edit(subject, request))
        .await?
        .into_inner())
}

async fn proposal(house: &House, yaml: &str) -> pb::PublishPackRequest {
    let impact_report = simulate(house, yaml, &["2019-03"]).await.impact_report;
    pb::PublishPackRequest {
        yaml: yaml.to_owned(),
        impact_report,
        reason: "the standard changed".to_owned(),
        ..pb::PublishPackRequest::default()
    }
}

/// What Kenya says of a car first registered in 2019.
async fn kenya(house: &House) -> pb::MarketVerdict {
    let mut facts = ready();
    facts["vehicle"]["first_registered"] = json!("2019-03");
    facts["vehicle"]["manufactured"] = json!("2019-01");
    house.evaluate(facts, &["KE"]).await.unwrap().remove(0)
}

async fn a_pack_comes_into_force_after_two_signatures_and_its_notice(database: Database) {
    let house = house(database).await;
    let before = kenya(&house).await;
    let request = proposal(&house, &stricter(&house, "2026.11.2").await).await;
    let proposed = publish(&house, "ada", request.clone()).await.unwrap();
    assert_eq!(proposed.state(), pb::PublicationState::Proposed);
    house.world.clock.advance(time::Duration::hours(100));
    assert_eq!(
        kenya(&house).await.outcome(),
        pb::Outcome::Conditional,
        "one signature changes nothing"
    );

    let confirmed = publish(&house, "bo", request).await.unwrap();
    assert_eq!(
        (confirmed.state(), confirmed.confirmed_by.as_str()),
        (pb::PublicationState::Scheduled, "bo")
    );
    assert_eq!(confirmed.publication, proposed.publication);
    house.world.clock.advance(time::Duration::hours(47));
    assert_eq!(
        kenya(&house).await.outcome(),
        pb::Outcome::Conditional,
        "the notice period is not over"
    );
    let market = house
        .client()
        .get_market(house.ask(pb::GetMarketRequest {
            market: "KE".to_owned(),
        }))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(market.scheduled.unwrap().pack.unwrap().version, "2026.11.2");

    house.world.clock.advance(time::Duration::hours(1));
    let after = kenya(&house).await;
    assert_eq!(after.outcome(), pb::Outcome::Prohibited);
    let request = pb::ReplayDecisionRequest {
        decision: before.decision,
    };
    let replayed = house
        .client()
        .replay_decision(house.ask(request))
        .await
        .unwrap()
        .into_inner();
    assert!(replayed.identical, "the old pack stays evaluable");
    assert_eq!(replayed.verdict.unwrap().pack, before.pack);
}

async fn one_person_cannot_sign_twice(database: Database) {
    let house = house(database).await;
    let request = proposal(&house, &stricter(&house, "2026.11.2").await).await;
    publish(&house, "ada", request.clone()).await.unwrap();
    let refused = publish(&house, "ada", request).await.unwrap_err();
    assert_eq!(refusal(&refused).0, "SECOND_PERSON_REQUIRED");
}

async fn a_pack_without_an_impact_report_is_refused(database: Database) {
    let house = house(database).await;
    let request = proposal(&house, &stricter(&house, "2026.11.2").await).await;
    let other = stricter(&house, "2026.11.3").await;
    let refused = publish(
        &house,
        "ada",
        pb::PublishPackRequest {
            yaml: other,
            ..request
        },
    )
    .await
    .unwrap_err();
    assert_eq!(refusal(&refused).0, "IMPACT_REPORT_MISSING");
}

async fn a_version_that_does_not_rise_is_refused(database: Database) {
    let house = house(database).await;
    for version in ["2026.11.1", "2025.12.9"] {
        let request = proposal(&house, &stricter(&house, version).await).await;
        let refused = publish(&house, "ada", request).await.unwrap_err();
        assert_eq!(
            (refused.code(), refusal(&refused).0.as_str()),
            (Code::FailedPrecondition, "PACK_VERSION_NOT_RISING")
        );
    }
}

async fn the_notice_period_holds_outside_the_emergency_lane(database: Database) {
    let house = house(database).await;
    let soon = tongguan_rpc::wire::timestamp(house.world.clock.now() + time::Duration::hours(1));
    let request = pb::PublishPackRequest {
        effective_time: Some(soon),
        ..proposal(&house, &stricter(&house, "2026.11.2").await).await
    };
    let refused = publish(&house, "ada", request.clone()).await.unwrap_err();
    assert_eq!(refusal(&refused).0, "NOTICE_TOO_SHORT");
    let emergency = pb::PublishPackRequest {
        emergency: true,
        ..request
    };
    let silent = pb::PublishPackRequest {
        reason: String::new(),
        ..emergency.clone()
    };
    assert_eq!(
        refusal(&publish(&house, "ada", silent).await.unwrap_err()).1,
        ["reason"]
    );
    publish(&house, "ada", emergency.clone()).await.unwrap();
    assert!(publish(&house, "bo", emergency).await.unwrap().emergency);
    house.world.clock.advance(time::Duration::hours(1));
    assert_eq!(kenya(&house).await.outcome(), pb::Outcome::Prohibited);
}

async fn a_broken_pack_is_refused_whole_with_every_problem(database: Database) {
    let house = house(database).await;
    let yaml = stricter(&house, "2026.11.2")
        .await
        .replace(
            "vehicle.manufactured, vehicle.first",
            "vehicle.manufacturd, vehicle.first",
        )
        .replace("'vehicle.steering == \"RHD\"'", "'vehicle.steering == 7'");
    let request = pb::ValidatePackRequest { yaml: yaml.clone() };
    let checked = house
        .client()
        .validate_pack(house.edit("ada", request))
        .await
        .unwrap()
        .into_inner();
    assert!(
        !checked.valid && checked.problems.len() >= 2,
        "{}",
        checked.problems.len()
    );
    assert!(
        checked
            .problems
            .iter()
            .any(|problem| problem.rule == "KE-AGE-2"
                && problem.line > 0
                && problem.message.contains("vehicle.manufactured"))
    );
    let request = pb::PublishPackRequest {
        yaml,
        impact_report: "x".to_owned(),
        ..pb::PublishPackRequest::default()
    };
    let refused = publish(&house, "ada", request).await.unwrap_err();
    let (reason, fields) = refusal(&refused);
    assert_eq!(
        (reason.as_str(), fields.len()),
        ("PACK_REFUSED", checked.problems.len())
    );
    assert_eq!(
        kenya(&house).await.outcome(),
        pb::Outcome::Conditional,
        "the running packs stay in force"
    );
}

async fn a_layer_that_breaks_a_country_is_refused(database: Database) {
    let house = house(database).await;
    let request = pb::GetPackRequest {
        market: "GCC".to_owned(),
        digest: String::new(),
    };
    let yaml = house
        .client()
        .get_pack(house.ask(request))
        .await
        .unwrap()
        .into_inner()
        .yaml;
    let request = pb::ValidatePackRequest {
        yaml: yaml.replace("id: GCC-STE-01", "id: GCC-STE-1"),
    };
    let checked = house
        .client()
        .validate_pack(house.edit("ada", request))
        .await
        .unwrap()
        .into_inner();
    assert!(checked.problems.iter().any(
        |problem| problem.message.starts_with("SA:") && problem.message.contains("GCC-STE-01")
    ));
}

async fn a_simulation_says_who_changes_verdict(database: Database) {
    let house = house(database).await;
    let report = simulate(
        &house,
        &stricter(&house, "2026.11.2").await,
        &["2018-05", "2019-03", "2022-01"],
    )
    .await;
    assert_eq!((report.vehicles, report.changes.len()), (3, 1));
    assert_eq!(
        (report.changes[0].key.as_str(), report.changes[0].after()),
        ("2019-03", pb::Outcome::Prohibited)
    );
    assert_eq!(report.rules_changed, ["KE-AGE-1"]);
}

async fn a_simulation_without_vehicles_uses_recorded_decisions(database: Database) {
    let house = house(database).await;
    let recorded = kenya(&house).await.decision;
    let report = simulate(&house, &stricter(&house, "2026.11.2").await, &[]).await;
    assert_eq!(
        (report.vehicles, report.changes[0].key.clone()),
        (1, recorded)
    );
}

async fn the_same_request_id_answers_the_same_publication(database: Database) {
    let house = house(database).await;
    let request = pb::PublishPackRequest {
        request_id: "p-1".to_owned(),
        ..proposal(&house, &stricter(&house, "2026.11.2").await).await
    };
    let first = publish(&house, "ada", request.clone()).await.unwrap();
    let again = publish(&house, "ada", request.clone()).await.unwrap();
    assert_eq!(first, again);
    let other = pb::PublishPackRequest {
        reason: "another".to_owned(),
        ..request
    };
    assert_eq!(
        refusal(&publish(&house, "ada", other).await.unwrap_err()).0,
        "IDEMPOTENCY_KEY_REUSED"
    );
}

async fn an_exporter_may_not_publish(database: Database) {
    let house = house(database).await;
    let request = house.signed(
        "acme",
        "lin",
        Role::Exporter,
        pb::PublishPackRequest::default(),
    );
    assert_eq!(
        house
            .client()
            .publish_pack(request)
            .await
            .unwrap_err()
            .code(),
        Code::PermissionDenied
    );
}
