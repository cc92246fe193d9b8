//! gRPC and gRPC-Web through the door, and what browsers ask first.

use http::{Method, Request, Version};
use prost::Message as _;
use tongguan_api::registry::v1 as registry;
use tongguan_api::registry::v1::vehicle_registry_client::VehicleRegistryClient;
use tongguan_rpc::Channel;
use tonic::Code;
use tower::ServiceExt as _;

use crate::fakes::{Fake, Fakes, House, VIN, framed_message, house, text};

fn named() -> Fakes {
    let registry = Fake::default().on("GetVehicle", |request: registry::GetVehicleRequest| {
        Ok(registry::Vehicle {
            etag: request.vin,
            ..Default::default()
        })
    });
    Fakes {
        registry,
        ..Fakes::default()
    }
}

/// A client's channel through the door, as over a socket with HTTP/2.
fn through(house: &House) -> Channel {
    let door = house.door.clone().map_request(|mut request: Request<_>| {
        *request.version_mut() = Version::HTTP_2;
        request
    });
    Channel::from_service(door.map_err(|never| match never {}))
}

#[tokio::test]
async fn grpc_passes_as_it_is() {
    let house = house(named()).await;
    let mut client = VehicleRegistryClient::new(through(&house));
    let mut request = tonic::Request::new(registry::GetVehicleRequest {
        vin: VIN.into(),
        as_of: None,
    });
    let refused = client
        .get_vehicle(registry::GetVehicleRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    request.metadata_mut().insert(
        "authorization",
        house.token(&["registry.read"]).parse().unwrap(),
    );
    assert_eq!(
        client.get_vehicle(request).await.unwrap().into_inner().etag,
        VIN
    );
}

#[tokio::test]
async fn an_unknown_service_is_unimplemented() {
    let house = house(named()).await;
    let request = Request::post("/tongguan.customs.v9.Nothing/Do")
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc");
    let answer = house.send(request.body(text("")).unwrap()).await;
    assert_eq!(answer.headers()["grpc-status"], "12");
}

#[tokio::test]
async fn grpc_over_http_1_is_told_what_to_use() {
    let house = house(named()).await;
    let request = Request::post("/tongguan.registry.v1.VehicleRegistry/GetVehicle")
        .header("content-type", "application/grpc");
    assert_eq!(
        house.send(request.body(text("")).unwrap()).await.status(),
        400
    );
}

#[tokio::test]
async fn grpc_web_carries_its_trailers_in_the_body() {
    let house = house(named()).await;
    let message = registry::GetVehicleRequest {
        vin: VIN.into(),
        as_of: None,
    }
    .encode_to_vec();
    let request = Request::post("/tongguan.registry.v1.VehicleRegistry/GetVehicle")
        .header("content-type", "application/grpc-web+proto")
        .header("origin", "https://market.example")
        .header("authorization", house.token(&["registry.read"]));
    let body = tongguan_rpc::Body::new(http_body_util::Full::new(framed_message(&message)));
    let answer = house.send(request.body(body).unwrap()).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://market.example"
    );
    let length = u32::from_be_bytes(answer.body()[1..5].try_into().unwrap()) as usize;
    let vehicle = registry::Vehicle::decode(&answer.body()[5..5 + length]).unwrap();
    assert_eq!(vehicle.etag, VIN);
    let trailers = &answer.body()[5 + length..];
    assert_eq!(trailers[0], 0x80);
    assert!(String::from_utf8_lossy(&trailers[5..]).contains("grpc-status:0"));
}

#[tokio::test]
async fn a_browser_may_ask_before_it_calls() {
    let house = house(named()).await;
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri("/v1/vehicles")
        .header("origin", "https://market.example")
        .header("access-control-request-method", "POST");
    let answer = house.send(request.body(text("")).unwrap()).await;
    assert_eq!(answer.status(), 204);
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "https://market.example"
    );
    assert!(
        answer.headers()["access-control-allow-headers"]
            .to_str()
            .unwrap()
            .contains("idempotency-key")
    );
    assert!(
        !answer
            .headers()
            .contains_key("access-control-allow-credentials")
    );
}
