//! A sandbox moves its clock past the ends that matter, in every service at once, and no other tenant notices.

use std::time::Duration;

use time::OffsetDateTime;
use tongguan::Settings;
use tongguan::dossier::Dossier;
use tongguan::journey::Actors;
use tongguan::stand::{self, Stand};
use tongguan_access::{Grant, Role};
use tongguan_api::clearance::v1 as clearance;
use tongguan_api::clearance::v1::export_clearance_client::ExportClearanceClient;
use tongguan_api::gateway::v1 as gateway;
use tongguan_api::gateway::v1::sandbox_client::SandboxClient;
use tongguan_rpc::Channel;
use tongguan_vocabulary::Tenant;

use crate::dossiers::{Folder, samples};

fn channel(stand: &Stand, service: &str) -> Channel {
    stand.started.suite.routes.get(service).unwrap().clone()
}

async fn set_clock(stand: &Stand, tenant: &Tenant, time: OffsetDateTime) {
    let grant = Grant::new(tenant.clone(), "dev").role(Role::Exporter);
    let token = stand.started.suite.access.mint(&grant);
    let mut request = tonic::Request::new(gateway::SetClockRequest {
        time: Some(tongguan_rpc::wire::timestamp(time)),
        ..Default::default()
    });
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    SandboxClient::new(channel(stand, "tongguan.gateway.v1.Sandbox"))
        .set_clock(request)
        .await
        .unwrap();
}

async fn state(stand: &Stand, tenant: &Tenant, dossier: &Dossier, case: &str) -> String {
    let actors = Actors::of(&stand.started.suite, tenant, dossier, &stand.clock).unwrap();
    let request = clearance::GetCaseRequest {
        case_id: case.to_owned(),
    };
    let case = ExportClearanceClient::new(channel(stand, "tongguan.clearance.v1.ExportClearance"))
        .get_case(actors.as_exporter(request))
        .await
        .unwrap()
        .into_inner();
    case.state().as_str_name().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_a_sandbox_ends_when_its_own_clock_says_so() {
    let folder = Folder::fresh();
    let mut dossiers = samples();
    dossiers.retain(|dossier| {
        let expected = dossier.expect.as_ref();
        expected.is_some_and(|expected| expected.state == "CERTIFIED")
    });
    dossiers.truncate(1);
    let dossier = &dossiers[0];
    let stand = Stand::set_up(Settings::under(&folder.0), &dossiers)
        .await
        .unwrap();
    let tenants: [Tenant; 2] = ["sandbox-one", "sandbox-two"].map(|name| name.parse().unwrap());
    let mut cases = Vec::new();
    for tenant in &tenants {
        let outcome = stand::run(&stand.started.suite, tenant, &stand.clock, dossier)
            .await
            .unwrap();
        assert_eq!(outcome.state, "CERTIFIED");
        cases.push(outcome.case.unwrap().case_id);
    }
    // Past the licence, the 180 days and the last shipping day, whichever the certificate ends with.
    let later = stand.clock.now() + time::Duration::days(400);
    set_clock(&stand, &tenants[0], later).await;
    let expired = async {
        while state(&stand, &tenants[0], dossier, &cases[0]).await != "CASE_STATE_EXPIRED" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), expired)
        .await
        .expect("the worker lives by the sandbox's clock");
    assert_eq!(
        state(&stand, &tenants[1], dossier, &cases[1]).await,
        "CASE_STATE_CERTIFIED",
        "another sandbox has its own time"
    );
    stand.stop().await;
    folder.remove();
}
