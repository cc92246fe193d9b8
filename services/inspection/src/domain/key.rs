//! Public keys of bodies: a JWK or a PEM comes in, a curve point is kept, and a day says whether it may sign.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::Date;
use tongguan_vocabulary::PartialDate;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Algorithm {
    /// ECDSA on P-256 with SHA-256, r and s in 64 bytes (RFC 7518 section 3.4).
    Es256,
    /// Ed25519 (RFC 8032).
    Ed25519,
}

impl Algorithm {
    /// Whether a JWS header may call it so.
    pub(crate) fn is_called(self, name: &str) -> bool {
        match self {
            Self::Es256 => name == "ES256",
            // RFC 8037, and the fully specified name of RFC 9864.
            Self::Ed25519 => matches!(name, "EdDSA" | "Ed25519"),
        }
    }
}

/// A key; days are known to the day and inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// What a signature calls it.
    pub(crate) id: String,
    /// How it signs.
    pub(crate) algorithm: Algorithm,
    /// Its point, base64url: `04 ‖ x ‖ y` for ES256, 32 bytes for Ed25519.
    pub(crate) point: String,
    /// First day.
    pub(crate) valid_from: PartialDate,
    /// Last day; `None` where no end is set.
    pub(crate) valid_until: Option<PartialDate>,
}

/// The parts of a JWK that are read (RFC 7517, 7518, 8037).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<serde::de::IgnoredAny>,
}

/// SubjectPublicKeyInfo (RFC 5480, RFC 8410) up to the point: both have one encoding only.
const P256: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
const EDWARDS: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// Reads a public key, JWK or PEM: its algorithm and its point.
pub(crate) fn read(text: &str) -> Result<(Algorithm, Vec<u8>), String> {
    let text = text.trim();
    let (algorithm, point) = if text.starts_with('{') {
        from_jwk(text)?
    } else if text.starts_with("-----BEGIN ") {
        from_pem(text)?
    } else {
        return Err("is neither a JWK nor a PEM".to_owned());
    };
    parsed(algorithm, &point).ok_or("is not a point of its curve")?;
    Ok((algorithm, point))
}

fn from_jwk(text: &str) -> Result<(Algorithm, Vec<u8>), String> {
    let jwk: Jwk = serde_json::from_str(text).map_err(|error| format!("is not a JWK: {error}"))?;
    if jwk.d.is_some() {
        return Err("is a private key: keep it, and send the public half".to_owned());
    }
    let coordinate = |name: &str, text: Option<&String>| {
        let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let bytes = bytes.filter(|bytes| bytes.len() == 32);
        bytes.ok_or_else(|| format!("has no {name} of 32 bytes in base64url"))
    };
    match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("EC", Some("P-256")) => {
            let (x, y) = (
                coordinate("x", jwk.x.as_ref())?,
                coordinate("y", jwk.y.as_ref())?,
            );
            Ok((
                Algorithm::Es256,
                [&[4], x.as_slice(), y.as_slice()].concat(),
            ))
        }
        ("OKP", Some("Ed25519")) => Ok((Algorithm::Ed25519, coordinate("x", jwk.x.as_ref())?)),
        (kty, crv) => Err(format!(
            "is of type {kty} {}: EC P-256 and OKP Ed25519 are taken",
            crv.unwrap_or_default()
        )),
    }
}

fn from_pem(text: &str) -> Result<(Algorithm, Vec<u8>), String> {
    let body = text
        .strip_prefix("-----BEGIN PUBLIC KEY-----")
        .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
        .ok_or("is not one PEM block `PUBLIC KEY`")?;
    let packed: String = body.split_ascii_whitespace().collect();
    let der = STANDARD
        .decode(packed)
        .map_err(|error| format!("is not base64: {error}"))?;
    if let Some(point) = der.strip_prefix(P256).filter(|point| point.len() == 65) {
        return Ok((Algorithm::Es256, point.to_vec()));
    }
    if let Some(point) = der.strip_prefix(EDWARDS).filter(|point| point.len() == 32) {
        return Ok((Algorithm::Ed25519, point.to_vec()));
    }
    Err("is not a key on P-256 (uncompressed) or of Ed25519".to_owned())
}

fn parsed(algorithm: Algorithm, point: &[u8]) -> Option<ParsedPublicKey> {
    match algorithm {
        Algorithm::Es256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).ok(),
        Algorithm::Ed25519 => ParsedPublicKey::new(&ED25519, point).ok(),
    }
}

impl Key {
    /// A key of what [`read`] answered; without an id it is called by its thumbprint.
    pub(crate) fn new(
        id: String,
        (algorithm, point): (Algorithm, Vec<u8>),
        valid_from: PartialDate,
        valid_until: Option<PartialDate>,
    ) -> Self {
        let mut key = Self {
            id,
            algorithm,
            point: URL_SAFE_NO_PAD.encode(point),
            valid_from,
            valid_until,
        };
        if key.id.is_empty() {
            // RFC 7638 hashes the required members in alphabetical order, which is how `jwk` writes them.
            key.id = URL_SAFE_NO_PAD.encode(digest(&SHA256, key.jwk().as_bytes()));
        }
        key
    }

    /// The key as a JWK with its required members.
    pub(crate) fn jwk(&self) -> String {
        let point = self.point();
        if let (Algorithm::Es256, [_, rest @ ..]) = (self.algorithm, point.as_slice()) {
            let (x, y) = rest.split_at(rest.len() / 2);
            let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
            return format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        }
        let x = &self.point;
        format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)
    }

    /// Whether it may sign on this day.
    pub(crate) fn is_valid(&self, day: Date) -> bool {
        self.valid_from.first() <= day && self.valid_until.is_none_or(|until| day <= until.first())
    }

    /// Whether the signature is this key's over the message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        parsed(self.algorithm, &self.point())
            .is_some_and(|key| key.verify_sig(message, signature).is_ok())
    }

    fn point(&self) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(&self.point).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The keys of RFC 7517 appendix A.1 and RFC 8037 appendix A.2, with the thumbprint of its A.3.
    const EC: &str = r#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"}"#;
    const OKP: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn key(text: &str) -> Key {
        Key::new(
            String::new(),
            read(text).unwrap(),
            "2026-01-01".parse().unwrap(),
            None,
        )
    }

    #[test]
    fn a_jwk_is_read_and_named_by_its_thumbprint() {
        let edwards = key(OKP);
        assert_eq!(edwards.algorithm, Algorithm::Ed25519);
        assert_eq!(edwards.id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(key(&edwards.jwk()), edwards);
        let curve = key(EC);
        assert_eq!(curve.algorithm, Algorithm::Es256);
        assert_eq!(key(&curve.jwk()), curve);
    }

    #[test]
    fn a_pem_is_the_same_key_as_its_jwk() {
        for (text, prefix) in [(EC, P256), (OKP, EDWARDS)] {
            let jwk = key(text);
            let der = STANDARD.encode([prefix, &jwk.point()].concat());
            let (one, two) = der.split_at(40);
            let pem =
                format!("-----BEGIN PUBLIC KEY-----\n{one}\n{two}\n-----END PUBLIC KEY-----\n");
            assert_eq!(key(&pem), jwk);
        }
    }

    #[test]
    fn what_is_no_public_key_is_refused_with_the_reason() {
        let private = OKP.replace("\"x\"", "\"d\":\"secret\",\"x\"");
        let off_curve = EC.replace("MKBC", "AAAA");
        for (text, why) in [
            (private.as_str(), "private"),
            (off_curve.as_str(), "point"),
            (r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "RSA"),
            (r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#, "P-384"),
            (r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, "32 bytes"),
            ("{", "not a JWK"),
            ("ssh-ed25519 AAAA", "neither"),
            (
                "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----",
                "PUBLIC KEY",
            ),
            (
                "-----BEGIN PUBLIC KEY-----\n?\n-----END PUBLIC KEY-----",
                "base64",
            ),
            (
                "-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----",
                "P-256",
            ),
        ] {
            let told = read(text).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
    }
}
