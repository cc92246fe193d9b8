//! Ed25519 keys of endpoints, and signatures after Standard Webhooks (`v1a`).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tongguan_storage::seal::Sealer;
use uuid::Uuid;

use crate::Error;
use crate::domain::SigningKey;

/// What a sealed private half begins with; one without it was stored before keys were sealed.
const SEALED: &str = "sealed:";

/// A fresh key, its private half sealed for the endpoint.
pub(crate) fn draw(sealer: &Sealer, endpoint: Uuid) -> Result<SigningKey, Error> {
    let document =
        Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| Error::NoKey)?;
    let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(|_| Error::NoKey)?;
    let sealed = sealer.seal(&endpoint.to_string(), document.as_ref())?;
    Ok(SigningKey {
        private: format!("{SEALED}{}", STANDARD.encode(sealed)),
        public: STANDARD.encode(pair.public_key().as_ref()),
        until: None,
    })
}

fn opened(sealer: &Sealer, endpoint: Uuid, private: &str) -> Option<Vec<u8>> {
    let Some(sealed) = private.strip_prefix(SEALED) else {
        return STANDARD.decode(private).ok();
    };
    let opened = sealer.open(&endpoint.to_string(), &STANDARD.decode(sealed).ok()?);
    if opened.is_err() {
        tracing::error!(%endpoint, "a signing key does not open: is the gateway's webhook key the one it was sealed with?");
    }
    opened.ok()
}

/// The `webhook-signature` header: one signature for each key, separated by spaces.
pub(crate) fn signatures<'a>(
    sealer: &Sealer,
    endpoint: Uuid,
    keys: impl Iterator<Item = &'a SigningKey>,
    id: &str,
    timestamp: i64,
    body: &str,
) -> String {
    let content = format!("{id}.{timestamp}.{body}");
    let signed = keys.filter_map(|key| {
        let document = opened(sealer, endpoint, &key.private)?;
        let pair = Ed25519KeyPair::from_pkcs8(&document).ok()?;
        let signature = pair.sign(content.as_bytes());
        Some(format!("v1a,{}", STANDARD.encode(signature.as_ref())))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    #[test]
    fn a_key_is_stored_sealed_and_signs_for_its_own_endpoint_alone() {
        let sealer = Sealer::new(&[7; 32]).unwrap();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let key = draw(&sealer, one).unwrap();
        assert!(key.private.starts_with(SEALED));
        let signed = signatures(&sealer, one, [&key].into_iter(), "id", 7, "{}");
        let signature = STANDARD
            .decode(signed.strip_prefix("v1a,").unwrap())
            .unwrap();
        let public = STANDARD.decode(&key.public).unwrap();
        let public = UnparsedPublicKey::new(&ED25519, public);
        assert!(public.verify(b"id.7.{}", &signature).is_ok());
        assert_eq!(
            signatures(&sealer, other, [&key].into_iter(), "id", 7, "{}"),
            ""
        );
        let stranger = Sealer::new(&[8; 32]).unwrap();
        assert_eq!(
            signatures(&stranger, one, [&key].into_iter(), "id", 7, "{}"),
            ""
        );
    }
}
