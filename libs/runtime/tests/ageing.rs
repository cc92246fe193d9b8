//! Connections that end at their age, and replicas that come and go, without a failed call.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Request;
use tongguan_rpc::{Body, Channel, Routes, remote, remote_among};
use tongguan_runtime::{Health, Server, ServerConfig, Shutdown};
use tonic::transport::server::TcpConnectInfo;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tower::ServiceExt;

use crate::{soon, tiny};

/// A replica that notes from where it was called.
struct Replica {
    address: SocketAddr,
    stop: Shutdown,
    callers: Arc<Mutex<HashSet<SocketAddr>>>,
    calls: Arc<Mutex<usize>>,
}

async fn replica(profile: &ServerConfig) -> Replica {
    let server = Server::bind(profile).await.unwrap();
    let health = Health::new().await;
    health.set("role", true).await;
    let routes = Routes::new([("grpc.health.v1.Health".to_owned(), health.channel())]);
    let replica = Replica {
        address: server.address(),
        stop: Shutdown::new(),
        callers: Arc::default(),
        calls: Arc::default(),
    };
    let (callers, calls) = (replica.callers.clone(), replica.calls.clone());
    let service = tower::service_fn(move |request: Request<Body>| {
        let peer = request.extensions().get::<TcpConnectInfo>().unwrap();
        callers.lock().unwrap().insert(peer.remote_addr().unwrap());
        *calls.lock().unwrap() += 1;
        let routes = routes.clone();
        async move { Ok::<_, Infallible>(routes.oneshot(request).await.unwrap()) }
    });
    #[expect(
        clippy::disallowed_methods,
        reason = "the replica ends with the test's runtime"
    )]
    tokio::spawn(server.serve(service, replica.stop.clone()));
    replica
}

async fn check(channel: &Channel) -> Result<(), tonic::Status> {
    let mut client = HealthClient::new(channel.clone());
    soon(client.check(HealthCheckRequest::default()))
        .await
        .map(drop)
}

#[tokio::test]
async fn connections_are_made_again_at_their_age_without_a_failed_call() {
    let profile = ServerConfig {
        connection_age: Duration::from_millis(20),
        grace: Duration::from_secs(5),
        ..tiny()
    };
    let replica = replica(&profile).await;
    let channel = remote(&format!("http://{}", replica.address)).unwrap();
    let mut calls = 0;
    // As many calls as five connections live through, several at a time.
    while replica.callers.lock().unwrap().len() < 5 {
        let (a, b, c, d) = tokio::join!(
            check(&channel),
            check(&channel),
            check(&channel),
            check(&channel)
        );
        for outcome in [a, b, c, d] {
            calls += 1;
            assert!(outcome.is_ok(), "call {calls}: {outcome:?}");
        }
        assert!(calls < 1_000_000, "connections do not age");
    }
}

#[tokio::test]
async fn a_new_replica_gets_its_share_and_one_that_went_fails_no_call() {
    let (one, two) = (replica(&tiny()).await, replica(&tiny()).await);
    let there = Arc::new(Mutex::new(vec![one.address]));
    let named = there.clone();
    let channel = remote_among("http://registry:7070", None, move || {
        let addresses = named.lock().unwrap().clone();
        Box::pin(async move { Ok(addresses) })
    })
    .unwrap();
    for _ in 0..10 {
        check(&channel).await.unwrap();
    }
    assert_eq!(
        (*one.calls.lock().unwrap(), *two.calls.lock().unwrap()),
        (10, 0)
    );

    there.lock().unwrap().push(two.address);
    pass(Duration::from_secs(6)).await;
    for _ in 0..10 {
        check(&channel).await.unwrap();
    }
    assert_eq!(
        (*one.calls.lock().unwrap(), *two.calls.lock().unwrap()),
        (15, 5)
    );

    // It still stands under the name, as it does for some seconds after a pod is gone.
    one.stop.stop();
    for _ in 0..10 {
        check(&channel).await.unwrap();
    }
    there.lock().unwrap().remove(0);
    pass(Duration::from_secs(6)).await;
    let before = *two.calls.lock().unwrap();
    for _ in 0..10 {
        check(&channel).await.unwrap();
    }
    assert_eq!(*two.calls.lock().unwrap(), before + 10);
}

#[tokio::test]
async fn a_name_that_stands_for_nothing_is_an_outage() {
    let channel = remote_among("http://registry:7070", None, || {
        Box::pin(async { Ok(Vec::new()) })
    })
    .unwrap();
    let refused = check(&channel).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable);
}

#[test]
fn a_new_replica_gets_its_share_within_half_a_minute_as_shipped() {
    // The age with its jitter of a tenth; then the next call opens another connection.
    let age = ServerConfig::default().connection_age.mul_f64(1.1);
    assert!(age < Duration::from_secs(30), "{age:?}");
}

/// Moves tokio's clock, which the name's addresses age by.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
