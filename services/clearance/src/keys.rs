//! The issuer's keys: files in a folder, made on first start, key pairs in a PKCS#11 token, or in memory for tests.
//!
//! To change the issuer's key without a gap: announce the next one (`issuer-es256.next.pk8` beside the key, or the
//! label `next_issuer`), which puts it into the trust bundle; once every verifier has that edition, make it the
//! key. The old one stays in the bundle, and what it signed verifies for ever.

mod pkcs11;
mod queue;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use tongguan_certificate::{Algorithm, FileKey, KeyId, PublicKey, Signature, Signer};

use crate::config::Config;
use crate::error::Error;
use pkcs11::Token;
use queue::Queue;

/// File of the key that is announced as the next one.
const NEXT: &str = "issuer-es256.next.pk8";

/// Why nothing may be signed any more, once there is a reason; every key of the issuer looks at it.
pub(crate) type Bar = Arc<OnceLock<String>>;

/// A key of the issuer, wherever it is.
#[derive(Clone)]
pub(crate) struct Key {
    signer: Arc<dyn Signer>,
    bar: Bar,
    /// Where it is in a token: the thread that waits for it.
    queue: Option<Queue>,
}

impl Key {
    fn file(key: FileKey, bar: &Bar) -> Self {
        Self {
            signer: Arc::new(key),
            bar: bar.clone(),
            queue: None,
        }
    }

    /// A key that may take its time.
    pub(crate) fn slow(
        signer: impl Signer + 'static,
        name: &str,
        bar: &Bar,
    ) -> Result<Self, Error> {
        let queue = Queue::start(name).map_err(|source| Error::Key {
            file: name.to_owned(),
            source,
        })?;
        Ok(Self {
            signer: Arc::new(signer),
            bar: bar.clone(),
            queue: Some(queue),
        })
    }

    /// Does what signs with this key: at once where it is a file, on a thread of its own where it is in a token, which
    /// would otherwise keep every other call of its executor's thread waiting.
    pub(crate) async fn signing<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> tongguan_certificate::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let Some(queue) = &self.queue else {
            return Ok(work(self)?);
        };
        let key = self.clone();
        Ok(queue.run(move || work(&key)).await??)
    }
}

impl Signer for Key {
    fn key_id(&self) -> &KeyId {
        self.signer.key_id()
    }

    fn public_key(&self) -> &PublicKey {
        self.signer.public_key()
    }

    fn sign(&self, message: &[u8]) -> tongguan_certificate::Result<Signature> {
        // Here, so that no way of signing can forget to ask.
        match self.bar.get() {
            None => self.signer.sign(message),
            Some(why) => Err(tongguan_certificate::Error::SignerUnavailable(why.clone())),
        }
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
    /// Empty as long as all of them may sign.
    pub(crate) bar: Bar,
}

impl Keys {
    /// Opens the keys: those that a token is named for from there, the others from their folder, where missing ones
    /// are made; an empty folder keeps them in memory.
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        Self::with(config, true)
    }

    /// Opens the keys that are there and makes none: for whoever only looks. All that are missing are named.
    pub(crate) fn existing(config: &Config) -> Result<Self, Error> {
        Self::with(config, false)
    }

    fn with(config: &Config, make: bool) -> Result<Self, Error> {
        let (folder, token) = (config.keys.as_str(), &config.pkcs11);
        let module = match token.module.as_str() {
            "" => None,
            _ => Some(Token::open(token)?),
        };
        let bar = Bar::default();
        let mut missing = Vec::new();
        let mut load = |label: &str, name: &str, algorithm| {
            if let Some(module) = module.as_ref().filter(|_| !label.is_empty()) {
                return Key::slow(module.key(label, algorithm)?, label, &bar).map(Some);
            }
            let path = Path::new(folder).join(name);
            let file = match (folder.is_empty(), make) {
                (true, true) => Some(FileKey::generate(algorithm)?),
                (false, true) => Some(load_or_make(&path, algorithm)?),
                (true, false) => None,
                (false, false) => read(&path, algorithm)?,
            };
            if file.is_none() {
                missing.push(path.display().to_string());
            }
            Ok::<_, Error>(file.map(|file| Key::file(file, &bar)))
        };
        let issuer = load(&token.issuer, "issuer-es256.pk8", Algorithm::Es256)?;
        let root = load(&token.root, "root-es256.pk8", Algorithm::Es256)?;
        let log = load(&token.log, "log-ed25519.pk8", Algorithm::Ed25519)?;
        let next = match &module {
            Some(module) if !token.next_issuer.is_empty() => {
                let next = module.key(&token.next_issuer, Algorithm::Es256)?;
                Some(Key::slow(next, &token.next_issuer, &bar)?)
            }
            _ if !folder.is_empty() => read(&Path::new(folder).join(NEXT), Algorithm::Es256)?
                .map(|file| Key::file(file, &bar)),
            _ => None,
        };
        match (issuer, root, log) {
            (Some(issuer), Some(root), Some(log)) => Ok(Self {
                issuer,
                next,
                root,
                log,
                bar,
            }),
            _ => Err(Error::KeysMissing { files: missing }),
        }
    }
}

/// The key in a file; `None` where there is no such file.
fn read(path: &Path, algorithm: Algorithm) -> Result<Option<FileKey>, Error> {
    match fs::read(path) {
        Ok(der) => parsed(path, algorithm, &der).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed(path, source)),
    }
}

fn load_or_make(path: &Path, algorithm: Algorithm) -> Result<FileKey, Error> {
    if let Some(key) = read(path, algorithm)? {
        return Ok(key);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|source| failed(path, source))?;
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
                .map_err(|source| failed(path, source))?;
            Ok(key)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let der = fs::read(path).map_err(|source| failed(path, source))?;
            parsed(path, algorithm, &der)
        }
        Err(source) => Err(failed(path, source)),
    }
}

fn parsed(path: &Path, algorithm: Algorithm, der: &[u8]) -> Result<FileKey, Error> {
    let damaged = |error| std::io::Error::new(std::io::ErrorKind::InvalidData, error);
    FileKey::from_pkcs8(algorithm, der).map_err(|error| failed(path, damaged(error)))
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::Key {
        file: path.display().to_string(),
        source,
    }
}
