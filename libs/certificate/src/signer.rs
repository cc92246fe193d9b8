//! Keys: the `Signer` seam, the key held in memory, and public keys parsed once.
//!
//! To add a way of signing (PKCS#11, a cloud KMS): implement [`Signer`]; the rest of the crate
//! never sees a private key. ES256 signs certificates, status lists and bundles; Ed25519 signs
//! checkpoints and cosignatures, because the C2SP signed note defines it and no ECDSA form.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair as _, ParsedPublicKey,
};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::values::{KeyId, to_hex};

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, signature r ‖ s of 64 bytes (RFC 9053; COSE −7).
    Es256,
    /// Ed25519, signature of 64 bytes (RFC 8032; COSE −19).
    Ed25519,
}

impl Algorithm {
    /// The COSE algorithm number.
    pub fn cose(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::Ed25519 => -19,
        }
    }

    pub(crate) fn from_cose(number: i64) -> Option<Self> {
        match number {
            -7 => Some(Self::Es256),
            -19 => Some(Self::Ed25519),
            _ => None,
        }
    }
}

/// A signature of either algorithm: 64 bytes.
pub type Signature = [u8; 64];

/// Something that holds a private key and signs with it.
///
/// Implementations may be slow and may fail: [`Error::SignerUnavailable`] means that nothing was
/// signed and that the same bytes may be offered again.
pub trait Signer: Send + Sync {
    /// The key's id, as it stands in the protected header.
    fn key_id(&self) -> &KeyId;
    /// The public half.
    fn public_key(&self) -> &PublicKey;
    /// Signs the message (not a digest of it).
    fn sign(&self, message: &[u8]) -> Result<Signature>;
}

/// A public key, parsed once (parsing costs as much as a verification).
#[derive(Clone)]
pub struct PublicKey {
    algorithm: Algorithm,
    parsed: Arc<ParsedPublicKey>,
    raw: Vec<u8>,
}

impl PublicKey {
    /// Parses the raw form: 65 bytes SEC 1 uncompressed (`04 ‖ x ‖ y`) for ES256, 32 bytes for Ed25519.
    pub fn new(algorithm: Algorithm, raw: &[u8]) -> Result<Self> {
        let refused = |problem: &str| Error::Key(format!("public key: {problem}"));
        let parsed = match (algorithm, raw) {
            (Algorithm::Es256, [4, rest @ ..]) if rest.len() == 64 => {
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, raw)
            }
            (Algorithm::Ed25519, _) if raw.len() == 32 => ParsedPublicKey::new(&ED25519, raw),
            _ => return Err(refused("not the raw form of its algorithm")),
        };
        let parsed = parsed.map_err(|_| refused("not a point of its curve"))?;
        Ok(Self {
            algorithm,
            parsed: Arc::new(parsed),
            raw: raw.to_vec(),
        })
    }

    /// How this key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The raw form, see [`PublicKey::new`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw
    }

    /// Whether `signature` is this key's over `message`.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.raw == other.raw
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:{}", self.algorithm, to_hex(&self.raw))
    }
}

enum Pair {
    Es256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A private key in memory, from PKCS#8 bytes: the embedded default.
pub struct FileKey {
    pair: Pair,
    public: PublicKey,
    id: KeyId,
}

impl FileKey {
    /// A fresh key; keep [`FileKey::to_pkcs8`] of it.
    pub fn generate(algorithm: Algorithm) -> Result<Self> {
        let failed = |_| Error::Key("key generation failed".to_owned());
        match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
                .map_err(failed)
                .and_then(|pair| Self::from_pair(Pair::Es256(pair))),
            Algorithm::Ed25519 => Ed25519KeyPair::generate()
                .map_err(failed)
                .and_then(|pair| Self::from_pair(Pair::Ed25519(pair))),
        }
    }

    /// Loads a key from PKCS#8 DER (RFC 5208 version 1 or RFC 5958 version 2).
    pub fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<Self> {
        let refused =
            |rejected| Error::Key(format!("not a PKCS#8 key of {algorithm:?}: {rejected}"));
        match algorithm {
            Algorithm::Es256 => EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
                .map_err(refused)
                .and_then(|pair| Self::from_pair(Pair::Es256(pair))),
            Algorithm::Ed25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der)
                .map_err(refused)
                .and_then(|pair| Self::from_pair(Pair::Ed25519(pair))),
        }
    }

    /// The private key as PKCS#8 DER version 1: a secret, store it with mode 0600.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>> {
        let document = match &self.pair {
            Pair::Es256(pair) => pair.to_pkcs8v1(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1(),
        };
        let document = document.map_err(|_| Error::Key("key does not export".to_owned()))?;
        Ok(document.as_ref().to_vec())
    }

    fn from_pair(pair: Pair) -> Result<Self> {
        let public = match &pair {
            Pair::Es256(pair) => PublicKey::new(Algorithm::Es256, pair.public_key().as_ref()),
            Pair::Ed25519(pair) => PublicKey::new(Algorithm::Ed25519, pair.public_key().as_ref()),
        }?;
        let id = KeyId::of_public_key(public.as_bytes());
        Ok(Self { pair, public, id })
    }
}

impl Signer for FileKey {
    fn key_id(&self) -> &KeyId {
        &self.id
    }

    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Signature> {
        let signed = match &self.pair {
            Pair::Es256(pair) => pair.sign(&SystemRandom::new(), message),
            Pair::Ed25519(pair) => pair.try_sign(message),
        };
        let failed = || Error::SignerUnavailable("the key did not sign".to_owned());
        let signature = signed.map_err(|_| failed())?;
        signature.as_ref().try_into().map_err(|_| failed())
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKey({})", self.id)
    }
}
