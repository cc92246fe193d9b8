//! Public keys of issuers: a key set whose keys each pin one algorithm.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// A key or key set that can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes are not an EC P-256 private key in PKCS#8.
    #[error("the issuer's key is not an EC P-256 key in PKCS#8")]
    NotP256,
    /// The text is not a JSON Web Key Set.
    #[error("not a JSON Web Key Set: {0}")]
    NotJwks(String),
    /// The set holds no key for ES256, EdDSA or RS256 (2048 bits or more) with a `kid` of its own.
    #[error(
        "the key set holds no usable key with a kid of its own (ES256, EdDSA, or RS256 of at least 2048 bits)"
    )]
    NoUsableKey,
    /// The machine gave no key.
    #[error("no key could be made")]
    NotMade,
}

/// The key set of an issuer (RFC 7517), which can be replaced while in use. Cheap to clone; all
/// clones see the replacement.
///
/// Whoever fetches the set calls [`Jwks::replace`] on a timer, and sooner (at most once a minute)
/// when [`Jwks::take_wanted`] says that a token named a key that is not here.
#[derive(Clone)]
pub struct Jwks(Arc<Shared>);

static GENERATION: AtomicU64 = AtomicU64::new(0);

struct Shared {
    ring: RwLock<Arc<Ring>>,
    wanted: AtomicBool,
}

/// The keys at one time; `generation` never repeats in a process.
pub(crate) struct Ring {
    pub(crate) generation: u64,
    keys: HashMap<String, Key>,
}

/// A public key with the one algorithm it is for.
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

impl Jwks {
    /// Reads a key set. Keys that are for something else (encryption, shared secrets, other
    /// algorithms) are left out.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        let ring = RwLock::new(Arc::new(Ring::parse(json)?));
        Ok(Self(Arc::new(Shared {
            ring,
            wanted: AtomicBool::new(false),
        })))
    }

    /// A set without keys, until the first [`Jwks::replace`].
    pub fn empty() -> Self {
        let ring = Ring {
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            keys: HashMap::new(),
        };
        Self(Arc::new(Shared {
            ring: RwLock::new(Arc::new(ring)),
            wanted: AtomicBool::new(false),
        }))
    }

    /// Whether no key is here.
    pub fn is_empty(&self) -> bool {
        self.ring().keys.is_empty()
    }

    /// Replaces the keys; a set that can not be used leaves the old one in place.
    pub fn replace(&self, json: &str) -> Result<(), KeyError> {
        let ring = Arc::new(Ring::parse(json)?);
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    /// Whether a token named an unknown key since this was last asked.
    pub fn take_wanted(&self) -> bool {
        self.0.wanted.swap(false, Ordering::Relaxed)
    }

    pub(crate) fn want(&self) {
        self.0.wanted.store(true, Ordering::Relaxed);
    }

    pub(crate) fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Ring {
    fn parse(json: &str) -> Result<Self, KeyError> {
        #[derive(serde::Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set =
            serde_json::from_str(json).map_err(|error| KeyError::NotJwks(error.to_string()))?;
        let mut keys = HashMap::new();
        for value in set.keys {
            if let Some((kid, key)) = serde_json::from_value::<Jwk>(value).ok().and_then(usable)
                && keys.insert(kid, key).is_some()
            {
                // Two keys under one kid: which one counts must not depend on their order.
                return Err(KeyError::NoUsableKey);
            }
        }
        if keys.is_empty() {
            return Err(KeyError::NoUsableKey);
        }
        let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
        Ok(Self { generation, keys })
    }

    /// The key with exactly this `kid`, an opaque text.
    pub(crate) fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.get(kid)
    }
}

fn usable(jwk: Jwk) -> Option<(String, Key)> {
    let kid = jwk.common.key_id.clone().filter(|kid| !kid.is_empty())?;
    if jwk
        .common
        .public_key_use
        .as_ref()
        .is_some_and(|purpose| *purpose != PublicKeyUse::Signature)
    {
        return None;
    }
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        AlgorithmParameters::RSA(key) if bits(&key.n) >= 2048 => Algorithm::RS256,
        _ => return None,
    };
    if jwk
        .common
        .key_algorithm
        .is_some_and(|named| named.to_string() != name(algorithm))
    {
        return None;
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    Some((kid, Key { algorithm, key }))
}

fn bits(modulus: &str) -> usize {
    URL_SAFE_NO_PAD
        .decode(modulus)
        .map_or(0, |bytes| bytes.len() * 8)
}

/// The name of an algorithm in a token's header (RFC 7518).
pub(crate) const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::ES256 => "ES256",
        Algorithm::EdDSA => "EdDSA",
        Algorithm::RS256 => "RS256",
        _ => "none of ours",
    }
}
