//! The sandbox: magic VINs force what they say, and nothing at all outside of sandboxes.

use tongguan_api::gateway::v1 as pb;
use tongguan_api::gateway::v1::export_readiness_client::ExportReadinessClient;
use tongguan_api::gateway::v1::sandbox_client::SandboxClient;
use tongguan_api::gateway::v1::source_state::State;
use tonic::Code;
use tonic_types::StatusExt as _;

use time::{Duration, OffsetDateTime};
use tongguan_rpc::Tasks;

use crate::fakes::{Fakes, House, house, house_on, text};
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
    assert_eq!(list.vins.len(), 17);
    let sources = |magic: &pb::MagicVin| {
        // States of cases are forced by the clearance: the journeys try them.
        !["OUTCOME_", "ERROR_", "SLOW", "CASE_"]
            .iter()
            .any(|kind| magic.forces.starts_with(kind))
    };
    for magic in list.vins.into_iter().filter(sources) {
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
async fn outcomes_and_errors_can_be_forced_too_and_only_in_sandboxes() {
    use tongguan_api::destinations::v1::Outcome;
    let fakes = Fakes {
        destinations: all_well().destinations,
        ..Fakes::default()
    };
    let house = house(fakes).await;
    let check = async |tenant: &str, vin: &str| {
        let request = pb::CheckReadinessRequest {
            listing: Some(pb::Listing {
                vin: vin.into(),
                ..Default::default()
            }),
            markets: vec!["KE".into()],
            ..Default::default()
        };
        ExportReadinessClient::new(house.gateway.clone())
            .check_readiness(of(&house, tenant, request))
            .await
            .map(|answer| answer.into_inner().markets[0].outcome())
    };
    for (vin, outcome) in [
        ("000SANDB9R0000007", Outcome::Permitted),
        ("000SANDB0R0000008", Outcome::Conditional),
        ("000SANDB2R0000009", Outcome::Prohibited),
        ("000SANDB9R0000010", Outcome::Undetermined),
    ] {
        assert_eq!(check("sandbox-a", vin).await.unwrap(), outcome, "{vin}");
        let plain = check("acme", vin).await.unwrap();
        assert_eq!(plain, check("acme", crate::fakes::VIN).await.unwrap());
    }
    for (vin, code, reason) in [
        (
            "000SANDB2R0000012",
            Code::ResourceExhausted,
            "QUOTA_EXCEEDED",
        ),
        ("000SANDB4R0000013", Code::Unavailable, "PEER_UNAVAILABLE"),
    ] {
        let status = check("sandbox-a", vin).await.unwrap_err();
        assert_eq!(status.code(), code);
        assert_eq!(self::reason(&status), reason);
        assert!(status.get_details_retry_info().is_some());
        assert!(check("acme", vin).await.is_ok());
    }
}

fn at(instant: OffsetDateTime) -> pb::SetClockRequest {
    pb::SetClockRequest {
        time: Some(tongguan_rpc::wire::timestamp(instant)),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_sandbox_moves_its_clock_forwards_and_no_other_tenant_notices() {
    let house = house(Fakes {
        destinations: all_well().destinations,
        ..Fakes::default()
    })
    .await;
    let mut client = SandboxClient::new(house.gateway.clone());
    let later = house.clock.now() + Duration::days(181);
    let shown = client.set_clock(of(&house, "sandbox-a", at(later))).await;
    let shown = shown.unwrap().into_inner().time.unwrap();
    assert_eq!(tongguan_rpc::wire::instant(&shown), Some(later));

    let assumed = async |tenant: &str| {
        let request = pb::CheckReadinessRequest {
            listing: Some(pb::Listing {
                vin: crate::fakes::VIN.into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut client = ExportReadinessClient::new(house.gateway.clone());
        let answer = client.check_readiness(of(&house, tenant, request)).await;
        answer.unwrap().into_inner().assumptions.join("; ")
    };
    assert!(assumed("sandbox-a").await.contains("2026-08-30"));
    assert!(assumed("sandbox-b").await.contains("2026-03-02"));
    assert!(assumed("acme").await.contains("2026-03-02"));

    let earlier = house.clock.now() + Duration::days(180);
    let refused = client.set_clock(of(&house, "sandbox-a", at(earlier))).await;
    assert_eq!(reason(&refused.unwrap_err()), "CLOCK_WENT_BACK");
    let too_far = house.clock.now() + Duration::days(366 * 11);
    let refused = client.set_clock(of(&house, "sandbox-a", at(too_far))).await;
    assert_eq!(reason(&refused.unwrap_err()), "INVALID_FIELDS");

    client
        .reset(of(&house, "sandbox-a", pb::ResetRequest::default()))
        .await
        .unwrap();
    assert!(assumed("sandbox-a").await.contains("2026-03-02"));
}

/// A production tenant has no sandbox: not a clock, not a key, not a list.
#[tokio::test]
async fn every_method_of_the_sandbox_is_refused_to_others() {
    let house = house(Fakes::default()).await;
    let mut client = SandboxClient::new(house.gateway.clone());
    let far = at(house.clock.now() + Duration::days(400));
    let answers = [
        client.set_clock(of(&house, "acme", far)).await.err(),
        client
            .reset(of(&house, "acme", pb::ResetRequest::default()))
            .await
            .err(),
        client
            .list_magic_vins(of(&house, "acme", pb::ListMagicVinsRequest {}))
            .await
            .err(),
        client
            .create_api_key(of(&house, "acme", pb::CreateApiKeyRequest::default()))
            .await
            .err(),
        client
            .list_api_keys(of(&house, "acme", pb::ListApiKeysRequest {}))
            .await
            .err(),
        client
            .revoke_api_key(of(&house, "acme", pb::RevokeApiKeyRequest::default()))
            .await
            .err(),
    ];
    for status in answers {
        let status = status.unwrap();
        assert_eq!(status.code(), Code::PermissionDenied);
        assert_eq!(reason(&status), "NOT_A_SANDBOX");
    }
    assert!(house.access.shifts().is_empty());
}

/// A tenant that moves its clock in one process is followed by another on the same database.
#[tokio::test]
async fn another_replica_follows_the_clock() {
    let database = tongguan_testkit::databases::sqlite(&tongguan_gateway::migrations()).await;
    let tasks = Tasks::new();
    let first = house_on(Fakes::default(), database.clone(), &tasks).await;
    let later = first.clock.now() + Duration::days(61);
    SandboxClient::new(first.gateway.clone())
        .set_clock(of(&first, "sandbox-a", at(later)))
        .await
        .unwrap();
    let second = house_on(Fakes::default(), database, &tasks).await;
    let sandbox = "sandbox-a".parse().unwrap();
    assert_eq!(second.access.shift(&sandbox).duration(), Duration::days(61));
}

async fn with_key(house: &House, key: &str) -> u16 {
    let request = http::Request::get("/v1/sandbox/magicVins")
        .header("authorization", format!("Bearer {key}"))
        .body(text(""))
        .unwrap();
    house.send(request).await.status().as_u16()
}

#[tokio::test]
async fn a_key_opens_its_sandbox_until_it_is_revoked() {
    let house = house(Fakes::default()).await;
    let mut client = SandboxClient::new(house.gateway.clone());
    let exporter = |message| {
        let grant = tongguan_access::Grant::new("sandbox-a".parse().unwrap(), "dev")
            .role(tongguan_access::Role::Exporter);
        let mut request = tonic::Request::new(message);
        let token = format!("Bearer {}", house.access.mint(&grant));
        request
            .metadata_mut()
            .insert("authorization", token.parse().unwrap());
        request
    };
    let wanted = |role: &str| pb::CreateApiKeyRequest {
        label: "ci".into(),
        roles: vec![role.into()],
    };
    let more = client.create_api_key(exporter(wanted("operator"))).await;
    assert_eq!(more.unwrap_err().code(), Code::PermissionDenied);
    let made = client.create_api_key(exporter(wanted("exporter"))).await;
    let made = made.unwrap().into_inner();
    assert!(made.secret.starts_with("tgk_"));
    assert_eq!(with_key(&house, &made.secret).await, 200);
    let mut wrong = made.secret.clone();
    let last = wrong.pop().unwrap();
    wrong.push(if last == 'A' { 'B' } else { 'A' });
    assert_eq!(with_key(&house, &wrong).await, 401);
    assert_eq!(with_key(&house, "tgk_nonsense").await, 401);

    let listed = client
        .list_api_keys(of(&house, "sandbox-a", pb::ListApiKeysRequest {}))
        .await;
    let listed = listed.unwrap().into_inner().keys;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].secret, "", "shown once and never again");
    let elsewhere = pb::RevokeApiKeyRequest {
        key: made.key.clone(),
    };
    let other = client
        .revoke_api_key(of(&house, "sandbox-b", elsewhere.clone()))
        .await;
    assert_eq!(other.unwrap_err().code(), Code::NotFound);
    client
        .revoke_api_key(of(&house, "sandbox-a", elsewhere))
        .await
        .unwrap();
    // What was looked up is believed for ten seconds.
    house.clock.advance(Duration::seconds(11));
    assert_eq!(with_key(&house, &made.secret).await, 401);
}

fn reason(status: &tonic::Status) -> String {
    status.get_details_error_info().unwrap().reason
}
