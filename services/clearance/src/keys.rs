//! The issuer's keys: files in a folder, made on first start, key pairs in a PKCS#11 token, or in memory for tests.
//!
//! To change the issuer's key without a gap: announce the next one (`issuer-es256.next.pk8` beside the key, or the
//! label `next_issuer`), which puts it into the trust bundle; once every verifier has that edition, make it the
//! key. The old one stays in the bundle, and what it signed verifies for ever.

mod pkcs11;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use tongguan_certificate::{Algorithm, FileKey, KeyId, PublicKey, Signature, Signer};

use crate::config::Config;
use crate::error::Error;
use pkcs11::Token;

/// A key of the issuer, wherever it is.
#[derive(Clone)]
pub(crate) struct Key(Arc<dyn Signer>);

impl Signer for Key {
    fn key_id(&self) -> &KeyId {
        self.0.key_id()
    }

    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn sign(&self, message: &[u8]) -> tongguan_certificate::Result<Signature> {
        self.0.sign(message)
    }
}

/// The keys of the issuer: each signs one kind of thing.
pub(crate) struct Keys {
    /// Signs certificates and status lists (ES256).
    pub(crate) issuer: Key,
    /// Will sign them next: announced in the trust bundle before it does.
    pub(crate) next: Option<Key>,
    /// Signs trust bundles (ES256); verifiers pin it.
    pub(crate) root: Key,
    /// Signs checkpoints of the log (Ed25519, as C2SP signed notes define).
    pub(crate) log: Key,
}

impl Keys {
    /// Opens the keys: those that a token is named for from there, the others from their folder, where missing ones
    /// are made; an empty folder keeps them in memory.
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        let (folder, token) = (config.keys.as_str(), &config.pkcs11);
        let module = match token.module.as_str() {
            "" => None,
            _ => Some(Token::open(token)?),
        };
        let load = |label: &str, name: &str, algorithm| match &module {
            Some(module) if !label.is_empty() => {
                Ok::<_, Error>(Key(Arc::new(module.key(label, algorithm)?)))
            }
            _ if folder.is_empty() => Ok(Key(Arc::new(FileKey::generate(algorithm)?))),
            _ => {
                load_or_make(&Path::new(folder).join(name), algorithm).map(|key| Key(Arc::new(key)))
            }
        };
        let next_file = Path::new(folder).join("issuer-es256.next.pk8");
        let next = match &module {
            Some(module) if !token.next_issuer.is_empty() => {
                let key = module.key(&token.next_issuer, Algorithm::Es256)?;
                Some(Key(Arc::new(key)))
            }
            _ if !folder.is_empty() && next_file.exists() => {
                let key = load_or_make(&next_file, Algorithm::Es256)?;
                Some(Key(Arc::new(key)))
            }
            _ => None,
        };
        Ok(Self {
            issuer: load(&token.issuer, "issuer-es256.pk8", Algorithm::Es256)?,
            next,
            root: load(&token.root, "root-es256.pk8", Algorithm::Es256)?,
            log: load(&token.log, "log-ed25519.pk8", Algorithm::Ed25519)?,
        })
    }
}

fn load_or_make(path: &Path, algorithm: Algorithm) -> Result<FileKey, Error> {
    let failed = |source| Error::Key {
        file: path.display().to_string(),
        source,
    };
    match fs::read(path) {
        Ok(der) => Ok(FileKey::from_pkcs8(algorithm, &der)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(failed)?;
            }
            let key = FileKey::generate(algorithm)?;
            // `create_new`: of two processes that start together one makes the key, the other reads it.
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            match options.open(path) {
                Ok(mut file) => {
                    file.write_all(&key.to_pkcs8()?)
                        .and_then(|()| file.sync_all())
                        .map_err(failed)?;
                    Ok(key)
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    let der = fs::read(path).map_err(failed)?;
                    Ok(FileKey::from_pkcs8(algorithm, &der)?)
                }
                Err(error) => Err(failed(error)),
            }
        }
        Err(error) => Err(failed(error)),
    }
}
