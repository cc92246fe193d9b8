//! CheckReadiness: composed within one deadline, honest about what did not answer.

use std::time::Duration;

use pbjson_types::{Struct, Value};
use tongguan_api::destinations::v1 as destinations;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::export_readiness_client::ExportReadinessClient;
use tongguan_api::gateway::v1::source_state::State;
use tongguan_api::google::r#type::Date;
use tongguan_api::{
    common::v1 as common, maintenance::v1 as maintenance, registry::v1 as registry,
};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::fakes::{Fake, Fakes, House, VIN, house};

fn registry() -> Fake {
    Fake::default().on("GetVehicle", |request: registry::GetVehicleRequest| {
        assert_eq!(request.vin, VIN);
        let details = registry::VehicleDetails {
            vin: VIN.to_owned(),
            brand: "大众".to_owned(),
            seats: Some(5),
            powertrain: common::Powertrain::Ice.into(),
            first_registered: Some(Date {
                year: 2019,
                month: 1,
                day: 15,
            }),
            ..Default::default()
        };
        Ok(registry::Vehicle {
            details: Some(details),
            ..Default::default()
        })
    })
}

/// Rules that permit from China, and elsewhere say what the table says.
fn rules(market: &'static str, outcome: destinations::Outcome) -> Fake {
    Fake::default().on("Evaluate", move |request: destinations::EvaluateRequest| {
        assert!(request.unrecorded, "a look is no decision");
        let [asked] = request.markets.as_slice() else {
            panic!("one market a question")
        };
        if asked == "XX" {
            return Err(Status::not_found("no rule pack for XX; nearest: KE"));
        }
        let facts = request.facts.unwrap_or_default().fields;
        let known = facts.keys().map(|name| destinations::FactRead {
            name: name.clone(),
            known: true,
            ..Default::default()
        });
        let reason = destinations::Reason {
            facts: known.collect(),
            ..Default::default()
        };
        let outcome = if asked == market {
            outcome
        } else {
            destinations::Outcome::Permitted
        };
        let verdict = destinations::MarketVerdict {
            market: asked.clone(),
            outcome: outcome.into(),
            reasons: vec![reason],
            ship_by: (asked == "CN-EXPORT").then_some(Date {
                year: 2026,
                month: 6,
                day: 30,
            }),
            ..Default::default()
        };
        Ok(destinations::EvaluateResponse {
            verdicts: vec![verdict],
        })
    })
}

pub(crate) fn all_well() -> Fakes {
    Fakes {
        registry: registry(),
        destinations: rules("KE", destinations::Outcome::Conditional),
        ..Fakes::default()
    }
}

fn listing(vin: &str) -> pb::Listing {
    pb::Listing {
        key: "ad-1".into(),
        vin: vin.into(),
        ..Default::default()
    }
}

async fn check(
    house: &House,
    listing: pb::Listing,
    markets: &[&str],
) -> Result<pb::Readiness, Status> {
    let request = pb::CheckReadinessRequest {
        listing: Some(listing),
        markets: markets.iter().map(|market| (*market).to_owned()).collect(),
        ..Default::default()
    };
    let mut client = ExportReadinessClient::new(house.gateway.clone());
    client
        .check_readiness(house.request(request))
        .await
        .map(tonic::Response::into_inner)
}

fn state(ready: &pb::Readiness, source: &str) -> State {
    ready
        .sources
        .iter()
        .find(|one| one.source == source)
        .unwrap()
        .state()
}

#[tokio::test]
async fn one_answer_tells_what_every_service_knows() {
    let house = house(all_well()).await;
    let ready = check(&house, listing(VIN), &["KE", "AE"]).await.unwrap();
    assert_eq!((ready.key.as_str(), ready.vin.as_str()), ("ad-1", VIN));
    assert!(ready.unreachable.is_empty());
    assert_eq!(
        ready.china.as_ref().unwrap().outcome(),
        destinations::Outcome::Permitted
    );
    let outcomes: Vec<_> = ready
        .markets
        .iter()
        .map(|market| (market.market.as_str(), market.outcome()))
        .collect();
    assert_eq!(
        outcomes,
        [
            ("KE", destinations::Outcome::Conditional),
            ("AE", destinations::Outcome::Permitted)
        ]
    );
    assert_eq!(
        ready.markets[0].ship_by,
        Some(Date {
            year: 2026,
            month: 6,
            day: 30
        }),
        "China's day, the earlier one"
    );
    assert_eq!(state(&ready, "registry"), State::Answered);
    assert_eq!(state(&ready, "inspection"), State::NoRecord);
    assert_eq!(
        state(&ready, "maintenance"),
        State::NotAsked,
        "no consent, no look-up"
    );
    assert_eq!(
        ready.assumptions[0],
        "trip.application_date = 2026-03-02 (today in China)"
    );
    let read: Vec<_> = ready.china.unwrap().reasons[0]
        .facts
        .iter()
        .map(|fact| fact.name.clone())
        .collect();
    for name in [
        "vehicle.first_registered",
        "vehicle.seats",
        "registry.encumbered",
        "trip.application_date",
    ] {
        assert!(
            read.iter().any(|fact| fact == name),
            "{name} did not reach the rules"
        );
    }
}

#[tokio::test]
async fn a_peer_that_hangs_is_named_and_the_rest_is_answered_in_time() {
    let fakes = Fakes {
        registry: Fake::default().hangs("GetVehicle"),
        ..all_well()
    };
    let house = house(fakes).await;
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    let ready = check(&house, listing(VIN), &["KE"]).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(ready.unreachable, ["registry"]);
    assert_eq!(state(&ready, "inspection"), State::NoRecord);
    assert_eq!(
        ready.markets[0].outcome(),
        destinations::Outcome::Conditional
    );
}

#[tokio::test]
async fn rules_that_do_not_answer_leave_every_market_undetermined() {
    let fakes = Fakes {
        destinations: Fake::default().hangs("Evaluate"),
        ..all_well()
    };
    let house = house(fakes).await;
    tokio::time::pause();
    let ready = check(&house, listing(VIN), &["KE"]).await.unwrap();
    assert_eq!(ready.unreachable, ["destinations"]);
    assert!(ready.china.is_none());
    assert_eq!(
        ready.markets[0].outcome(),
        destinations::Outcome::Undetermined
    );
    assert!(ready.markets[0].verdict.is_none());
}

#[tokio::test]
async fn an_outage_of_the_national_system_is_unreachable_and_no_fact() {
    let maintenance = Fake::default().on(
        "LookupHistory",
        |request: maintenance::LookupHistoryRequest| {
            assert_eq!(
                request.first_registered,
                Some(Date {
                    year: 2019,
                    month: 1,
                    day: 15
                }),
                "the registry's knowledge goes along"
            );
            Ok(maintenance::History {
                outcome: maintenance::Outcome::UpstreamDown.into(),
                ..Default::default()
            })
        },
    );
    let house = house(Fakes {
        maintenance,
        ..all_well()
    })
    .await;
    let mut asked = listing(VIN);
    asked.consent = Some(maintenance::Consent {
        id: "c-1".into(),
        ..Default::default()
    });
    let ready = check(&house, asked, &["KE"]).await.unwrap();
    assert_eq!(ready.unreachable, ["maintenance"]);
    assert!(
        !ready.china.unwrap().reasons[0]
            .facts
            .iter()
            .any(|fact| fact.name.starts_with("maintenance."))
    );
}

#[tokio::test]
async fn a_listing_without_a_vin_is_judged_by_its_facts() {
    let house = house(all_well()).await;
    let facts = [(
        "vehicle".to_owned(),
        Value::from(std::collections::HashMap::from([(
            "seats".to_owned(),
            Value::from(5.0),
        )])),
    )];
    let asked = pb::Listing {
        facts: Some(Struct {
            fields: facts.into(),
        }),
        ..Default::default()
    };
    let ready = check(&house, asked, &["KE"]).await.unwrap();
    assert_eq!(state(&ready, "registry"), State::NotAsked);
    assert!(
        ready.china.unwrap().reasons[0]
            .facts
            .iter()
            .any(|fact| fact.name == "vehicle.seats"),
        "nested facts are named by path"
    );
}

#[tokio::test]
async fn a_listing_that_contradicts_the_registry_is_told() {
    let house = house(all_well()).await;
    let mut asked = listing(VIN);
    asked.facts = Some(Struct {
        fields: [("vehicle.seats".to_owned(), Value::from(7.0))].into(),
    });
    let ready = check(&house, asked, &[]).await.unwrap();
    let one = &ready.contradictions[0];
    assert_eq!(
        (
            one.fact.as_str(),
            one.listed.as_str(),
            one.known.as_str(),
            one.source.as_str()
        ),
        ("vehicle.seats", "7", "5", "registry")
    );
}

#[tokio::test]
async fn everything_wrong_is_told_at_once() {
    let house = house(all_well()).await;
    let request = pb::CheckReadinessRequest {
        listing: Some(listing("LSVAU2A37N210000O")),
        markets: vec!["KE".into(), "kenya".into()],
        wait: Some(pbjson_types::Duration {
            seconds: 90,
            nanos: 0,
        }),
        ..Default::default()
    };
    let status = ExportReadinessClient::new(house.gateway.clone())
        .check_readiness(house.request(request))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let fields: Vec<_> = status
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|one| one.field)
        .collect();
    assert_eq!(fields, ["markets[1]", "wait", "listing.vin"]);
}

#[tokio::test]
async fn an_unknown_market_is_the_callers_mistake() {
    let house = house(all_well()).await;
    let status = check(&house, listing(VIN), &["XX"]).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    assert_eq!(
        status.get_details_error_info().unwrap().reason,
        "MARKET_UNKNOWN"
    );
    assert!(status.message().contains("nearest: KE"));
}

#[tokio::test]
async fn a_stream_answers_row_by_row_and_a_bad_row_spoils_no_other() {
    let house = house(all_well()).await;
    let request = pb::StreamReadinessRequest {
        listings: vec![listing(VIN), listing("nonsense"), listing(VIN)],
        markets: vec!["KE".into()],
        wait: None,
    };
    let mut client = ExportReadinessClient::new(house.gateway.clone());
    let mut rows = client
        .stream_readiness(house.request(request))
        .await
        .unwrap()
        .into_inner();
    let mut got = Vec::new();
    while let Some(row) = rows.message().await.unwrap() {
        got.push((
            row.row,
            row.problem.is_some(),
            row.readiness.unwrap().markets.len(),
        ));
    }
    assert_eq!(got, [(0, false, 1), (1, true, 0), (2, false, 1)]);
}
