//! An API key of a sandbox: a name, a secret that is kept as a hash, and what it stands for.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use time::OffsetDateTime;
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::audit::hex;

/// What every key begins with, so that scanners for leaked secrets can find it.
pub(crate) const PREFIX: &str = "tgk_";

/// Live keys of one sandbox at most.
pub(crate) const MOST_KEYS: usize = 20;

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiKey {
    pub(crate) tenant: Tenant,
    pub(crate) id: Uuid,
    pub(crate) label: String,
    pub(crate) roles: Vec<String>,
    pub(crate) organisation: Option<String>,
    pub(crate) secret_sha256: String,
    pub(crate) created: OffsetDateTime,
    pub(crate) revoked: Option<OffsetDateTime>,
}

impl ApiKey {
    /// Whether this is its secret and it still opens something.
    pub(crate) fn opens(&self, secret: &str) -> bool {
        let same = verify_slices_are_equal(
            self.secret_sha256.as_bytes(),
            hash_of_secret(secret).as_bytes(),
        );
        same.is_ok() && self.revoked.is_none()
    }
}

/// What is stored of a secret. A secret of 256 random bits needs no slow hash: nobody can try them all.
pub(crate) fn hash_of_secret(secret: &str) -> String {
    hex(digest(&SHA256, secret.as_bytes()).as_ref())
}

/// The text of a key, as it is sent.
pub(crate) fn key_text(id: Uuid, secret: &str) -> String {
    format!("{PREFIX}{}_{secret}", id.simple())
}

/// Name and secret of a key's text.
pub(crate) fn parse_key(text: &str) -> Option<(Uuid, &str)> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    let id = Uuid::try_parse(id).ok()?;
    (secret.len() == 43).then_some((id, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_opens_with_its_secret_until_it_is_revoked() {
        let secret = "a".repeat(43);
        let mut key = ApiKey {
            tenant: "sandbox-a".parse().unwrap(),
            id: Uuid::from_u128(7),
            label: String::new(),
            roles: Vec::new(),
            organisation: None,
            secret_sha256: hash_of_secret(&secret),
            created: OffsetDateTime::UNIX_EPOCH,
            revoked: None,
        };
        let text = key_text(key.id, &secret);
        assert_eq!(parse_key(&text), Some((key.id, secret.as_str())));
        assert!(key.opens(&secret) && !key.opens(&"b".repeat(43)) && !key.opens(""));
        key.revoked = Some(OffsetDateTime::UNIX_EPOCH);
        assert!(!key.opens(&secret));
        for wrong in ["", "tgk_", "tgk_x_y", &text[..40], &text[4..]] {
            assert_eq!(parse_key(wrong), None, "{wrong}");
        }
    }
}
