//! The witness: a party of its own that watches one log, cosigns what continues it, and refuses forks and rollbacks.
//!
//! It answers C2SP tlog-witness: the log posts its checkpoint to `/add-checkpoint` with a proof from the one before.
//! It keeps one file, the last checkpoint it took, written through to the disk before the cosignature leaves: a
//! witness that forgets would cosign a rollback. It stands on another machine than the log, under another hand.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tongguan_certificate::log::witness::{AddCheckpoint, Refusal, Witness as Seen};
use tongguan_certificate::{
    Algorithm, FileKey, NoteKey, NoteKeyKind, SignedCheckpoint, Signer as _,
};
use tongguan_vocabulary::Clock;

use crate::keys;
use crate::settings::Settings;

/// The last checkpoint that was taken.
const STATE: &str = "checkpoint";
/// Held as long as a process witnesses: two that share a state would each forget what the other saw.
const LOCK: &str = "lock";
/// The largest request: 63 hashes and a note of 16 KiB.
const MOST: usize = 32 << 10;

/// Why a witness can not start.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    /// No log is named.
    #[error(
        "[witness] log is empty: name the log to watch by its key, as `tongguan log key` prints it"
    )]
    NoLog,
    /// A key is none, or of another kind.
    #[error("[witness]: {0}")]
    Key(#[from] tongguan_certificate::Error),
    /// The state can not be read or written.
    #[error("{}: {source}", file.display())]
    State {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process watches with this state.
    #[error("another witness uses the folder {}", .0.display())]
    InUse(PathBuf),
    /// What was stored is no checkpoint of the log that is named.
    #[error("{} holds no checkpoint of {log}: {problem}", file.display())]
    ForeignState {
        /// Which file.
        file: PathBuf,
        /// The log named.
        log: String,
        /// Why not.
        problem: tongguan_certificate::Error,
    },
}

/// A witness of one log.
#[derive(Clone)]
pub struct Witness(Arc<Inner>);

struct Inner {
    log: NoteKey,
    key: NoteKey,
    signer: FileKey,
    folder: PathBuf,
    seen: Mutex<Seen>,
    clock: Clock,
    _lock: File,
}

impl Witness {
    /// Opens the witness of the settings: its key, made on first start, and what it saw before.
    pub fn open(settings: &Settings, clock: Clock) -> Result<Self, WitnessError> {
        let config = &settings.witness;
        if config.log.is_empty() {
            return Err(WitnessError::NoLog);
        }
        let log: NoteKey = config.log.parse()?;
        if log.kind() != NoteKeyKind::Log {
            let problem = format!("{} is not the key of a log", log.name());
            return Err(tongguan_certificate::Error::Key(problem).into());
        }
        let folder = settings.witness_folder();
        let at = |file: PathBuf| move |source| WitnessError::State { file, source };
        fs::create_dir_all(&folder).map_err(at(folder.clone()))?;
        let lock = File::create(folder.join(LOCK)).map_err(at(folder.join(LOCK)))?;
        if lock.try_lock().is_err() {
            return Err(WitnessError::InUse(folder));
        }
        let path = folder.join("witness-ed25519.pk8");
        let make = || FileKey::generate(Algorithm::Ed25519)?.to_pkcs8();
        let der = keys::read_or_make(&path, make).map_err(at(path.clone()))?;
        let signer = FileKey::from_pkcs8(Algorithm::Ed25519, &der)?;
        let key = NoteKey::new(
            &config.name,
            NoteKeyKind::Witness,
            signer.public_key().clone(),
        )?;
        let file = folder.join(STATE);
        let seen = match fs::read_to_string(&file) {
            Ok(note) => match SignedCheckpoint::open(&note, &log) {
                Ok(signed) => Seen::resume(signed.checkpoint().clone()),
                Err(problem) => {
                    let log = log.name().to_owned();
                    return Err(WitnessError::ForeignState { file, log, problem });
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Seen::new(log.name()),
            Err(source) => return Err(WitnessError::State { file, source }),
        };
        Ok(Self(Arc::new(Inner {
            log,
            key,
            signer,
            folder,
            seen: Mutex::new(seen),
            clock,
            _lock: lock,
        })))
    }

    /// Its key, which the log's configuration and trust bundle name.
    pub fn vkey(&self) -> String {
        self.0.key.to_string()
    }

    /// The log it watches.
    pub fn log(&self) -> &str {
        self.0.log.name()
    }

    /// Entries under the checkpoint it saw last.
    pub fn seen(&self) -> u64 {
        self.0.lock().seen().size
    }

    /// Takes a checkpoint, remembers it on the disk, and cosigns it.
    pub fn add(&self, request: &str) -> Result<String, NotCosigned> {
        let inner = &self.0;
        let offered: AddCheckpoint = request.parse().map_err(|_| Refusal::Malformed)?;
        let mut seen = inner.lock();
        let mut next = seen.clone();
        next.add(&offered, &inner.log)?;
        if next != *seen {
            store(&inner.folder, &offered.note)?;
            *seen = next;
        }
        let line = seen.cosign(&inner.key, &inner.signer, inner.clock.now().into());
        line.map_err(|error| NotCosigned::Disk(io::Error::other(error)))
    }

    /// What it answers on its port.
    pub fn routes(self) -> Router {
        Router::new()
            .route("/", get(page))
            .route("/checkpoint", get(last))
            .route("/add-checkpoint", post(add))
            .layer(DefaultBodyLimit::max(MOST))
            .with_state(self)
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there is no cosignature.
#[derive(Debug, thiserror::Error)]
pub enum NotCosigned {
    /// The protocol says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The state could not be written: nothing was remembered and nothing signed.
    #[error("the witness can not remember")]
    Disk(#[from] io::Error),
}

/// Writes the state so that a power cut leaves the old or the new one, whole.
fn store(folder: &Path, note: &str) -> io::Result<()> {
    let new = folder.join("checkpoint.new");
    let mut file = File::create(&new)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, folder.join(STATE))?;
    File::open(folder)?.sync_all()
}

async fn add(State(witness): State<Witness>, request: String) -> Response {
    match witness.add(&request) {
        Ok(line) => line.into_response(),
        Err(NotCosigned::Refused(refusal)) => {
            tracing::warn!(log = witness.log(), %refusal, "not cosigned");
            let status = StatusCode::from_u16(refusal.status()).unwrap_or_default();
            match refusal {
                Refusal::Conflict { seen } => {
                    let kind = [(header::CONTENT_TYPE, "text/x.tlog.size")];
                    (status, kind, format!("{seen}\n")).into_response()
                }
                other => (status, format!("{other}\n")).into_response(),
            }
        }
        Err(NotCosigned::Disk(error)) => {
            tracing::error!(%error, "the witness can not remember");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn last(State(witness): State<Witness>) -> Response {
    match fs::read_to_string(witness.0.folder.join(STATE)) {
        Ok(note) => note.into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn page(State(witness): State<Witness>) -> String {
    format!(
        "witness {}\nwatches {}\nsaw {} entries\n",
        witness.vkey(),
        witness.log(),
        witness.seen()
    )
}

#[cfg(test)]
mod tests {
    use tongguan_certificate::{Checkpoint, Digest, Tree};
    use tongguan_vocabulary::Clock;

    use super::*;

    struct Log(NoteKey, FileKey);

    impl Log {
        fn new() -> Self {
            let key = FileKey::generate(Algorithm::Ed25519).unwrap();
            let public = key.public_key().clone();
            Self(
                NoteKey::new("log.example", NoteKeyKind::Log, public).unwrap(),
                key,
            )
        }

        fn offer(&self, old: u64, size: u64, seed: u64) -> String {
            let leaves = (0..size).map(|n| Digest::of(&(n + seed).to_be_bytes()));
            let tree = Tree::from_leaf_hashes(leaves);
            let signed = Checkpoint::of("log.example", &tree)
                .sign(&self.0, &self.1)
                .unwrap();
            let proof = match old {
                0 => Vec::new(),
                old => tree.consistency_proof(old, size).unwrap(),
            };
            let note = signed.note().to_owned();
            AddCheckpoint { old, proof, note }.to_string()
        }

        fn watched(&self, folder: &Path) -> Result<Witness, WitnessError> {
            let mut settings = Settings::under(folder);
            settings.witness.log = self.0.to_string();
            Witness::open(&settings, Clock::system())
        }
    }

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("tongguan-witness-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn what_a_witness_saw_outlives_it() {
        let (log, folder) = (Log::new(), folder("outlives"));
        let witness = log.watched(&folder).unwrap();
        let vkey = witness.vkey();
        assert!(
            witness
                .add(&log.offer(0, 9, 0))
                .unwrap()
                .starts_with('\u{2014}')
        );
        assert!(matches!(log.watched(&folder), Err(WitnessError::InUse(_))));
        drop(witness);
        let again = log.watched(&folder).unwrap();
        assert_eq!((again.seen(), again.vkey()), (9, vkey));
        // An old copy of the log, and a fork.
        for (old, size, seed) in [(0, 5, 0), (0, 9, 0), (9, 9, 1)] {
            let refused = again.add(&log.offer(old, size, seed));
            let refused = refused.map_err(|error| error.to_string());
            assert_eq!(
                refused,
                Err("this witness saw 9 entries".to_owned()),
                "{old} {size}"
            );
        }
        assert!(again.add(&log.offer(9, 300, 0)).is_ok());
        assert!(matches!(
            again.add(&log.offer(300, 301, 7)),
            Err(NotCosigned::Refused(Refusal::Inconsistent))
        ));
        assert_eq!(again.seen(), 300);
        drop(again);
        // Another log's witness does not take over this state.
        assert!(matches!(
            Log::new().watched(&folder),
            Err(WitnessError::ForeignState { .. })
        ));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_witness_without_a_log_does_not_start() {
        let settings = Settings::under(&folder("none"));
        assert!(matches!(
            Witness::open(&settings, Clock::system()),
            Err(WitnessError::NoLog)
        ));
    }
}
