//! What a token says: the claims of RFC 7519 and ours.

use serde::{Deserialize, Serialize};

/// The header of a token. Other members, `jku` and `x5u` among them, are never looked at; a member
/// named twice is refused by serde.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) kid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) typ: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) crit: Option<serde_json::Value>,
}

/// The claims of a token.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: Audience,
    pub(crate) exp: Seconds,
    pub(crate) nbf: Seconds,
    pub(crate) sub: String,
    pub(crate) tenant: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) org: Option<String>,
    #[serde(default)]
    pub(crate) person: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) act: Option<Actor>,
    /// The country the holder is in (ISO 3166-1 alpha-2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// Microseconds a sandbox's clock is ahead; only in tokens of the clock's own audience.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ahead: Option<i64>,
}

/// Who acts for the subject (RFC 8693, 4.1). An actor within it is history and never looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Actor {
    pub(crate) sub: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) org: Option<String>,
}

/// One audience or several (RFC 7519, 4.1.3).
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    pub(crate) fn names(&self, audience: &str) -> bool {
        match self {
            Self::One(name) => name == audience,
            Self::Many(names) => names.iter().any(|name| name == audience),
        }
    }
}

/// A NumericDate: seconds since 1970, which may carry a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Seconds(pub(crate) i64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Year 9999: what lies beyond is not a date but an attempt to overflow.
        const LAST: f64 = 253_402_300_799.0;
        let value = f64::deserialize(deserializer)?;
        if value.is_finite() && (0.0..=LAST).contains(&value) {
            Ok(Self(value as i64))
        } else {
            Err(serde::de::Error::custom("not a NumericDate"))
        }
    }
}
