//! Quotas, message limits, the audit log and what callers abroad are shown, at the door.

use http::Request;
use prost::Message as _;
use serde_json::{Value, json};
use tongguan_access::{Delegate, Grant};
use tongguan_api::registry::v1 as registry;
use tongguan_gateway::{Config, Quota, Quotas};
use tongguan_rpc::{Body, Tasks};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::fakes::{Fake, Fakes, House, VIN, framed_message, house, house_with, text};

const GET: &str = "/tongguan.registry.v1.VehicleRegistry/GetVehicle";

async fn small() -> House {
    let config = Config {
        quotas: Quotas {
            read: Quota {
                per_second: 1,
                burst: 2,
            },
            ..Quotas::default()
        },
        ..Config::default()
    };
    let database = tongguan_testkit::databases::sqlite(&tongguan_gateway::migrations()).await;
    house_with(Fakes::default(), database, &Tasks::new(), config).await
}

fn grpc(house: &House, path: &str, kind: &str, message: &[u8]) -> Request<Body> {
    Request::post(path)
        .version(http::Version::HTTP_2)
        .header("content-type", kind)
        .header("authorization", house.token(&["*.*"]))
        .body(Body::new(http_body_util::Full::new(framed_message(
            message,
        ))))
        .unwrap()
}

fn bearer(house: &House, grant: &Grant) -> String {
    format!("Bearer {}", house.access.mint(grant))
}

#[tokio::test]
async fn a_used_up_quota_is_said_in_every_protocol_with_the_time_to_come_back() {
    let house = small().await;
    let (status, _) = house
        .json("GET", "/v1/vehicles/LSVAU2A37N2100005", "")
        .await;
    assert_eq!(status, 200);
    let answer = house.send(grpc(&house, GET, "application/grpc", &[])).await;
    assert_eq!(answer.headers()["ratelimit"], "\"read\";r=0;t=2");
    assert_eq!(answer.headers()["ratelimit-policy"], "\"read\";q=2;w=2");

    let request = Request::get("/v1/vehicles/LSVAU2A37N2100005")
        .header("authorization", house.token(&["*.*"]));
    let answer = house.send(request.body(text("")).unwrap()).await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(answer.headers()["ratelimit"], "\"read\";r=0;t=2");
    let error: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(error["details"][0]["reason"], "QUOTA_EXCEEDED");
    assert_eq!(error["details"][0]["metadata"], json!({"class": "read"}));
    assert_eq!(error["details"][1]["retryDelay"], "1s");

    let answer = house.send(grpc(&house, GET, "application/grpc", &[])).await;
    assert_eq!(answer.headers()["grpc-status"], "8");
    assert_eq!(answer.headers()["grpc-retry-pushback-ms"], "1000");
    let status = Status::from_header_map(answer.headers()).unwrap();
    assert!(status.get_details_retry_info().is_some());
    let answer = house
        .send(grpc(&house, GET, "application/grpc-web+proto", &[]))
        .await;
    assert!(answer.headers().contains_key("ratelimit"));
    let (web, body) = (answer.headers().get("grpc-status"), answer.body());
    let said = web.is_some_and(|code| code == "8")
        || String::from_utf8_lossy(body).contains("grpc-status:8");
    assert!(said, "{answer:?}");

    // Writes have a bucket of their own, and another tenant has its own read bucket.
    let (status, _) = house.json("POST", "/v1/vehicles", "{}").await;
    assert_eq!(status, 200);
    let other = Grant::new("other".parse().unwrap(), "wang").scope("*.*");
    let request = Request::get("/v1/vehicles/LSVAU2A37N2100005")
        .header("authorization", bearer(&house, &other));
    assert_eq!(
        house.send(request.body(text("")).unwrap()).await.status(),
        200
    );
    house.clock.advance(time::Duration::seconds(1));
    let (status, _) = house
        .json("GET", "/v1/vehicles/LSVAU2A37N2100005", "")
        .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_message_over_its_methods_limit_is_refused_with_our_reason() {
    let house = house(Fakes::default()).await;
    let fits = registry::GetVehicleRequest {
        vin: "x".repeat(60 << 10),
        ..Default::default()
    };
    let large = registry::GetVehicleRequest {
        vin: "x".repeat(65 << 10),
        ..Default::default()
    };
    let answer = house
        .send(grpc(&house, GET, "application/grpc", &fits.encode_to_vec()))
        .await;
    assert!(!answer.headers().contains_key("grpc-status"));
    let answer = house
        .send(grpc(
            &house,
            GET,
            "application/grpc",
            &large.encode_to_vec(),
        ))
        .await;
    let status = Status::from_header_map(answer.headers()).unwrap();
    assert_eq!(status.code(), Code::ResourceExhausted);
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.reason, "MESSAGE_TOO_LARGE");
    assert_eq!(info.metadata["most_bytes"], "65536");

    let body = json!({"reason": "y".repeat(70 << 10)}).to_string();
    let path = "/v1/vehicles/LSVAU2A37N2100005:deregister";
    let (status, error) = house.json("POST", path, &body).await;
    assert_eq!(status, 413, "{error}");
    assert_eq!(error["details"][0]["reason"], "MESSAGE_TOO_LARGE");
}

async fn entries(house: &House) -> Vec<Value> {
    // Visits are committed beside their calls: asked until they are there.
    for _ in 0..10_000 {
        let (status, page) = house.json("GET", "/v1/audit/entries", "").await;
        assert_eq!(status, 200, "{page}");
        let found = page["entries"].as_array().cloned().unwrap_or_default();
        if !found.is_empty() {
            return found;
        }
        tokio::task::yield_now().await;
    }
    panic!("nothing was recorded");
}

#[tokio::test]
async fn every_look_at_a_vehicle_is_recorded_with_who_what_and_why() {
    let house = house(Fakes::default()).await;
    let delegated = Grant::new("acme".parse().unwrap(), "exporter-7")
        .organisation("91310000MA1FL0AB1X")
        .role(tongguan_access::Role::Exporter)
        .delegate(Delegate {
            subject: "agent-9".into(),
            organisation: None,
        });
    let request = Request::get(format!("/v1/vehicles/{VIN}"))
        .header("authorization", bearer(&house, &delegated))
        .header("x-purpose", "buyer asked");
    assert_eq!(
        house.send(request.body(text("")).unwrap()).await.status(),
        200
    );

    let entry = &entries(&house).await[0];
    let is = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    assert_eq!(is("caller"), "agent-9");
    assert_eq!(is("onBehalfOf"), "exporter-7");
    assert_eq!(is("organisation"), "91310000MA1FL0AB1X");
    assert_eq!(is("method"), &GET[1..]);
    assert_eq!(is("purpose"), "buyer asked");
    assert_eq!(entry["subjects"], json!([VIN]));
    assert!(is("time").ends_with('Z'), "{entry}");

    let (_, proof) = house.json("GET", "/v1/audit:prove", "").await;
    assert_eq!(proof["whole"], true, "{proof}");
    let other = Grant::new("other".parse().unwrap(), "eve").scope("*.*");
    let request = Request::get("/v1/audit/entries").header("authorization", bearer(&house, &other));
    let answer = house.send(request.body(text("")).unwrap()).await;
    let page: Value = serde_json::from_slice(answer.body()).unwrap();
    assert!(
        page["entries"].as_array().is_none_or(Vec::is_empty),
        "{page}"
    );
}

#[tokio::test]
async fn a_changed_entry_breaks_the_proof() {
    let database = tongguan_testkit::databases::sqlite(&tongguan_gateway::migrations()).await;
    let tasks = Tasks::new();
    let house = house_with(
        Fakes::default(),
        database.clone(),
        &tasks,
        Config::default(),
    )
    .await;
    for _ in 0..3 {
        house.json("GET", &format!("/v1/vehicles/{VIN}"), "").await;
    }
    entries(&house).await;
    tasks.stop().await;
    tongguan_storage::execute!(&database, |pool| sqlx::query(
        "update audit_entries set body = replace(body, 'li.wei', 'nobody') where sequence = 2"
    )
    .execute(pool))
    .unwrap();
    let (_, proof) = house.json("GET", "/v1/audit:prove", "").await;
    assert_eq!(
        (&proof["whole"], &proof["brokenAt"]),
        (&Value::Null, &json!("2")),
        "{proof}"
    );
}

/// An answer with a personal field, which only a caller abroad with a purpose and a ground is shown.
fn owned() -> Fakes {
    let registry = Fake::default().on("ReadOwner", |_: registry::ReadOwnerRequest| {
        Ok(registry::ReadOwnerResponse {
            owner: Some(registry::Owner {
                name: "某某".into(),
                ..Default::default()
            }),
            ..Default::default()
        })
    });
    Fakes {
        registry,
        ..Fakes::default()
    }
}

/// What a caller in Kenya with full rights is answered when it asks for the owner.
async fn owner(house: &House, purpose: &str, basis: &str) -> (u16, String) {
    let abroad = Grant::new("acme".parse().unwrap(), "kra")
        .scope("*.*")
        .region("KE");
    let mut request = Request::post(format!("/v1/vehicles/{VIN}:readOwner"))
        .header("authorization", bearer(house, &abroad));
    for (name, value) in [("x-purpose", purpose), ("x-legal-basis", basis)] {
        if !value.is_empty() {
            request = request.header(name, value);
        }
    }
    let answer = house.send(request.body(text("{}")).unwrap()).await;
    let body = String::from_utf8(answer.body().to_vec()).unwrap();
    (answer.status().as_u16(), body)
}

#[tokio::test]
async fn a_caller_abroad_sees_no_personal_field_without_a_purpose_and_a_ground_and_each_is_counted()
{
    let house = house(owned()).await;
    for (purpose, basis) in [("", ""), ("clearance at Mombasa", ""), ("", "contract")] {
        let (code, body) = owner(&house, purpose, basis).await;
        assert!(
            code == 200 && !body.contains("某某"),
            "{purpose:?} {basis:?}: {body}"
        );
    }
    for basis in ["contract", "treaty", "contract"] {
        let (_, body) = owner(&house, "clearance at Mombasa", basis).await;
        assert!(body.contains("某某"), "{body}");
    }
    let ledger = async |filter: &str| {
        let target = format!("/v1/audit/disclosures?legalBasis={filter}");
        house.json("GET", &target, "").await.1
    };
    for _ in 0..10_000 {
        let all = ledger("LEGAL_BASIS_UNSPECIFIED").await;
        let counts = all["counts"].as_array().cloned().unwrap_or_default();
        let shown = |basis: &str| {
            let found = counts.iter().find(|one| one["legalBasis"] == basis);
            found.map_or("0".into(), |one| one["personalFields"].clone())
        };
        if shown("LEGAL_BASIS_CONTRACT") == "2" && shown("LEGAL_BASIS_TREATY") == "1" {
            assert!(counts.iter().all(|one| one["region"] == "KE"), "{all}");
            assert_eq!(all["subjects"], "1", "one car, whatever the grounds: {all}");
            assert_eq!(all["year"], 2026);
            let one = ledger("LEGAL_BASIS_TREATY").await;
            assert_eq!(one["counts"].as_array().unwrap().len(), 1, "{one}");
            assert_eq!(one["counts"][0]["answers"], "1");
            let (_, log) = house.json("GET", "/v1/audit/entries", "").await;
            assert!(log.to_string().contains("LEGAL_BASIS_TREATY"), "{log}");
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("nothing was counted");
}

#[tokio::test]
async fn a_ground_that_is_none_is_refused_by_name() {
    let house = house(owned()).await;
    let (code, body) = owner(&house, "clearance", "because").await;
    assert_eq!(code, 400);
    assert!(
        body.contains("x-legal-basis") && body.contains("standard_contract"),
        "{body}"
    );
}
