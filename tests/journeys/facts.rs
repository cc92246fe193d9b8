//! Readiness and decision see equal facts: what a marketplace is told of a car is what its case is decided on.

use std::collections::BTreeMap;

use tongguan::Settings;
use tongguan::journey::Actors;
use tongguan::stand::Stand;
use tongguan_api::destinations::v1 as destinations;
use tongguan_api::destinations::v1::destination_rules_client::DestinationRulesClient;
use tongguan_api::gateway::v1 as gateway;
use tongguan_api::gateway::v1::export_readiness_client::ExportReadinessClient;
use tongguan_api::google::r#type::Date;
use tongguan_api::maintenance::v1 as maintenance;

use crate::dossiers::{Folder, samples};

/// Facts that only a case can know: its papers, its exporter, and how they compare with the car.
const OF_THE_CASE: [&str; 7] = [
    "inspection.client_is_exporter",
    "inspection.sealed",
    "inspection.body_declared",
    "registry.certificate_matches",
    "registry.certificates_complete",
    "registry.modification_proved",
    "registry.in_miit_announcement",
];

/// What the rules read of the car, as they say it, by fact and by rule.
fn read(verdicts: &[destinations::MarketVerdict]) -> BTreeMap<(String, String), (bool, String)> {
    let of_the_car = |name: &str| {
        ["vehicle.", "registry.", "inspection.", "maintenance."]
            .iter()
            .any(|prefix| name.starts_with(prefix))
            && !OF_THE_CASE.contains(&name)
    };
    let reasons = verdicts.iter().flat_map(|verdict| &verdict.reasons);
    reasons
        .flat_map(|reason| reason.facts.iter().map(|fact| (&reason.rule, fact)))
        .filter(|(_, fact)| of_the_car(&fact.name))
        .map(|(rule, fact)| {
            (
                (rule.clone(), fact.name.clone()),
                (fact.known, fact.value.clone()),
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_and_decision_see_equal_facts_for_every_dossier() {
    let folder = Folder::fresh();
    let dossiers = samples();
    let stand = Stand::set_up(Settings::under(&folder.0), &dossiers)
        .await
        .unwrap();
    let routes = &stand.started.suite.routes;
    let route = |name: &str| routes.get(name).unwrap().clone();
    let mut rules = DestinationRulesClient::new(route("tongguan.destinations.v1.DestinationRules"));
    let mut readiness = ExportReadinessClient::new(route("tongguan.gateway.v1.ExportReadiness"));
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for dossier in &dossiers {
        let outcome = stand.run(dossier).await.unwrap();
        let Some(decision) = outcome.case.and_then(|case| case.decision) else {
            continue;
        };
        let actors = Actors::of(
            &stand.started.suite,
            &"demo".parse().unwrap(),
            dossier,
            &stand.clock,
        )
        .unwrap();
        let decided: pbjson_types::Struct = serde_json::from_str(&decision.facts_json).unwrap();
        let evaluate = destinations::EvaluateRequest {
            facts: Some(decided),
            markets: vec!["CN-EXPORT".into(), dossier.destination.clone()],
            all_rules: true,
            unrecorded: true,
            skip_advice: true,
            ..Default::default()
        };
        let Ok(decided) = rules.evaluate(actors.as_exporter(evaluate)).await else {
            // A market without a pack: neither side reads anything.
            continue;
        };
        let listing = gateway::Listing {
            vin: dossier.vehicle.vin.clone(),
            facts: serde_json::from_value(dossier.facts.clone().into()).ok(),
            consent: Some(maintenance::Consent {
                id: "marketplace-1".into(),
                basis: maintenance::consent::Basis::ExporterMandate.into(),
                given: Some(Date {
                    year: 2026,
                    month: 1,
                    day: 5,
                }),
                ..Default::default()
            }),
            ..Default::default()
        };
        let check = gateway::CheckReadinessRequest {
            listing: Some(listing),
            markets: vec![dossier.destination.clone()],
            wait: Some(pbjson_types::Duration {
                seconds: 20,
                nanos: 0,
            }),
            all_rules: true,
        };
        let told = readiness
            .check_readiness(actors.as_exporter(check))
            .await
            .unwrap()
            .into_inner();
        let mut verdicts: Vec<destinations::MarketVerdict> = told.china.into_iter().collect();
        verdicts.extend(told.markets.into_iter().filter_map(|market| market.verdict));
        let (seen, decided) = (read(&verdicts), read(&decided.into_inner().verdicts));
        for ((rule, fact), said) in &decided {
            let Some(listed) = seen.get(&(rule.clone(), fact.clone())) else {
                continue;
            };
            compared += 1;
            if listed != said {
                wrong.push(format!(
                    "{}: {rule} reads {fact} as {listed:?} in readiness, {said:?} in the decision",
                    dossier.name
                ));
            }
        }
    }
    stand.stop().await;
    folder.remove();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 1_000, "only {compared} facts were compared");
}
