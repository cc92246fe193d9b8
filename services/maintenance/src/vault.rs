//! Encrypts raw answers (AES-256-GCM, a fresh nonce each): they hold whatever shops typed, persons' names included.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::config::Config;
use crate::error::Error;

const KEY: usize = 32;

/// Seals and opens raw answers.
pub(crate) struct Vault(RandomizedNonceKey);

impl Vault {
    /// The key of the configuration, of its file (made where missing), or one that ends with the process.
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let key = if !config.raw_key.is_empty() {
            unhex(&config.raw_key).ok_or(Error::Key("raw_key is not 64 hex digits"))?
        } else if let Some(path) = &config.raw_key_file {
            from_file(path)?
        } else {
            tracing::warn!(
                "no key for raw answers is configured: those of this process cannot be read after it ends"
            );
            fresh()?
        };
        let key = RandomizedNonceKey::new(&AES_256_GCM, &key)
            .map_err(|_| Error::Key("the key is refused"))?;
        let vault = Self(key);
        // A key that cannot open what it sealed is noticed before anything is entrusted to it.
        let probe = vault.seal("probe", b"probe")?;
        if vault.open("probe", &probe)? == b"probe" {
            Ok(vault)
        } else {
            Err(Error::Key("the key does not open what it sealed"))
        }
    }

    /// Nonce, ciphertext and tag; `bound` ties it to its row.
    pub(crate) fn seal(&self, bound: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut bytes = plain.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(bound.as_bytes()), &mut bytes)
            .map_err(|_| Error::Key("sealing failed"))?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut bytes);
        Ok(sealed)
    }

    /// The plain bytes, if `bound` is the same and no byte was changed.
    pub(crate) fn open(&self, bound: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        const BROKEN: Error = Error::Key("a raw answer does not open");
        let (nonce, bytes) = sealed.split_at_checked(12).ok_or(BROKEN)?;
        let nonce: [u8; 12] = nonce.try_into().map_err(|_| BROKEN)?;
        let mut bytes = bytes.to_vec();
        let plain = self
            .0
            .open_in_place((&nonce).into(), Aad::from(bound.as_bytes()), &mut bytes)
            .map_err(|_| BROKEN)?;
        Ok(plain.to_vec())
    }
}

fn fresh() -> Result<Vec<u8>, Error> {
    let mut key = vec![0_u8; KEY];
    SystemRandom::new()
        .fill(&mut key)
        .map_err(|_| Error::Key("no randomness"))?;
    Ok(key)
}

fn from_file(path: &Path) -> Result<Vec<u8>, Error> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            unhex(text.trim()).ok_or(Error::Key("the key file does not hold 64 hex digits"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = fresh()?;
            let text = crate::domain::text::hex(&key);
            write_private(path, &text).map_err(Error::KeyFile)?;
            Ok(key)
        }
        Err(error) => Err(Error::KeyFile(error)),
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.len() == 2 * KEY && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !digits {
        return None;
    }
    (0..KEY)
        .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_answer_opens_only_in_its_own_row_and_unchanged() {
        let config = Config {
            raw_key: "0f".repeat(32),
            ..Config::default()
        };
        let vault = Vault::new(&config).unwrap();
        let sealed = vault.seal("acme/1", "原始数据".as_bytes()).unwrap();
        assert_eq!(
            vault.open("acme/1", &sealed).unwrap(),
            "原始数据".as_bytes()
        );
        assert!(vault.open("acme/2", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(vault.open("acme/1", &changed).is_err(), "byte {at}");
        }
        assert!(vault.open("acme/1", &sealed[..5]).is_err());
        assert!(
            Vault::new(&Config {
                raw_key: "xyz".to_owned(),
                ..Config::default()
            })
            .is_err()
        );
    }
}
