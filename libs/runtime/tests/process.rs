//! The operators' port, and a process that is asked to stop.

use std::time::Duration;

use http::StatusCode;
use http_body_util::BodyExt;
use tongguan_rpc::remote;
use tongguan_runtime::{Process, RuntimeConfig, ServerConfig, ShutdownConfig};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::{app, client, get, soon, tiny};

fn config() -> RuntimeConfig {
    RuntimeConfig {
        server: tiny(),
        admin: ServerConfig {
            listen: "127.0.0.1:0".to_owned(),
            ..ServerConfig::admin()
        },
        shutdown: ShutdownConfig {
            unready: Duration::ZERO,
            grace: Duration::from_millis(300),
        },
    }
}

#[tokio::test]
async fn a_process_is_ready_when_its_roles_are_and_stops_when_asked() {
    let process = Process::bind(&config()).await.unwrap();
    let (address, admin) = (process.address(), process.admin_address());
    let (health, shutdown, tasks) = (
        process.health.clone(),
        process.shutdown.clone(),
        process.tasks.clone(),
    );
    let stopping = tasks.stopping();
    let (finished, end) = tokio::sync::oneshot::channel();
    tasks.spawn("background", async move {
        stopping.cancelled().await;
        finished.send(()).unwrap();
    });

    let operate = async {
        let mut check = HealthClient::new(remote(&format!("http://{admin}")).unwrap());
        let role = "tongguan.registry.v1.VehicleRegistry";
        let ask = |service: &str| HealthCheckRequest {
            service: service.to_owned(),
        };
        let all = soon(check.check(ask(""))).await.unwrap().into_inner();
        assert_eq!(
            all.status(),
            ServingStatus::NotServing,
            "no role has reported yet"
        );
        health.set(role, true).await;
        let why = Err("a witness saw another log".to_owned());
        health
            .tell("tongguan.clearance.v1.ExportClearance", why)
            .await;
        assert_eq!(
            soon(check.check(ask(role)))
                .await
                .unwrap()
                .into_inner()
                .status(),
            ServingStatus::Serving
        );
        assert_eq!(
            soon(check.check(ask("")))
                .await
                .unwrap()
                .into_inner()
                .status(),
            ServingStatus::NotServing
        );
        let (mut operator, _) = client(admin).await;
        let answer = soon(operator.send_request(get(admin, "/readyz")))
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(
            text,
            "not ready\ntongguan.clearance.v1.ExportClearance: a witness saw another log\n"
        );
        health
            .set("tongguan.clearance.v1.ExportClearance", true)
            .await;
        assert_eq!(
            soon(check.check(ask("")))
                .await
                .unwrap()
                .into_inner()
                .status(),
            ServingStatus::Serving
        );

        let (mut plain, _) = client(admin).await;
        assert_eq!(
            soon(plain.send_request(get(admin, "/readyz")))
                .await
                .unwrap()
                .status(),
            StatusCode::OK
        );
        assert_eq!(
            soon(plain.send_request(get(admin, "/log-filter")))
                .await
                .unwrap()
                .status(),
            StatusCode::NOT_FOUND
        );
        let nowhere = soon(plain.send_request(get(admin, "/"))).await.unwrap();
        assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
        let text = nowhere.into_body().collect().await.unwrap().to_bytes();
        assert!(text.starts_with(b"here are"), "{text:?}");

        let (mut public, ended) = client(address).await;
        assert_eq!(
            soon(public.send_request(get(address, "/")))
                .await
                .unwrap()
                .status(),
            StatusCode::OK
        );
        shutdown.stop();
        soon(end).await.unwrap();
        soon(ended).await.unwrap().unwrap();
        assert!(!health.ready());
    };
    let served = Box::pin(process.serve(app(), tongguan_api::DESCRIPTORS, None));
    let (served, ()) = soon(Box::pin(async { tokio::join!(served, operate) })).await;
    served.unwrap();
}

#[tokio::test]
async fn what_does_not_end_in_its_grace_is_dropped() {
    let process = Process::bind(&config()).await.unwrap();
    let (address, shutdown) = (process.address(), process.shutdown.clone());
    process.tasks.spawn("endless", std::future::pending());
    let operate = async {
        let (mut public, _) = client(address).await;
        soon(public.send_request(get(address, "/"))).await.unwrap();
        let stuck = public.send_request(get(address, "/never"));
        shutdown.stop();
        assert!(soon(stuck).await.is_err());
    };
    let served = Box::pin(process.serve(app(), tongguan_api::DESCRIPTORS, None));
    let (served, ()) = soon(Box::pin(async { tokio::join!(served, operate) })).await;
    served.unwrap();
}

#[test]
fn every_key_has_a_default_and_an_unknown_one_is_refused() {
    use tongguan_runtime::config::Layers;
    let loaded = Layers::defaults()
        .with_text("[server]\nlisten = \"0.0.0.0:7070\"\nconnection_age = \"5m\"")
        .with_variable("TONGGUAN_SHUTDOWN__GRACE", "10s")
        .load::<RuntimeConfig>()
        .unwrap();
    assert_eq!(
        loaded.settings.server.connection_age,
        Duration::from_mins(5)
    );
    assert_eq!(loaded.settings.admin, ServerConfig::admin());
    assert_eq!(loaded.settings.shutdown.grace, Duration::from_secs(10));
    let unitless = Layers::defaults()
        .with_variable("TONGGUAN_SHUTDOWN__GRACE", "10")
        .load::<RuntimeConfig>();
    assert!(unitless.unwrap_err().to_string().contains("not a duration"));
    assert!(
        Layers::defaults()
            .with_text("[server]\nport = 1")
            .load::<RuntimeConfig>()
            .is_err()
    );
}
