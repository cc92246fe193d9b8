//! Ed25519 keys of endpoints, and signatures after Standard Webhooks (`v1a`).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Error;
use crate::domain::SigningKey;

/// A fresh key.
pub(crate) fn draw() -> Result<SigningKey, Error> {
    let document =
        Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| Error::NoKey)?;
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| Error::NoKey)?;
    Ok(SigningKey {
        private: STANDARD.encode(document.as_ref()),
        public: STANDARD.encode(pair.public_key().as_ref()),
        until: None,
    })
}

/// The `webhook-signature` header: one signature for each key, separated by spaces.
pub(crate) fn signatures<'a>(
    keys: impl Iterator<Item = &'a SigningKey>,
    id: &str,
    timestamp: i64,
    body: &str,
) -> String {
    let content = format!("{id}.{timestamp}.{body}");
    let signed = keys.filter_map(|key| {
        let document = STANDARD.decode(&key.private).ok()?;
        let pair = Ed25519KeyPair::from_pkcs8(&document).ok()?;
        let signature = pair.sign(content.as_bytes());
        Some(format!("v1a,{}", STANDARD.encode(signature.as_ref())))
    });
    signed.collect::<Vec<_>>().join(" ")
}
