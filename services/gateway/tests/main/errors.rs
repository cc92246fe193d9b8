//! What a refusal names reaches the caller whole: through the rules' answer, and the same in gRPC, JSON and bulk rows.

use serde_json::{Value, json};
use tongguan_api::common::v1::ErrorReason;
use tongguan_api::destinations::v1 as destinations;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::export_readiness_client::ExportReadinessClient;
use tongguan_rpc::{Failure, Violation};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::fakes::{Fake, Fakes, House, VIN, house};

/// A refusal as the destination rules make it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(&'static str);

impl Failure for Refusal {
    fn code(&self) -> Code {
        match self.0 {
            "no such market" => Code::NotFound,
            _ => Code::InvalidArgument,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self.code() {
            Code::NotFound => ErrorReason::MarketUnknown,
            _ => ErrorReason::InvalidFields,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self.code() {
            Code::NotFound => vec![("market", "KN".into()), ("nearest", "KE,KG".into())],
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        let wrong = |name: &str| Violation {
            field: format!("facts.{name}"),
            description: "is no number".to_owned(),
        };
        match self.code() {
            Code::InvalidArgument => vec![wrong("vehicle.seats"), wrong("vehicle.engine_cc")],
            _ => Vec::new(),
        }
    }
}

async fn refusing(text: &'static str) -> House {
    let rules = Fake::default().on("Evaluate", move |_: destinations::EvaluateRequest| {
        Err::<destinations::EvaluateResponse, _>(tongguan_rpc::status(&Refusal(text)))
    });
    house(Fakes {
        destinations: rules,
        ..Fakes::default()
    })
    .await
}

async fn by_grpc(house: &House) -> Status {
    let request = house.request(pb::CheckReadinessRequest {
        listing: Some(pb::Listing {
            vin: VIN.into(),
            ..Default::default()
        }),
        markets: vec!["KN".into()],
        ..Default::default()
    });
    let mut client = ExportReadinessClient::new(house.gateway.clone());
    client.check_readiness(request).await.unwrap_err()
}

async fn by_json(house: &House) -> Value {
    let body = format!(r#"{{"listing": {{"vin": "{VIN}"}}, "markets": ["KN"]}}"#);
    house.json("POST", "/v1/readiness:check", &body).await.1
}

fn detail(json: &Value, kind: &str) -> Value {
    let details = json["details"].as_array().unwrap();
    let kind = format!("type.googleapis.com/google.rpc.{kind}");
    let found = details.iter().find(|one| one["@type"] == kind.as_str());
    found.cloned().unwrap_or(Value::Null)
}

#[tokio::test]
async fn the_nearest_markets_reach_every_client() {
    let house = refusing("no such market").await;
    let status = by_grpc(&house).await;
    let info = status.get_details_error_info().unwrap();
    assert_eq!(
        (status.code(), info.reason.as_str()),
        (Code::NotFound, "MARKET_UNKNOWN")
    );
    assert_eq!(info.metadata["nearest"], "KE,KG");

    let told = by_json(&house).await;
    assert_eq!(
        detail(&told, "ErrorInfo")["metadata"],
        json!({"market": "KN", "nearest": "KE,KG"})
    );
    let body = format!(r#"{{"listings": [{{"vin": "{VIN}"}}], "markets": ["KN"]}}"#);
    let (_, rows) = house.json("POST", "/v1/readiness:stream", &body).await;
    assert_eq!(rows[0]["problem"]["metadata"]["nearest"], "KE,KG", "{rows}");
}

#[tokio::test]
async fn every_wrong_fact_is_named_as_the_caller_sent_it() {
    let house = refusing("facts are wrong").await;
    let status = by_grpc(&house).await;
    let wrong = status.get_details_bad_request().unwrap().field_violations;
    let fields: Vec<_> = wrong.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "listing.facts.vehicle.seats",
            "listing.facts.vehicle.engine_cc"
        ]
    );
    let told = by_json(&house).await;
    let violations = &detail(&told, "BadRequest")["fieldViolations"];
    assert_eq!(violations.as_array().unwrap().len(), 2, "{told}");
    assert_eq!(violations[1]["field"], "listing.facts.vehicle.engine_cc");
}

#[tokio::test]
async fn facts_nested_too_deeply_are_refused_with_a_reason_in_both_protocols() {
    let house = refusing("facts are wrong").await;
    let deep = format!("{}1{}", "{\"a\":".repeat(50), "}".repeat(50));
    let body =
        format!("{{\"listing\": {{\"key\": \"a\", \"facts\": {deep}}}, \"markets\": [\"KN\"]}}");
    let (code, told) = house.json("POST", "/v1/readiness:check", &body).await;
    assert_eq!(code, 400, "{told}");
    assert_eq!(detail(&told, "ErrorInfo")["reason"], "MESSAGE_UNREADABLE");
    assert!(
        told["message"]
            .as_str()
            .unwrap()
            .contains("nested too deeply")
    );

    let facts = serde_json::from_str::<pbjson_types::Struct>(&deep).unwrap();
    let request = house.request(pb::CheckReadinessRequest {
        listing: Some(pb::Listing {
            key: "a".into(),
            facts: Some(facts),
            ..Default::default()
        }),
        ..Default::default()
    });
    let mut client = ExportReadinessClient::new(house.gateway.clone());
    let status = client.check_readiness(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.reason, "MESSAGE_UNREADABLE");
}
