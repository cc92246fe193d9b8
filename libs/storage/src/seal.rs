//! Seals bytes under a key (AES-256-GCM, a fresh nonce each), and finds the key: in the configuration or in a file.

use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};

use crate::{Error, Result};

/// Bytes of a key.
pub const KEY: usize = 32;

const NONCE: usize = 12;

/// Seals and opens bytes under one key.
pub struct Sealer(RandomizedNonceKey);

impl Sealer {
    /// A sealer whose key is shown to open what it sealed, before anything is entrusted to it.
    pub fn new(key: &[u8; KEY]) -> Result<Self> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key)
            .map_err(|_| Error::Key("the key is refused"))?;
        let sealer = Self(key);
        let probe = sealer.seal("probe", b"probe")?;
        if sealer.open("probe", &probe)? == b"probe" {
            Ok(sealer)
        } else {
            Err(Error::Key("the key does not open what it sealed"))
        }
    }

    /// Nonce (12 bytes), ciphertext and tag (16); `bound` ties it to its row and is not stored.
    pub fn seal(&self, bound: &str, plain: &[u8]) -> Result<Vec<u8>> {
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
    pub fn open(&self, bound: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        const BROKEN: Error = Error::Key("sealed bytes do not open");
        let (nonce, bytes) = sealed.split_at_checked(NONCE).ok_or(BROKEN)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| BROKEN)?;
        let mut bytes = bytes.to_vec();
        let plain = self
            .0
            .open_in_place((&nonce).into(), Aad::from(bound.as_bytes()), &mut bytes)
            .map_err(|_| BROKEN)?;
        Ok(plain.to_vec())
    }
}

/// The key that a configuration names: `hex` (64 digits) wins over `file`, which is made with a random key where it is
/// missing, readable by its owner alone. Without either the key is random and ends with the process.
pub fn configured_key(hex: &str, file: Option<&Path>) -> Result<[u8; KEY]> {
    match (hex, file) {
        ("", Some(path)) => key_file(path),
        ("", None) => {
            tracing::warn!(
                "no key is configured: what this process seals cannot be read after it ends"
            );
            fresh_key()
        }
        (hex, _) => unhex(hex).ok_or(Error::Key("the configured key is not 64 hex digits")),
    }
}

/// Keys that a configuration names as older ones: hex digits first, then files, which must be there.
pub fn older_keys(hex: &[String], files: &[std::path::PathBuf]) -> Result<Vec<[u8; KEY]>> {
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).map_err(Error::KeyFile)?;
        unhex(text.trim()).ok_or(Error::Key("an older key file does not hold 64 hex digits"))
    };
    let digits = hex
        .iter()
        .map(|text| unhex(text.trim()).ok_or(Error::Key("an older key is not 64 hex digits")));
    digits.chain(files.iter().map(read)).collect()
}

/// A random key.
pub fn fresh_key() -> Result<[u8; KEY]> {
    let mut key = [0_u8; KEY];
    SystemRandom::new()
        .fill(&mut key)
        .map_err(|_| Error::Key("no randomness"))?;
    Ok(key)
}

fn key_file(path: &Path) -> Result<[u8; KEY]> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            unhex(text.trim()).ok_or(Error::Key("the key file does not hold 64 hex digits"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = fresh_key()?;
            match write_private(path, &hex(&key)) {
                Ok(()) => Ok(key),
                // Another process made it in the meantime.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => key_file(path),
                Err(error) => Err(Error::KeyFile(error)),
            }
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
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _never = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Option<[u8; KEY]> {
    let digits = text.len() == 2 * KEY && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !digits {
        return None;
    }
    let mut key = [0_u8; KEY];
    for (at, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_open_only_in_their_own_row_and_unchanged() {
        let sealer = Sealer::new(&[7; KEY]).unwrap();
        let sealed = sealer.seal("acme/1", "原始数据".as_bytes()).unwrap();
        assert_eq!(
            sealer.open("acme/1", &sealed).unwrap(),
            "原始数据".as_bytes()
        );
        assert!(sealer.open("acme/2", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open("acme/1", &changed).is_err(), "byte {at}");
        }
        assert!(sealer.open("acme/1", &sealed[..5]).is_err());
    }

    #[test]
    fn a_key_is_hex_or_a_file_that_is_made_once() {
        assert_eq!(configured_key(&"0f".repeat(32), None).unwrap(), [15; KEY]);
        for wrong in ["xyz", "0f", &"0g".repeat(32)] {
            assert!(configured_key(wrong, None).is_err());
        }
        let folder =
            std::env::temp_dir().join(format!("tongguan-key-{}", hex(&fresh_key().unwrap())));
        let file = folder.join("a.key");
        let made = configured_key("", Some(&file)).unwrap();
        assert_eq!(configured_key("", Some(&file)).unwrap(), made);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
