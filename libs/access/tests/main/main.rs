//! Every method of the contract against every bad credential we know.
#![expect(
    clippy::unwrap_used,
    reason = "a broken test set-up should stop the test where it stands"
)]

mod bad;

use std::convert::Infallible;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use prost_reflect::DescriptorPool;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;
use tongguan_access::{
    Access, Grant, Identity, Issuer, Jwks, Need, Refusal, Role, caller, generate_key, need,
};
use tongguan_vocabulary::{Clock, Tenant};
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt as _;
use tower::{Service as _, service_fn};

const NOON: OffsetDateTime = datetime!(2026-03-02 04:00 UTC);
const OUTSIDE: &str = "https://id.example.org";

struct World {
    clock: Clock,
    own: Vec<u8>,
    outside: Vec<u8>,
    access: Access,
}

fn world() -> World {
    let clock = Clock::fixed(NOON);
    let (own, outside) = (generate_key().unwrap(), generate_key().unwrap());
    let keys = Jwks::parse(&jwks_of(&outside)).unwrap();
    let issuer = Issuer {
        name: OUTSIDE.into(),
        keys,
        tenants: vec![tenant("acme")],
    };
    let access = Access::trusting(&own, vec![issuer], clock.clone()).unwrap();
    World {
        clock,
        own,
        outside,
        access,
    }
}

fn tenant(name: &str) -> Tenant {
    name.parse().unwrap()
}

fn jwks_of(key: &[u8]) -> String {
    Access::embedded(key, Clock::fixed(NOON))
        .unwrap()
        .own_jwks()
}

fn kid_of(key: &[u8]) -> String {
    let set: Value = serde_json::from_str(&jwks_of(key)).unwrap();
    set["keys"][0]["kid"].as_str().unwrap().to_owned()
}

fn sign(key: &[u8], header: &str, claims: &str) -> String {
    let message = format!("{}.{}", B64.encode(header), B64.encode(claims));
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key).unwrap();
    let signature = pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", B64.encode(signature.as_ref()))
}

fn header(kid: &str) -> String {
    json!({"alg": "ES256", "kid": kid, "typ": "JWT"}).to_string()
}

fn claims() -> Value {
    let now = NOON.unix_timestamp();
    json!({"iss": "tongguan", "aud": "tongguan", "exp": now + 600, "nbf": now, "sub": "li", "tenant": "acme", "roles": ["operator"]})
}

fn with(name: &str, value: Value) -> String {
    let mut claims = claims();
    claims[name] = value;
    claims.to_string()
}

fn without(name: &str) -> String {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims.to_string()
}

fn methods() -> Vec<String> {
    let pool = DescriptorPool::decode(tongguan_api::DESCRIPTORS).unwrap();
    let of = |service: prost_reflect::ServiceDescriptor| {
        service
            .methods()
            .map(|method| format!("/{}/{}", service.full_name(), method.name()))
            .collect::<Vec<_>>()
    };
    pool.services()
        .filter(|service| service.package_name().starts_with("tongguan."))
        .flat_map(of)
        .collect()
}

/// Calls a server that answers everything, through the guard; says who was let in.
async fn call(access: &Access, path: &str, credentials: &[&str]) -> Result<Option<String>, Status> {
    let open = service_fn(|request: http::Request<()>| async move {
        let subject = caller(&tonic::Request::from_http(request))
            .ok()
            .map(|caller| caller.subject);
        let mut answer = http::Response::new(Body::empty());
        answer.extensions_mut().insert(subject);
        Ok::<_, Infallible>(answer)
    });
    let boxed = tower::ServiceExt::boxed(open);
    let mut request = http::Request::post(path).body(()).unwrap();
    for value in credentials {
        request
            .headers_mut()
            .append("authorization", value.parse().unwrap());
    }
    let answer = access.guard(boxed).call(request).await.unwrap();
    match Status::from_header_map(answer.headers()) {
        Some(status) => Err(status),
        None => Ok(answer
            .extensions()
            .get::<Option<String>>()
            .cloned()
            .flatten()),
    }
}

#[tokio::test]
async fn no_bad_credential_opens_any_method() {
    let world = world();
    let bad = bad::credentials(&world);
    assert!(bad.len() >= 20);
    for path in methods() {
        for (name, credential) in &bad {
            let answer = call(&world.access, &path, &[credential]).await;
            if need(&path) == Some(&Need::Nothing) {
                assert_eq!(answer.unwrap(), None, "{path} took a caller from: {name}");
                continue;
            }
            let status = answer.expect_err(name);
            assert_eq!(
                status.code(),
                Code::Unauthenticated,
                "{path}: {name}: {}",
                status.message()
            );
            let info = status.get_details_error_info().unwrap();
            assert_eq!(
                (info.reason.as_str(), info.domain.as_str()),
                ("UNAUTHENTICATED", "tongguan"),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn every_method_opens_to_its_scope_and_to_no_other() {
    let world = world();
    for path in methods() {
        let Some(Need::Scope(scope)) = need(&path) else {
            assert_eq!(need(&path), Some(&Need::Nothing), "{path} has no policy");
            continue;
        };
        let token = |scope: &str| {
            format!(
                "Bearer {}",
                world
                    .access
                    .mint(&Grant::new(tenant("acme"), "li").scope(scope))
            )
        };
        assert_eq!(
            call(&world.access, &path, &[&token(scope)])
                .await
                .unwrap()
                .as_deref(),
            Some("li"),
            "{path}"
        );
        let status = call(&world.access, &path, &[&token("other.verb")])
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied);
        let info = status.get_details_error_info().unwrap();
        assert_eq!(info.reason, "SCOPE_MISSING");
        assert_eq!(info.metadata.get("scope"), Some(scope));
    }
}

#[tokio::test]
async fn a_method_outside_the_contract_is_closed_even_to_the_operator() {
    let world = world();
    let token = format!(
        "Bearer {}",
        world
            .access
            .mint(&Grant::new(tenant("acme"), "root").role(Role::Operator))
    );
    for path in [
        "/tongguan.registry.v1.VehicleRegistry/Nothing",
        "/a.b/C",
        "/",
        "//",
        "/tongguan.registry.v1.VehicleRegistry/getvehicle",
    ] {
        let status = call(&world.access, path, &[&token]).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{path}");
    }
}

#[tokio::test]
async fn two_authorization_headers_are_one_too_many() {
    let world = world();
    let token = format!(
        "Bearer {}",
        world
            .access
            .mint(&Grant::new(tenant("acme"), "li").role(Role::Operator))
    );
    let status = call(&world.access, &methods()[0], &[&token, &token])
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn an_outside_issuer_speaks_for_its_own_tenants_after_its_keys_turn_over() {
    let world = world();
    let outside = |key: &[u8]| {
        let mut claims = claims();
        claims["iss"] = json!(OUTSIDE);
        claims["aud"] = json!(["tongguan", "other"]);
        sign(key, &header(&kid_of(key)), &claims.to_string())
    };
    let keys = Jwks::parse(&jwks_of(&world.outside)).unwrap();
    let issuer = Issuer {
        name: OUTSIDE.into(),
        keys: keys.clone(),
        tenants: Vec::new(),
    };
    let access = Access::trusting(&world.own, vec![issuer], world.clock.clone()).unwrap();
    let old = outside(&world.outside);
    assert_eq!(access.verify(&old).unwrap().subject, "li");

    let fresh = generate_key().unwrap();
    assert_eq!(access.verify(&outside(&fresh)), Err(Refusal::Signature));
    assert!(keys.take_wanted(), "a key that is not here is asked for");
    keys.replace(&jwks_of(&fresh)).unwrap();
    assert_eq!(access.verify(&outside(&fresh)).unwrap().subject, "li");
    assert_eq!(
        access.verify(&old),
        Err(Refusal::Signature),
        "a withdrawn key is forgotten, remembered tokens too"
    );
}

#[tokio::test]
async fn a_token_says_who_its_holder_is_until_it_expires() {
    let world = world();
    let grant = Grant::new(tenant("acme"), "li.wei")
        .role(Role::Exporter)
        .scope("extra.verb")
        .organisation("91330000TEST000001")
        .person();
    let token = world.access.mint(&grant);
    let holder = world.access.verify(&token).unwrap();
    assert_eq!(
        (
            holder.tenant.as_str(),
            holder.subject.as_str(),
            holder.person
        ),
        ("acme", "li.wei", true)
    );
    assert_eq!(holder.organisation.as_deref(), Some("91330000TEST000001"));
    assert!(
        holder.has_role(Role::Exporter)
            && holder.scopes.allows("extra.verb")
            && holder.scopes.allows("registry.read")
    );
    world.clock.advance(time::Duration::seconds(3629));
    assert!(
        world.access.verify(&token).is_ok(),
        "clocks may differ a little"
    );
    world.clock.advance(time::Duration::seconds(1));
    assert_eq!(
        world.access.verify(&token),
        Err(Refusal::Expired),
        "also from the cache"
    );
}

#[test]
fn a_service_calls_its_peers_with_its_own_scopes_and_renews_its_token() {
    let world = world();
    let identity = Identity::new(&world.access, "clearance", &["registry.read"]);
    let token = |name: &str| {
        let request = identity.request(&tenant(name), ());
        let value = request
            .metadata()
            .get("authorization")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        value.strip_prefix("Bearer ").unwrap().to_owned()
    };
    let first = token("acme");
    let holder = world.access.verify(&first).unwrap();
    assert_eq!(
        (holder.subject.as_str(), holder.tenant.as_str()),
        ("service:clearance", "acme")
    );
    assert!(holder.scopes.allows("registry.read") && !holder.scopes.allows("registry.write"));
    assert_eq!(token("acme"), first, "kept");
    assert_eq!(
        world
            .access
            .verify(&token("other"))
            .unwrap()
            .tenant
            .as_str(),
        "other"
    );
    world.clock.advance(time::Duration::seconds(211));
    assert_ne!(token("acme"), first, "renewed before it ends");
}

#[test]
fn a_key_set_keeps_only_keys_that_pin_an_algorithm() {
    let good: Value = serde_json::from_str(&jwks_of(&generate_key().unwrap())).unwrap();
    let good = good["keys"][0].clone();
    let altered = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    let refused = [
        json!({"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"}),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "short", "alg": "RS256"}),
        altered("use", json!("enc")),
        altered("alg", json!("RS256")),
        altered("crv", json!("P-384")),
        altered("kid", json!("")),
        altered("kid", Value::Null),
    ];
    for key in refused {
        assert!(
            Jwks::parse(&json!({"keys": [key]}).to_string()).is_err(),
            "{key}"
        );
    }
    assert!(
        Jwks::parse(&json!({"keys": [good, good]}).to_string()).is_err(),
        "one kid, two keys"
    );
    assert!(Jwks::parse("nothing").is_err());
    assert!(Access::embedded(b"not a key", Clock::fixed(NOON)).is_err());
}
