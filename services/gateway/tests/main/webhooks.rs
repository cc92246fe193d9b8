//! Webhooks against a receiver on loopback: signed, retried, buried, recovered; private addresses refused.

use std::sync::{Arc, Mutex};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::delivery::State;
use tongguan_api::gateway::v1::webhooks_client::WebhooksClient;
use tongguan_gateway::Config;
use tongguan_rpc::{Channel, Tasks};
use tongguan_storage::Database;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::events::Told;
use crate::fakes::{Fakes, House, VIN, house_on, house_with};

tongguan_testkit::on_every_database! {
    tongguan_gateway::migrations();
    an_event_arrives_once_and_signed_and_only_at_those_who_asked_for_its_kind,
    both_keys_sign_while_receivers_change_over,
    a_receiver_that_is_down_is_tried_ten_times_and_then_a_dead_letter_is_kept,
    an_endpoint_that_accepts_nothing_for_days_is_left_alone_until_a_test_arrives,
    private_addresses_are_refused_with_everything_else_that_is_wrong,
    writes_are_idempotent_and_another_tenants_endpoint_does_not_exist,
    a_list_names_a_next_page_only_where_there_is_one,
}

type Message = (HeaderMap, String);

/// A receiver that answers what it is told to and keeps what it got.
#[derive(Clone)]
struct Receiver {
    url: String,
    status: Arc<Mutex<u16>>,
    got: Arc<Mutex<Vec<Message>>>,
}

impl Receiver {
    async fn start(tasks: &Tasks) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/in", listener.local_addr().unwrap()),
            status: Arc::new(Mutex::new(204)),
            got: Arc::default(),
        };
        let state = receiver.clone();
        let take = move |headers: HeaderMap, body: String| {
            let state = state.clone();
            async move {
                state.got.lock().unwrap().push((headers, body));
                StatusCode::from_u16(*state.status.lock().unwrap()).unwrap()
            }
        };
        let app = Router::new().route("/in", post(take));
        tasks.spawn("receiver", async move {
            axum::serve(listener, app).await.unwrap();
        });
        receiver
    }

    fn answers(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    /// What arrived, once it is so much.
    async fn got(&self, count: usize) -> Vec<Message> {
        loop {
            let got = self.got.lock().unwrap().clone();
            if got.len() >= count {
                return got;
            }
            tokio::task::yield_now().await;
        }
    }
}

fn client(house: &House) -> WebhooksClient<Channel> {
    WebhooksClient::new(house.gateway.clone())
}

async fn open_house(fakes: Fakes, database: Database, tasks: &Tasks) -> House {
    let config = Config {
        webhook_private_addresses: true,
        ..Config::default()
    };
    house_with(fakes, database, tasks, config).await
}

async fn create(house: &House, url: &str, kinds: &[&str]) -> pb::Endpoint {
    let request = pb::CreateEndpointRequest {
        url: url.into(),
        kind_prefixes: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
        ..Default::default()
    };
    let made = client(house).create_endpoint(house.request(request)).await;
    made.unwrap().into_inner()
}

async fn test_event(house: &House, endpoint: &str) -> pb::Delivery {
    let request = pb::SendTestEventRequest {
        endpoint: endpoint.into(),
        ..Default::default()
    };
    let sent = client(house).send_test_event(house.request(request)).await;
    sent.unwrap().into_inner()
}

async fn deliveries(house: &House, endpoint: &str) -> Vec<pb::Delivery> {
    let request = pb::ListDeliveriesRequest {
        endpoint: endpoint.into(),
        ..Default::default()
    };
    let page = client(house).list_deliveries(house.request(request)).await;
    page.unwrap().into_inner().deliveries
}

async fn recover(house: &House, endpoint: &str, seconds: i64) -> u64 {
    let request = pb::RecoverSinceRequest {
        endpoint: endpoint.into(),
        since: Some(pbjson_types::Timestamp { seconds, nanos: 0 }),
        ..Default::default()
    };
    let answer = client(house).recover_since(house.request(request)).await;
    answer.unwrap().into_inner().scheduled
}

/// Asks until the newest delivery is as wanted.
async fn newest(
    house: &House,
    endpoint: &str,
    wanted: impl Fn(&pb::Delivery) -> bool,
) -> pb::Delivery {
    loop {
        if let Some(first) = deliveries(house, endpoint).await.into_iter().next()
            && wanted(&first)
        {
            return first;
        }
        tokio::task::yield_now().await;
    }
}

/// Moves the clock on and wakes the sender, as a second of waiting would.
async fn later(house: &House, endpoint: &str, by: i64) {
    house.clock.advance(time::Duration::seconds(by));
    assert_eq!(recover(house, endpoint, 4_000_000_000).await, 0);
}

/// Whether one of the signatures is that of the key, checked as a receiver would.
fn signed(message: &Message, key: &str) -> bool {
    let header = |name: &str| message.0[name].to_str().unwrap();
    let key = STANDARD.decode(key.strip_prefix("whpk_").unwrap()).unwrap();
    let key = UnparsedPublicKey::new(&ED25519, key);
    let content = format!(
        "{}.{}.{}",
        header("webhook-id"),
        header("webhook-timestamp"),
        message.1
    );
    header("webhook-signature").split(' ').any(|one| {
        let signature = STANDARD.decode(one.strip_prefix("v1a,").unwrap()).unwrap();
        key.verify(content.as_bytes(), &signature).is_ok()
    })
}

async fn an_event_arrives_once_and_signed_and_only_at_those_who_asked_for_its_kind(
    database: Database,
) {
    let (tasks, told) = (Tasks::new(), Told::default());
    let house = open_house(told.fakes(9), database, &tasks).await;
    let all = Receiver::start(&tasks).await;
    let cases = Receiver::start(&tasks).await;
    let endpoint = create(&house, &all.url, &[]).await;
    let other = create(&house, &cases.url, &["case."]).await;
    told.vehicle("REGISTERED");
    told.case("OPENED");
    let messages = all.got(2).await;
    assert_ne!(endpoint.public_keys, other.public_keys);
    for message in &messages {
        assert!(signed(message, &endpoint.public_keys[0]));
        assert!(!signed(message, &other.public_keys[0]));
        // The creator may not read the registry, so that the endpoint hears no VIN.
        for hidden in [VIN, "li.si", "zhang.san", "wang.wu"] {
            assert!(!message.1.contains(hidden), "{hidden}: {}", message.1);
        }
    }
    let mut forged = messages[0].clone();
    forged.1.push(' ');
    assert!(!signed(&forged, &endpoint.public_keys[0]));
    let mut kinds: Vec<String> = messages.iter().map(kind).collect();
    kinds.sort();
    assert_eq!(kinds, ["case.opened", "vehicle.registered"]);
    assert_eq!(kind(&cases.got(1).await[0]), "case.opened");
    let sent = newest(&house, &endpoint.id, |one| one.state() == State::Delivered).await;
    assert_eq!((sent.attempts, sent.last_status), (1, 204));
    assert_eq!(deliveries(&house, &other.id).await.len(), 1);
}

fn kind(message: &Message) -> String {
    let body: serde_json::Value = serde_json::from_str(&message.1).unwrap();
    body["type"].as_str().unwrap().to_owned()
}

async fn both_keys_sign_while_receivers_change_over(database: Database) {
    let tasks = Tasks::new();
    let house = open_house(Fakes::default(), database, &tasks).await;
    let receiver = Receiver::start(&tasks).await;
    let endpoint = create(&house, &receiver.url, &["nothing."]).await;
    let old = endpoint.public_keys[0].clone();
    let rotate = || pb::RotateSecretRequest {
        request_id: "r-1".into(),
        endpoint: endpoint.id.clone(),
        overlap: None,
    };
    let first = client(&house).rotate_secret(house.request(rotate())).await;
    let keys = first.unwrap().into_inner().public_keys;
    let again = client(&house).rotate_secret(house.request(rotate())).await;
    assert_eq!(
        again.unwrap().into_inner().public_keys,
        keys,
        "one key, one rotation"
    );
    assert_eq!((keys.len(), &keys[1]), (2, &old));
    test_event(&house, &endpoint.id).await;
    let message = receiver.got(1).await.remove(0);
    assert!(signed(&message, &keys[0]) && signed(&message, &old));
    house.clock.advance(time::Duration::hours(24));
    test_event(&house, &endpoint.id).await;
    let message = receiver.got(2).await.remove(1);
    assert!(signed(&message, &keys[0]) && !signed(&message, &old));
}

async fn a_receiver_that_is_down_is_tried_ten_times_and_then_a_dead_letter_is_kept(
    database: Database,
) {
    let tasks = Tasks::new();
    let house = open_house(Fakes::default(), database, &tasks).await;
    let receiver = Receiver::start(&tasks).await;
    receiver.answers(503);
    let endpoint = create(&house, &receiver.url, &["nothing."]).await;
    let sent = test_event(&house, &endpoint.id).await;
    for (n, pause) in [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
        .into_iter()
        .enumerate()
    {
        let tried = newest(&house, &endpoint.id, |one| one.attempts as usize == n + 1).await;
        assert_eq!(
            (tried.state(), tried.last_failure.as_str()),
            (State::Pending, "answered 503")
        );
        later(&house, &endpoint.id, pause + pause / 10).await;
    }
    let dead = newest(&house, &endpoint.id, |one| one.state() == State::Dead).await;
    assert_eq!((dead.attempts, receiver.got(10).await.len()), (10, 10));
    receiver.answers(200);
    assert_eq!(recover(&house, &endpoint.id, 0).await, 1);
    let arrived = newest(&house, &endpoint.id, |one| one.state() == State::Delivered).await;
    assert_eq!(recover(&house, &endpoint.id, 0).await, 0, "it arrived");
    let resend = pb::ResendDeliveryRequest {
        delivery: arrived.id,
        ..Default::default()
    };
    client(&house)
        .resend_delivery(house.request(resend))
        .await
        .unwrap();
    let messages = receiver.got(12).await;
    assert!(
        messages
            .iter()
            .all(|one| one.0["webhook-id"] == *sent.event)
    );
    assert!(
        messages.iter().all(|one| one.1 == messages[0].1),
        "the same bytes each time"
    );
}

async fn an_endpoint_that_accepts_nothing_for_days_is_left_alone_until_a_test_arrives(
    database: Database,
) {
    let tasks = Tasks::new();
    let house = open_house(Fakes::default(), database, &tasks).await;
    let receiver = Receiver::start(&tasks).await;
    receiver.answers(500);
    let endpoint = create(&house, &receiver.url, &["nothing."]).await;
    test_event(&house, &endpoint.id).await;
    newest(&house, &endpoint.id, |one| one.attempts == 1).await;
    later(&house, &endpoint.id, 5 * 86_400).await;
    newest(&house, &endpoint.id, |one| one.state() == State::Dead).await;
    let state = || async {
        let request = house.request(pb::ListEndpointsRequest::default());
        let page = client(&house).list_endpoints(request).await.unwrap();
        page.into_inner().endpoints[0].state()
    };
    assert_eq!(state().await, pb::endpoint::State::Failing);
    receiver.answers(200);
    test_event(&house, &endpoint.id).await;
    newest(&house, &endpoint.id, |one| one.state() == State::Delivered).await;
    assert_eq!(state().await, pb::endpoint::State::Active);
}

async fn private_addresses_are_refused_with_everything_else_that_is_wrong(database: Database) {
    let house = house_on(Fakes::default(), database, &Tasks::new()).await;
    for url in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::ffff:192.168.0.1]/",
        "https://localhost/",
        "",
    ] {
        let request = pb::CreateEndpointRequest {
            url: url.into(),
            ..Default::default()
        };
        let status = client(&house)
            .create_endpoint(house.request(request))
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{url}");
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields[0].field, "url", "{url}");
    }
    let request = pb::CreateEndpointRequest {
        url: "x".repeat(2_001),
        note: "x".repeat(201),
        kind_prefixes: vec![String::new(); 21],
        ..Default::default()
    };
    let status = client(&house)
        .create_endpoint(house.request(request))
        .await
        .unwrap_err();
    let fields = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!(fields.len(), 23, "{fields:?}");
}

async fn writes_are_idempotent_and_another_tenants_endpoint_does_not_exist(database: Database) {
    let house = open_house(Fakes::default(), database, &Tasks::new()).await;
    let request = || pb::CreateEndpointRequest {
        request_id: "r-1".into(),
        url: "https://8.8.8.8/in".into(),
        ..Default::default()
    };
    let one = client(&house)
        .create_endpoint(house.request(request()))
        .await;
    let two = client(&house)
        .create_endpoint(house.request(request()))
        .await;
    let endpoint = one.unwrap().into_inner();
    assert_eq!(endpoint, two.unwrap().into_inner());
    let grant = tongguan_access::Grant::new("other".parse().unwrap(), "eve")
        .scope("gateway.write")
        .scope("gateway.read");
    let bearer = format!("Bearer {}", house.access.mint(&grant));
    let delete = || pb::DeleteEndpointRequest {
        endpoint: endpoint.id.clone(),
        ..Default::default()
    };
    let mut foreign = tonic::Request::new(delete());
    foreign
        .metadata_mut()
        .insert("authorization", bearer.parse().unwrap());
    let status = client(&house).delete_endpoint(foreign).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    for _ in 0..2 {
        let ended = client(&house)
            .delete_endpoint(house.request(delete()))
            .await;
        let ended = ended.unwrap().into_inner();
        assert_eq!(ended.state(), pb::endpoint::State::Deleted);
        assert!(ended.public_keys.is_empty());
    }
    let sent = client(&house)
        .send_test_event(house.request(pb::SendTestEventRequest {
            endpoint: endpoint.id.clone(),
            ..Default::default()
        }))
        .await
        .unwrap_err();
    assert_eq!(sent.code(), Code::NotFound);
}

async fn a_list_names_a_next_page_only_where_there_is_one(database: Database) {
    let tasks = Tasks::new();
    let house = open_house(Fakes::default(), database, &tasks).await;
    let receiver = Receiver::start(&tasks).await;
    let first = create(&house, &receiver.url, &[]).await;
    let second = create(&house, &receiver.url, &[]).await;
    let endpoints = async |page_size, token: &str| {
        let request = pb::ListEndpointsRequest {
            page_size,
            page_token: token.into(),
        };
        let page = client(&house).list_endpoints(house.request(request)).await;
        let page = page.unwrap().into_inner();
        let ids = page.endpoints.into_iter().map(|one| one.id);
        (ids.collect::<Vec<_>>(), page.next_page_token)
    };
    let (ids, next) = endpoints(1, "").await;
    assert_eq!(ids, std::slice::from_ref(&first.id));
    // The last page is full, and still the last.
    let last = endpoints(1, &next).await;
    assert_eq!(last, (vec![second.id.clone()], String::new()));
    let both = endpoints(2, "").await;
    assert_eq!(both, (vec![first.id.clone(), second.id], String::new()));

    let (one, two) = (
        test_event(&house, &first.id).await.id,
        test_event(&house, &first.id).await.id,
    );
    let deliveries = async |page_size, token: &str| {
        let request = pb::ListDeliveriesRequest {
            endpoint: first.id.clone(),
            page_size,
            page_token: token.into(),
            ..Default::default()
        };
        let page = client(&house).list_deliveries(house.request(request)).await;
        let page = page.unwrap().into_inner();
        let ids = page.deliveries.into_iter().map(|one| one.id);
        (ids.collect::<Vec<_>>(), page.next_page_token)
    };
    let (newest, next) = deliveries(1, "").await;
    assert_eq!(newest, [two]);
    assert_eq!(deliveries(1, &next).await, (vec![one], String::new()));
}
