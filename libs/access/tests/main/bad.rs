//! Credentials that must not open any door.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde_json::{Value, json};
use tongguan_access::generate_key;

use crate::{NOON, OUTSIDE, World, claims, header, jwks_of, kid_of, sign, with, without};

/// What may stand in the `authorization` header and must not open any door.
pub(crate) fn credentials(world: &World) -> Vec<(&'static str, String)> {
    let now = NOON.unix_timestamp();
    let kid = kid_of(&world.own);
    let own = |claims: &str| format!("Bearer {}", sign(&world.own, &header(&kid), claims));
    let headed = |header: Value| {
        format!(
            "Bearer {}",
            sign(&world.own, &header.to_string(), &claims().to_string())
        )
    };
    let good = sign(&world.own, &header(&kid), &claims().to_string());
    let stranger = generate_key().unwrap();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let unsigned = |alg: &str| {
        format!(
            "Bearer {}.{}.",
            B64.encode(json!({"alg": alg, "kid": kid}).to_string()),
            B64.encode(claims().to_string())
        )
    };
    let hmac = {
        let set: Value = serde_json::from_str(&jwks_of(&world.own)).unwrap();
        let secret = jsonwebtoken::EncodingKey::from_secret(
            set["keys"][0]["x"].as_str().unwrap().as_bytes(),
        );
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = Some(kid.clone());
        jsonwebtoken::encode(&header, &claims(), &secret).unwrap()
    };
    let twice = claims()
        .to_string()
        .replacen('{', r#"{"tenant":"other","#, 1);
    let header_twice = header(&kid).replacen('{', r#"{"alg":"none","#, 1);
    let flipped = {
        let mut bytes = B64.decode(signature).unwrap();
        bytes[10] ^= 1;
        B64.encode(bytes)
    };
    let elsewhere = json!({"alg": "ES256", "kid": "thief", "jku": "https://thief.example/keys", "x5u": "https://thief.example/c.pem"});
    let carried: Value = serde_json::from_str(&jwks_of(&stranger)).unwrap();
    vec![
        ("empty", String::new()),
        ("no scheme", good.clone()),
        ("basic scheme", "Basic bGk6bGk=".into()),
        ("no token", "Bearer ".into()),
        ("not a token", "Bearer hello".into()),
        ("two parts", format!("Bearer {message}")),
        (
            "five parts, as an encrypted token",
            format!("Bearer {good}.a.b"),
        ),
        ("cut short", format!("Bearer {}", &good[..good.len() - 20])),
        ("empty signature", format!("Bearer {message}.")),
        (
            "one bit of the signature flipped",
            format!("Bearer {message}.{flipped}"),
        ),
        (
            "zero signature",
            format!("Bearer {message}.{}", B64.encode([0_u8; 64])),
        ),
        ("alg none", unsigned("none")),
        ("alg None", unsigned("None")),
        ("alg ES256 without signature", unsigned("ES256")),
        ("HS256 keyed with the public key", format!("Bearer {hmac}")),
        (
            "RS256 named for an EC key",
            headed(json!({"alg": "RS256", "kid": kid})),
        ),
        (
            "EdDSA named for an EC key",
            headed(json!({"alg": "EdDSA", "kid": kid})),
        ),
        ("no alg", headed(json!({"kid": kid}))),
        ("no kid", headed(json!({"alg": "ES256"}))),
        (
            "unknown kid",
            headed(json!({"alg": "ES256", "kid": "nobody"})),
        ),
        (
            "a path as kid",
            headed(json!({"alg": "ES256", "kid": "../../../../dev/null"})),
        ),
        (
            "SQL as kid",
            headed(json!({"alg": "ES256", "kid": "' or 1=1 --"})),
        ),
        (
            "crit that nobody understands",
            headed(json!({"alg": "ES256", "kid": kid, "crit": ["b64"], "b64": false})),
        ),
        (
            "another kind of token",
            headed(json!({"alg": "ES256", "kid": kid, "typ": "logout+jwt"})),
        ),
        (
            "a header member twice",
            format!(
                "Bearer {}",
                sign(&world.own, &header_twice, &claims().to_string())
            ),
        ),
        (
            "signed by a stranger",
            format!(
                "Bearer {}",
                sign(&stranger, &header(&kid), &claims().to_string())
            ),
        ),
        (
            "key by jku and x5u",
            format!(
                "Bearer {}",
                sign(&stranger, &elsewhere.to_string(), &claims().to_string())
            ),
        ),
        (
            "key in the header",
            format!(
                "Bearer {}",
                sign(
                    &stranger,
                    &json!({"alg": "ES256", "kid": kid, "jwk": carried["keys"][0]}).to_string(),
                    &claims().to_string()
                )
            ),
        ),
        (
            "kid of another issuer",
            format!(
                "Bearer {}",
                sign(&world.outside, &header(&kid), &claims().to_string())
            ),
        ),
        (
            "our issuer by another issuer's key",
            format!(
                "Bearer {}",
                sign(
                    &world.outside,
                    &header(&kid_of(&world.outside)),
                    &claims().to_string()
                )
            ),
        ),
        (
            "outside issuer by our key",
            own(&with("iss", json!(OUTSIDE))),
        ),
        (
            "unknown issuer",
            own(&with("iss", json!("https://thief.example"))),
        ),
        ("no issuer", own(&without("iss"))),
        ("another audience", own(&with("aud", json!("other")))),
        ("an empty list of audiences", own(&with("aud", json!([])))),
        ("no audience", own(&without("aud"))),
        ("expired", own(&with("exp", json!(now - 31)))),
        ("no exp", own(&without("exp"))),
        ("exp null", own(&with("exp", Value::Null))),
        ("exp as text", own(&with("exp", json!("9999999999")))),
        ("exp beyond all time", own(&with("exp", json!(1e300)))),
        ("not yet valid", own(&with("nbf", json!(now + 31)))),
        ("no nbf", own(&without("nbf"))),
        ("negative nbf", own(&with("nbf", json!(-1)))),
        ("no subject", own(&without("sub"))),
        ("empty subject", own(&with("sub", json!("")))),
        ("subject as number", own(&with("sub", json!(7)))),
        ("no tenant", own(&without("tenant"))),
        (
            "a malformed tenant",
            own(&with("tenant", json!("Acme; drop"))),
        ),
        (
            "a claim twice",
            format!("Bearer {}", sign(&world.own, &header(&kid), &twice)),
        ),
        ("claims that are a list", own("[]")),
        ("claims that are not JSON", own("{")),
        ("padding", format!("Bearer {good}=")),
        ("huge", format!("Bearer {}", "a".repeat(7000))),
        (
            "huge but well signed",
            own(&with("sub", json!("x".repeat(6000)))),
        ),
        ("outside issuer for a foreign tenant", {
            let mut foreign = claims();
            foreign["iss"] = json!(OUTSIDE);
            foreign["tenant"] = json!("other");
            format!(
                "Bearer {}",
                sign(
                    &world.outside,
                    &header(&kid_of(&world.outside)),
                    &foreign.to_string()
                )
            )
        }),
    ]
}
