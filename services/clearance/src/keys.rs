//! The issuer's keys: files in a folder, made on first start, or in memory for tests.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use tongguan_certificate::{Algorithm, FileKey};

use crate::error::Error;

/// The three keys of the issuer: each signs one kind of thing.
pub(crate) struct Keys {
    /// Signs certificates and status lists (ES256).
    pub(crate) issuer: FileKey,
    /// Signs trust bundles (ES256); verifiers pin it.
    pub(crate) root: FileKey,
    /// Signs checkpoints of the log (Ed25519, as C2SP signed notes define).
    pub(crate) log: FileKey,
}

impl Keys {
    /// Loads the keys of a folder, making those that are missing; an empty path keeps them in memory.
    pub(crate) fn open(folder: &str) -> Result<Self, Error> {
        let load = |name: &str, algorithm| {
            if folder.is_empty() {
                return Ok(FileKey::generate(algorithm)?);
            }
            load_or_make(&Path::new(folder).join(name), algorithm)
        };
        Ok(Self {
            issuer: load("issuer-es256.pk8", Algorithm::Es256)?,
            root: load("root-es256.pk8", Algorithm::Es256)?,
            log: load("log-ed25519.pk8", Algorithm::Ed25519)?,
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
