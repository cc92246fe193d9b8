//! A body's signature over its report: a JWS with detached payload, checked against the body's keys of the day.
//!
//! What is signed is the canonical report (`wire/canonical.rs` writes it). The header names the key, and the key decides
//! how it signs: an algorithm that the header wishes for is never believed (RFC 8725 section 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use time::Date;

use super::key::{Algorithm, Key};

/// What the header's `typ` must say, so that no other signature of the same key passes for one over a report.
const TYPE: &str = "tongguan-report+jws";
/// Bytes of a signature in its compact form at most.
const LONGEST: usize = 2_048;

/// A signature that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signature {
    /// As it was sent.
    pub(crate) jws: String,
    /// The key's id.
    pub(crate) key: String,
    /// How it signs.
    pub(crate) algorithm: Algorithm,
}

/// A report as bytes, and what the body signed them with; empty where it did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    /// The canonical report.
    pub(crate) canonical: Vec<u8>,
    /// The detached JWS.
    pub(crate) jws: String,
}

/// What is wrong with a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// There is none, and one is required.
    Missing,
    /// It is not a detached JWS of this kind.
    Malformed,
    /// The body has no key of this id.
    KeyUnknown,
    /// The key may not sign today.
    KeyNotValid,
    /// The header names another algorithm than the key's.
    Algorithm,
    /// It is not the key's over this report.
    Wrong,
}

impl Cause {
    /// The word in error details.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::Malformed => "MALFORMED",
            Self::KeyUnknown => "KEY_UNKNOWN",
            Self::KeyNotValid => "KEY_NOT_VALID",
            Self::Algorithm => "ALGORITHM",
            Self::Wrong => "WRONG",
        }
    }
}

/// Why a signature is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// What is wrong.
    pub(crate) cause: Cause,
    /// In one sentence.
    pub(crate) why: String,
}

impl Refused {
    pub(crate) fn new(cause: Cause, why: impl Into<String>) -> Self {
        Self {
            cause,
            why: why.into(),
        }
    }
}

/// The protected header; a member given twice is refused by the parser.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
    b64: Option<bool>,
    #[serde(default)]
    crit: Vec<String>,
}

/// Checks a signature over the canonical report against the keys of the body on this day.
pub(crate) fn verify(
    jws: &str,
    canonical: &[u8],
    keys: &[Key],
    day: Date,
) -> Result<Signature, Refused> {
    let (protected, header, signature) =
        parts(jws).map_err(|why| Refused::new(Cause::Malformed, why))?;
    let Some(key) = keys.iter().find(|key| key.id == header.kid) else {
        let why = format!("the body has no key {:?}", header.kid);
        return Err(Refused::new(Cause::KeyUnknown, why));
    };
    if !key.algorithm.is_called(&header.alg) {
        let why = format!("key {} does not sign by {:?}", key.id, header.alg);
        return Err(Refused::new(Cause::Algorithm, why));
    }
    if !key.is_valid(day) {
        let until = key
            .valid_until
            .map_or_else(|| "further notice".to_owned(), |until| until.to_string());
        let why = format!(
            "key {} is valid from {} until {until}, not on {day}",
            key.id, key.valid_from
        );
        return Err(Refused::new(Cause::KeyNotValid, why));
    }
    let payload = if header.b64 == Some(false) {
        canonical.to_vec()
    } else {
        URL_SAFE_NO_PAD.encode(canonical).into_bytes()
    };
    let signed = [protected.as_bytes(), b".", &payload].concat();
    if !key.verifies(&signed, &signature) {
        return Err(Refused::new(
            Cause::Wrong,
            format!(
                "the signature is not that of key {} over this report",
                key.id
            ),
        ));
    }
    Ok(Signature {
        jws: jws.to_owned(),
        key: key.id.clone(),
        algorithm: key.algorithm,
    })
}

fn parts(jws: &str) -> Result<(&str, Header, Vec<u8>), String> {
    if jws.len() > LONGEST {
        return Err(format!("the JWS has more than {LONGEST} characters"));
    }
    let mut parts = jws.split('.');
    let (Some(protected), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("a JWS has three parts with dots between them".to_owned());
    };
    if !payload.is_empty() {
        return Err("the payload is detached: nothing stands between the dots".to_owned());
    }
    let text = URL_SAFE_NO_PAD
        .decode(protected)
        .map_err(|error| format!("the header is not base64url: {error}"))?;
    let header: Header = serde_json::from_slice(&text)
        .map_err(|error| format!("the header is not as wanted: {error}"))?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|error| format!("the signature is not base64url: {error}"))?;
    if header.typ != TYPE {
        return Err(format!(
            "the header's typ is {:?}, not {TYPE:?}",
            header.typ
        ));
    }
    // An extension that must be understood and is not: refused (RFC 7515 section 4.1.11).
    let critical: &[&str] = if header.b64.is_some() { &["b64"] } else { &[] };
    if header.crit != critical {
        return Err(format!(
            "the header's crit is {:?}, not {critical:?}",
            header.crit
        ));
    }
    Ok((protected, header, signature))
}

#[cfg(test)]
mod tests;
