//! JSON over the door: the same answers, the same details, and no fault of ours for garbage.

use http::Request;
use serde_json::{Value, json};
use tongguan_api::registry::v1 as registry;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::fakes::{Fake, Fakes, VIN, house, text};

fn detail<'a>(error: &'a Value, kind: &str) -> Option<&'a Value> {
    let name = format!("type.googleapis.com/google.rpc.{kind}");
    error["details"]
        .as_array()?
        .iter()
        .find(|detail| detail["@type"] == name.as_str())
}

/// A registry that answers a registration with the request id as its etag.
fn echo() -> Fake {
    Fake::default().on(
        "RegisterVehicle",
        |request: registry::RegisterVehicleRequest| {
            Ok(registry::Vehicle {
                etag: request.request_id,
                ..Default::default()
            })
        },
    )
}

#[tokio::test]
async fn a_refusal_carries_the_details_that_grpc_carries() {
    let registry = Fake::default().on(
        "RegisterVehicle",
        |_: registry::RegisterVehicleRequest| -> Result<registry::Vehicle, Status> {
            let mut details = ErrorDetails::with_error_info(
                "INVALID_FIELDS",
                "tongguan",
                [("vin".to_owned(), VIN.to_owned())],
            );
            details.add_bad_request_violation("vehicle.vin", "check digit is 7, must be 3");
            details.add_bad_request_violation("vehicle.seats", "is 900");
            details.add_precondition_failure_violation(
                "LEGAL_TRANSITION",
                "SUBMIT",
                "this step is legal from here",
            );
            details.set_retry_info(Some(std::time::Duration::from_millis(1500)));
            Err(Status::with_error_details(
                Code::InvalidArgument,
                "two fields of the request are wrong",
                details,
            ))
        },
    );
    let house = house(Fakes {
        registry,
        ..Fakes::default()
    })
    .await;
    let request = Request::post("/v1/vehicles")
        .header("authorization", house.token(&["registry.write"]))
        .body(text("{}"))
        .unwrap();
    let answer = house.send(request).await;
    assert_eq!(answer.status(), 400);
    assert_eq!(
        answer.headers()["retry-after"],
        "2",
        "whole seconds, rounded up"
    );
    assert!(
        !answer
            .headers()
            .keys()
            .any(|name| name.as_str().starts_with("grpc-"))
    );
    let error: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(
        error,
        json!({
            "code": 3,
            "message": "two fields of the request are wrong",
            "details": [
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "INVALID_FIELDS", "domain": "tongguan", "metadata": {"vin": VIN}},
                {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [
                    {"field": "vehicle.vin", "description": "check digit is 7, must be 3"},
                    {"field": "vehicle.seats", "description": "is 900"},
                ]},
                {"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [
                    {"type": "LEGAL_TRANSITION", "subject": "SUBMIT", "description": "this step is legal from here"},
                ]},
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"},
            ],
        })
    );
}

#[tokio::test]
async fn without_a_token_it_is_401_and_without_the_scope_403() {
    let house = house(Fakes::default()).await;
    let answer = house
        .send(Request::get("/v1/vehicles").body(text("")).unwrap())
        .await;
    assert_eq!(answer.status(), 401);
    assert_eq!(
        answer.headers()["www-authenticate"],
        "Bearer realm=\"tongguan\""
    );
    let error: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(
        detail(&error, "ErrorInfo").unwrap()["reason"],
        "UNAUTHENTICATED"
    );

    let request =
        Request::get("/v1/vehicles").header("authorization", house.token(&["clearance.read"]));
    let answer = house.send(request.body(text("")).unwrap()).await;
    assert_eq!(answer.status(), 403);
    let error: Value = serde_json::from_slice(answer.body()).unwrap();
    let info = detail(&error, "ErrorInfo").unwrap();
    assert_eq!(
        (&info["reason"], &info["metadata"]["scope"]),
        (&json!("SCOPE_MISSING"), &json!("registry.read"))
    );
}

#[tokio::test]
async fn a_public_method_needs_no_token() {
    let house = house(Fakes::default()).await;
    for path in [
        "/v1/trustBundle",
        "/.well-known/tongguan/trust-bundle",
        "/.well-known/tongguan/status-list",
        "/.well-known/tongguan/checkpoint",
    ] {
        assert_eq!(
            house
                .send(Request::get(path).body(text("")).unwrap())
                .await
                .status(),
            200,
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_idempotency_key_fills_an_empty_request_id_and_no_other() {
    let house = house(Fakes {
        registry: echo(),
        ..Fakes::default()
    })
    .await;
    let token = house.token(&["registry.write"]);
    for (body, expected) in [
        ("", "key 7"),
        ("{}", "key 7"),
        (r#"{"requestId": ""}"#, "key 7"),
        (r#"{"request_id": ""}"#, "key 7"),
        (r#"{"requestId": "own"}"#, "own"),
        (r#"{"request_id": "own"}"#, "own"),
    ] {
        let request = Request::post("/v1/vehicles")
            .header("authorization", &token)
            .header("idempotency-key", "key 7");
        let answer = house.send(request.body(text(body)).unwrap()).await;
        let vehicle: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(vehicle["etag"], expected, "{body}: {vehicle}");
    }
}

#[tokio::test]
async fn only_the_listed_headers_reach_a_service() {
    let registry = Fake::default();
    let seen = registry.seen.clone();
    let house = house(Fakes {
        registry,
        ..Fakes::default()
    })
    .await;
    let request = Request::get(format!("/v1/vehicles/{VIN}"))
        .header("authorization", house.token(&["registry.read"]))
        .header("x-request-id", "r-1")
        .header("tracestate", "a=b")
        .header("cookie", "session=secret")
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-tenant", "other");
    let answer = house.send(request.body(text("")).unwrap()).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["x-request-id"],
        "r-1",
        "told back, for support"
    );
    let seen = seen.lock().unwrap();
    let headers = &seen[0].1;
    assert_eq!(
        (&headers["x-request-id"], &headers["tracestate"]),
        (&"r-1".parse().unwrap(), &"a=b".parse().unwrap())
    );
    for name in ["cookie", "x-forwarded-for", "x-tenant"] {
        assert!(!headers.contains_key(name), "{name} came through");
    }
}

#[tokio::test]
async fn an_address_says_what_it_takes() {
    let house = house(Fakes::default()).await;
    assert_eq!(house.json("GET", "/v1/nothing", "").await.0, 404);
    assert_eq!(house.json("GET", "/v1/vehicles/", "").await.0, 404);
    let request = Request::put("/v1/vehicles").body(text("{}")).unwrap();
    let answer = house.send(request).await;
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "POST, GET");
    let (status, error) = house
        .json("POST", "/v1/vehicles", &"x".repeat(3 << 20))
        .await;
    assert_eq!(status, 413);
    assert_eq!(
        detail(&error, "ErrorInfo").unwrap()["reason"],
        "MESSAGE_TOO_LARGE"
    );
}

#[tokio::test]
async fn garbage_is_the_callers_fault_on_every_method() {
    let house = house(Fakes::default()).await;
    let document: Value = serde_json::from_slice(
        house
            .send(Request::get("/openapi.json").body(text("")).unwrap())
            .await
            .body(),
    )
    .unwrap();
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "7",
        "\"x\"",
        "{\"nothing\": 1}",
        "{\"requestId\": 7}",
        "{\"requestId\": {}}",
        "\u{0}\u{1}",
        "{\"a\":\"\\ud800\"}",
    ];
    let mut tried = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        if path == "/v1/events:watch" {
            // Asked rightly this one goes on for as long as it is read.
            continue;
        }
        for verb in item.as_object().unwrap().keys() {
            for body in bodies {
                for (filled, query) in [
                    ("x", ""),
                    ("%00", "?pageSize=x"),
                    ("%FF", "?a.b.c=1&a=2"),
                    ("..", "?%"),
                    ("通关", "?requestId=1&requestId=2"),
                ] {
                    let target = fill(path, filled) + query;
                    let Ok(uri) = target.parse::<http::Uri>() else {
                        continue;
                    };
                    let request = Request::builder()
                        .method(verb.to_uppercase().as_str())
                        .uri(uri)
                        .header("authorization", house.token(&["*.*"]));
                    let answer = house.send(request.body(text(body)).unwrap()).await;
                    // 501 is the honest answer of a method that is not served yet.
                    let status = answer.status().as_u16();
                    assert!(
                        status < 500 || status == 501,
                        "{verb} {target} {body}: {status} {:?}",
                        answer.body()
                    );
                    if status >= 400 {
                        let error: Value = serde_json::from_slice(answer.body()).unwrap();
                        assert!(
                            detail(&error, "ErrorInfo").is_some(),
                            "{verb} {target} {body}: {error}"
                        );
                    }
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 3_000, "only {tried}");
}

fn fill(template: &str, with: &str) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str(with);
        rest = after.split_once('}').unwrap().1;
    }
    path + rest
}

#[tokio::test]
async fn a_stream_comes_as_array_as_lines_or_as_events() {
    let events = |n: u64| registry::VehicleEvent {
        version: n,
        ..Default::default()
    };
    let registry = Fake::default().streams("WatchVehicles", vec![events(1), events(2)]);
    let house = house(Fakes {
        registry,
        ..Fakes::default()
    })
    .await;
    let get = |accept: &'static str| {
        Request::get("/v1/vehicles:watch")
            .header("authorization", house.token(&["registry.read"]))
            .header("accept", accept)
            .body(text(""))
            .unwrap()
    };
    let array = house.send(get("application/json")).await;
    let list: Value = serde_json::from_slice(array.body()).unwrap();
    assert_eq!(
        (list[0]["version"].as_str(), list[1]["version"].as_str()),
        (Some("1"), Some("2"))
    );
    let lines = house.send(get("application/x-ndjson")).await;
    assert_eq!(lines.headers()["content-type"], "application/x-ndjson");
    assert_eq!(
        String::from_utf8(lines.body().to_vec())
            .unwrap()
            .lines()
            .count(),
        2
    );
    let events = house.send(get("text/event-stream")).await;
    assert_eq!(
        String::from_utf8(events.body().to_vec())
            .unwrap()
            .matches("data: ")
            .count(),
        2
    );
}

#[tokio::test]
async fn readiness_is_one_line_of_curl() {
    let house = house(crate::readiness::all_well()).await;
    let target = format!("/v1/readiness/{VIN}?markets=KE&markets=AE");
    let (status, ready) = house.json("GET", &target, "").await;
    assert_eq!(status, 200, "{ready}");
    assert_eq!(ready["markets"][0]["market"], "KE");
    assert_eq!(ready["markets"][0]["outcome"], "OUTCOME_CONDITIONAL");
    assert_eq!(ready["markets"][1]["market"], "AE");
    let (status, error) = house
        .json("GET", "/v1/readiness/short?markets=KE", "")
        .await;
    assert_eq!(status, 400);
    let violations = &detail(&error, "BadRequest").unwrap()["fieldViolations"];
    assert_eq!(violations[0]["field"], "listing.vin");
}
