//! The sandbox: magic VINs force what they say, and nothing at all outside of sandboxes.

use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::export_readiness_client::ExportReadinessClient;
use tongguan_api::gateway::v1::sandbox_client::SandboxClient;
use tongguan_api::gateway::v1::source_state::State;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::fakes::{Fakes, House, house};
use crate::readiness::all_well;

fn of<M>(house: &House, tenant: &str, message: M) -> tonic::Request<M> {
    let grant = tongguan_access::Grant::new(tenant.parse().unwrap(), "dev")
        .scope("gateway.read")
        .scope("sandbox.read")
        .scope("sandbox.write");
    let mut request = tonic::Request::new(message);
    let token = format!("Bearer {}", house.access.mint(&grant));
    request
        .metadata_mut()
        .insert("authorization", token.parse().unwrap());
    request
}

/// How each source stands for a VIN: registry, inspection, maintenance, rules.
async fn states(house: &House, tenant: &str, vin: &str) -> Vec<State> {
    let request = pb::CheckReadinessRequest {
        listing: Some(pb::Listing {
            vin: vin.into(),
            consent: Some(tongguan_api::maintenance::v1::Consent::default()),
            ..Default::default()
        }),
        markets: vec!["KE".into()],
        ..Default::default()
    };
    let ready = ExportReadinessClient::new(house.gateway.clone())
        .check_readiness(of(house, tenant, request))
        .await
        .unwrap()
        .into_inner();
    ready.sources.iter().map(pb::SourceState::state).collect()
}

#[tokio::test]
async fn every_magic_vin_forces_what_it_says_and_only_in_sandboxes() {
    let fakes = Fakes {
        destinations: all_well().destinations,
        ..Fakes::default()
    };
    let house = house(fakes).await;
    let mut client = SandboxClient::new(house.gateway.clone());
    let list = client
        .list_magic_vins(of(&house, "sandbox-a", pb::ListMagicVinsRequest {}))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(list.vins.len(), 6);
    for magic in list.vins {
        let plain = states(&house, "acme", &magic.vin).await;
        let forced = states(&house, "sandbox-a", &magic.vin).await;
        let is = |n: usize, state| forced[n] == state && plain[n] != state;
        let holds = match magic.forces.as_str() {
            "REGISTRY_DOWN" => is(0, State::Unreachable),
            "INSPECTION_DOWN" => is(1, State::Unreachable),
            "MAINTENANCE_UPSTREAM_DOWN" => is(2, State::Unreachable),
            "RULES_DOWN" => is(3, State::Unreachable),
            "EVERYTHING_DOWN" => (0..4).all(|n| forced[n] == State::Unreachable),
            "NO_RECORD" => is(0, State::NoRecord) && forced[2] == State::NoRecord,
            _ => false,
        };
        assert!(holds, "{}: {plain:?} {forced:?}", magic.forces);
    }
}

#[tokio::test]
async fn what_is_not_served_yet_says_what_serves_instead_and_others_are_refused() {
    let house = house(Fakes::default()).await;
    let mut client = SandboxClient::new(house.gateway.clone());
    let status = client
        .reset(of(&house, "sandbox-a", pb::ResetRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    let info = status.get_details_error_info().unwrap();
    assert_eq!(info.reason, "NOT_IMPLEMENTED");
    assert!(status.message().contains("fresh sandbox tenant"));
    let status = client
        .reset(of(&house, "acme", pb::ResetRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
}
