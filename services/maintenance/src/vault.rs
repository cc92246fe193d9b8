//! Seals raw answers under one key: they hold whatever shops typed, persons' names included.

use tongguan_storage::seal::{Sealer, configured_key};

use crate::config::Config;
use crate::error::Error;

/// Seals raw answers; each is bound to its row.
pub(crate) struct Vault(Sealer);

impl Vault {
    /// The key of the configuration, of its file (made where missing), or one that ends with the process.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let key = configured_key(&config.raw_key, config.raw_key_file.as_deref())?;
        Ok(Self(Sealer::new(&key)?))
    }

    /// Nonce, ciphertext and tag; `bound` ties it to its row.
    pub(crate) fn seal(&self, bound: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.seal(bound, plain)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_answers_are_sealed_under_the_configured_key() {
        let config = |raw_key: &str| Config {
            raw_key: raw_key.to_owned(),
            ..Config::default()
        };
        let vault = Vault::new(&config(&"0f".repeat(32))).unwrap();
        let sealed = vault.seal("acme/1", "原始数据".as_bytes()).unwrap();
        let opened = Sealer::new(&[15; 32]).unwrap().open("acme/1", &sealed);
        assert_eq!(opened.unwrap(), "原始数据".as_bytes());
        assert!(Vault::new(&config("xyz")).is_err());
    }
}
