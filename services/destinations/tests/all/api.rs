//! Questions and answers: evaluation, replay, lists, refusals.

use serde_json::json;
use tongguan_access::Role;
use tongguan_api::destinations::v1 as pb;
use tongguan_storage::Database;
use tonic::Code;

use crate::support::{house, question, ready, refusal};

tongguan_testkit::on_every_database! {
    tongguan_destinations::migrations();
    a_ready_car_may_leave_and_kenya_asks_for_its_inspection,
    the_letter_is_asked_for_through_day_180_and_not_on_day_181,
    a_month_only_registration_that_straddles_the_limit_is_undetermined,
    a_stolen_car_is_prohibited_with_its_reason_in_two_languages,
    a_decision_replays_to_the_same_bytes_and_belongs_to_its_tenant,
    asking_twice_records_one_decision,
    the_voyage_may_not_end_after_the_age_limit,
    an_unknown_market_names_its_neighbours,
    facts_out_of_range_are_refused_all_at_once,
    markets_are_paged_without_gaps,
    rules_of_a_market_include_its_layers,
    a_pack_can_be_read_back_and_an_unknown_digest_is_not_found,
    every_market_can_be_asked_at_once_and_sorted_by_ease,
    nothing_is_answered_without_a_token,
}

async fn a_ready_car_may_leave_and_kenya_asks_for_its_inspection(database: Database) {
    let verdicts = house(database)
        .await
        .evaluate(ready(), &["CN-EXPORT", "KE"])
        .await
        .unwrap();
    let [china, kenya] = verdicts.as_slice() else {
        panic!("two markets were asked")
    };
    assert_eq!(china.outcome(), pb::Outcome::Permitted, "{:?}", open(china));
    assert_eq!(
        kenya.outcome(),
        pb::Outcome::Conditional,
        "{:?}",
        open(kenya)
    );
    let asked: Vec<&str> = kenya
        .missing_documents
        .iter()
        .map(|document| document.code.as_str())
        .collect();
    assert!(asked.contains(&"ke-validated-papers"), "{asked:?}");
    assert!(!kenya.decision.is_empty() && kenya.decision != china.decision);
    assert_eq!(kenya.pack.as_ref().unwrap().market, "KE");
}

async fn the_letter_is_asked_for_through_day_180_and_not_on_day_181(database: Database) {
    let house = house(database).await;
    for (registered, outcome) in [
        ("2025-09-04", pb::Outcome::Conditional), // day 179
        ("2025-09-03", pb::Outcome::Conditional), // day 180
        ("2025-09-02", pb::Outcome::Permitted),   // day 181
    ] {
        let mut facts = ready();
        facts["vehicle"]["first_registered"] = json!(registered);
        let china = house
            .evaluate(facts.clone(), &["CN-EXPORT"])
            .await
            .unwrap()
            .remove(0);
        assert_eq!(china.outcome(), outcome, "{registered}: {:?}", open(&china));
        let asked = china.missing_documents.iter().any(|document| {
            document.code == "after-sales-confirmation" && document.who == "manufacturer"
        });
        assert_eq!(asked, outcome == pb::Outcome::Conditional, "{registered}");
        facts["registry"]["transfer_pending_export"] = json!("2025-12-31");
        let grandfathered = house
            .evaluate(facts, &["CN-EXPORT"])
            .await
            .unwrap()
            .remove(0);
        assert_eq!(
            grandfathered.outcome(),
            pb::Outcome::Permitted,
            "{registered}: {:?}",
            open(&grandfathered)
        );
    }
}

async fn a_month_only_registration_that_straddles_the_limit_is_undetermined(database: Database) {
    let mut facts = ready();
    facts["vehicle"]["first_registered"] = json!("2025-09");
    let china = house(database)
        .await
        .evaluate(facts, &["CN-EXPORT"])
        .await
        .unwrap()
        .remove(0);
    assert_eq!(china.outcome(), pb::Outcome::Undetermined);
    let missing = china
        .missing_facts
        .iter()
        .find(|fact| fact.name == "vehicle.first_registered")
        .unwrap();
    assert_eq!(missing.straddling_value, "2025-09");
}

async fn a_stolen_car_is_prohibited_with_its_reason_in_two_languages(database: Database) {
    let mut facts = ready();
    facts["registry"]["status"] = json!(["C", "G"]);
    let china = house(database)
        .await
        .evaluate(facts, &["CN-EXPORT"])
        .await
        .unwrap()
        .remove(0);
    assert_eq!(china.outcome(), pb::Outcome::Prohibited);
    let decisive: Vec<&str> = china
        .reasons
        .iter()
        .filter(|reason| reason.decisive)
        .map(|reason| reason.rule.as_str())
        .collect();
    assert_eq!(decisive, ["CN-BAN-4", "CN-BAN-9"]);
    let reason = &china.reasons[0];
    assert!(
        reason.text.as_ref().unwrap().zh.contains("盗窃"),
        "{:?}",
        reason.text
    );
    assert_eq!(reason.verdict(), pb::RuleVerdict::Violated);
    assert!(reason.source.as_ref().unwrap().url.starts_with("https://"));
    assert!(
        reason
            .facts
            .iter()
            .any(|fact| fact.name == "registry.status" && fact.value.contains('C'))
    );
}

async fn a_decision_replays_to_the_same_bytes_and_belongs_to_its_tenant(database: Database) {
    let house = house(database).await;
    let kenya = house.evaluate(ready(), &["KE"]).await.unwrap().remove(0);
    let request = pb::ReplayDecisionRequest {
        decision: kenya.decision.clone(),
    };
    let replayed = house
        .client()
        .replay_decision(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert!(replayed.identical);
    assert_eq!(replayed.recorded_answer_digest, kenya.answer_digest);
    let again = replayed.verdict.unwrap();
    assert_eq!(
        (again.outcome, again.reasons, again.answer_digest),
        (kenya.outcome, kenya.reasons, kenya.answer_digest)
    );
    let foreign = house.signed("other", "lin", Role::Exporter, request);
    assert_eq!(
        house
            .client()
            .replay_decision(foreign)
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
}

async fn asking_twice_records_one_decision(database: Database) {
    let house = house(database).await;
    let first = house.evaluate(ready(), &["KE"]).await.unwrap().remove(0);
    house.world.clock.advance(time::Duration::hours(1));
    let second = house.evaluate(ready(), &["KE"]).await.unwrap().remove(0);
    assert_eq!(
        (&first.decision, &first.decide_time),
        (&second.decision, &second.decide_time)
    );
    let mut look = question(ready(), &["KE"]);
    look.unrecorded = true;
    let look = house
        .client()
        .evaluate(house.ask(look))
        .await
        .unwrap()
        .into_inner()
        .verdicts
        .remove(0);
    assert_eq!(
        (look.decision.as_str(), look.answer_digest),
        ("", first.answer_digest)
    );
}

async fn the_voyage_may_not_end_after_the_age_limit(database: Database) {
    let mut facts = ready();
    facts["vehicle"]["first_registered"] = json!("2019-08-01");
    facts["vehicle"]["manufactured"] = json!("2019-05");
    let kenya = house(database)
        .await
        .evaluate(facts, &["KE"])
        .await
        .unwrap()
        .remove(0);
    let day = kenya.ship_by.unwrap();
    assert_eq!((day.year, day.month, day.day), (2026, 12, 31));
    assert_eq!(kenya.ship_by_event, "trip.arrival");
    assert_eq!(
        pb::Outcome::try_from(kenya.outcome_after),
        Ok(pb::Outcome::Prohibited)
    );
}

async fn an_unknown_market_names_its_neighbours(database: Database) {
    let house = house(database).await;
    let request = pb::GetMarketRequest {
        market: "Kenya".to_owned(),
    };
    let refused = house
        .client()
        .get_market(house.ask(request))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), refusal(&refused).0.as_str()),
        (Code::NotFound, "MARKET_UNKNOWN")
    );
    let refused = house.evaluate(ready(), &["CN-EXPROT"]).await.unwrap_err();
    let details = tonic_types::StatusExt::get_error_details(&refused);
    assert!(details.error_info().unwrap().metadata["nearest"].contains("CN-EXPORT"));
}

async fn facts_out_of_range_are_refused_all_at_once(database: Database) {
    let facts = json!({ "vehicle.manufactured": "1850", "vehicle.odometer_km": -5, "vehicle.category": "M9", "vehicel.seats": 4 });
    let refused = house(database)
        .await
        .evaluate(facts, &[])
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let (reason, mut fields) = refusal(&refused);
    fields.sort();
    assert_eq!(reason, "INVALID_FIELDS");
    assert_eq!(
        fields,
        [
            "facts.vehicel.seats",
            "facts.vehicle.category",
            "facts.vehicle.manufactured",
            "facts.vehicle.odometer_km",
            "markets"
        ]
    );
}

async fn markets_are_paged_without_gaps(database: Database) {
    let house = house(database).await;
    let (mut codes, mut token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListMarketsRequest {
            page_size: 7,
            page_token: token,
        };
        let page = house
            .client()
            .list_markets(house.ask(request))
            .await
            .unwrap()
            .into_inner();
        codes.extend(page.markets.into_iter().map(|market| market.market));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let all: Vec<String> = tongguan_destinations::embedded()
        .as_ref()
        .unwrap()
        .iter()
        .map(|pack| pack.market.clone())
        .collect();
    assert_eq!(codes, all);
    let request = pb::ListMarketsRequest {
        page_size: 7,
        page_token: "x".to_owned(),
    };
    let refused = house
        .client()
        .list_markets(house.ask(request))
        .await
        .unwrap_err();
    assert_eq!(refusal(&refused).0, "PAGE_TOKEN_INVALID");
}

async fn rules_of_a_market_include_its_layers(database: Database) {
    let house = house(database).await;
    let request = pb::ListRulesRequest {
        market: "RU".to_owned(),
        page_size: 3,
        ..pb::ListRulesRequest::default()
    };
    let first = house
        .client()
        .list_rules(house.ask(request.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(first.rules.len(), 3);
    let request = pb::ListRulesRequest {
        page_size: 500,
        page_token: first.next_page_token,
        ..request
    };
    let rest = house
        .client()
        .list_rules(house.ask(request))
        .await
        .unwrap()
        .into_inner();
    let ids: Vec<&str> = first
        .rules
        .iter()
        .chain(&rest.rules)
        .map(|rule| rule.rule.as_str())
        .collect();
    assert!(
        ids.contains(&"RU-STE-01") && ids.contains(&"EAEU-INS-01") && !ids.contains(&"EAEU-STE-02"),
        "{ids:?}"
    );
    assert!(
        first
            .rules
            .iter()
            .all(|rule| rule.examples >= 3 && !rule.text.as_ref().unwrap().zh.is_empty())
    );
}

async fn a_pack_can_be_read_back_and_an_unknown_digest_is_not_found(database: Database) {
    let house = house(database).await;
    let request = pb::GetPackRequest {
        market: "KE".to_owned(),
        digest: String::new(),
    };
    let pack = house
        .client()
        .get_pack(house.ask(request))
        .await
        .unwrap()
        .into_inner();
    assert!(pack.yaml.contains("KE-AGE-1") && pack.publication.is_none());
    let digest = pack.pack.unwrap().digest;
    let pinned = pb::GetPackRequest {
        market: "AE".to_owned(),
        digest,
    };
    let refused = house
        .client()
        .get_pack(house.ask(pinned))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), refusal(&refused).0.as_str()),
        (Code::NotFound, "PACK_UNKNOWN")
    );
}

async fn every_market_can_be_asked_at_once_and_sorted_by_ease(database: Database) {
    let house = house(database).await;
    let request = pb::EvaluateRequest {
        sort_by_ease: true,
        skip_advice: true,
        unrecorded: true,
        ..question(ready(), &["*"])
    };
    let verdicts = house
        .client()
        .evaluate(house.ask(request))
        .await
        .unwrap()
        .into_inner()
        .verdicts;
    assert!(verdicts.len() >= 12 && verdicts.iter().all(|verdict| verdict.market.len() == 2));
    let efforts: Vec<u32> = verdicts.iter().map(|verdict| verdict.effort).collect();
    assert!(efforts.is_sorted(), "{efforts:?}");
}

async fn nothing_is_answered_without_a_token(database: Database) {
    let request = question(ready(), &["KE"]);
    let refused = house(database)
        .await
        .client()
        .evaluate(request)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

/// What keeps a verdict from being better, for a failing test's message.
fn open(verdict: &pb::MarketVerdict) -> Vec<(String, pb::RuleVerdict, Vec<String>)> {
    verdict
        .reasons
        .iter()
        .filter(|reason| reason.decisive)
        .map(|reason| {
            (
                reason.rule.clone(),
                reason.verdict(),
                reason.missing_facts.clone(),
            )
        })
        .collect()
}
