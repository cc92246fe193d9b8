//! The log's witnesses: each is shown every new checkpoint, and what one of them saw the log must hold.
//!
//! The protocol is C2SP tlog-witness. A witness that can not be reached says nothing against the log; one that saw
//! more entries, or others, does: then the log was restored from an old copy or forked, and nothing is signed on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;
use tongguan_certificate::log::Hash;
use tongguan_certificate::log::witness::AddCheckpoint;
use tongguan_certificate::{NoteKey, NoteKeyKind, SignedCheckpoint, Tree};

use crate::config::Config;
use crate::error::Error;

/// How long a witness is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// A cosignature line and no more; a witness is an outside party.
const MOST_ANSWER: usize = 4_096;

/// The witnesses of the configuration.
pub(crate) struct Witnesses {
    all: Vec<Witness>,
    http: reqwest::Client,
    pub(crate) quorum: u64,
}

struct Witness {
    key: NoteKey,
    address: String,
    /// Entries under the checkpoint it saw last, as far as is known.
    seen: AtomicU64,
}

/// What a witness says to a checkpoint.
enum Answer {
    Cosigned(String),
    /// It saw another number of entries.
    Saw(u64),
    /// It saw other entries.
    Inconsistent,
    Unreachable(String),
}

impl Witnesses {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let all = config.witnesses.iter().map(|witness| {
            let key: NoteKey = witness.vkey.parse()?;
            if key.kind() != NoteKeyKind::Witness {
                let message = format!("{} is not the key of a witness", key.name());
                return Err(tongguan_certificate::Error::Key(message));
            }
            Ok(Witness {
                key,
                address: witness.address.trim_end_matches('/').to_owned(),
                seen: AtomicU64::new(0),
            })
        });
        let http = reqwest::Client::builder().timeout(PATIENCE).build();
        Ok(Self {
            all: all.collect::<Result<_, _>>()?,
            http: http.map_err(|error| {
                tongguan_certificate::Error::Key(format!("no HTTP client: {error}"))
            })?,
            quorum: config.witness_quorum,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether all of them cosigned this.
    pub(crate) fn all_signed(&self, signed: &SignedCheckpoint) -> bool {
        self.all.iter().all(|witness| {
            let key = std::slice::from_ref(&witness.key);
            !signed.cosigners(key).is_empty()
        })
    }

    /// Their keys, for the trust bundle.
    pub(crate) fn keys(&self) -> Vec<NoteKey> {
        self.all.iter().map(|witness| witness.key.clone()).collect()
    }

    /// Shows all of them a checkpoint of the tree; it comes back with the cosignatures of those who could be asked.
    ///
    /// Refused where one of them saw a log that this one does not continue.
    pub(crate) async fn show(
        &self,
        tree: &Mutex<Tree>,
        mut signed: SignedCheckpoint,
    ) -> Result<SignedCheckpoint, Error> {
        for witness in &self.all {
            let Some(line) = self.ask(witness, tree, &signed).await? else {
                continue;
            };
            // A line that is no cosignature of this key is worth nothing, and is not published.
            let mut with = signed.clone();
            let added = with.add_cosignature(&line);
            let keys = std::slice::from_ref(&witness.key);
            if added.is_ok() && !with.cosigners(keys).is_empty() {
                signed = with;
            } else {
                tracing::warn!(
                    witness = witness.key.name(),
                    "a witness signed with another key"
                );
            }
        }
        Ok(signed)
    }

    /// Shows a checkpoint to one witness; its cosignature, or nothing where it can not be asked.
    async fn ask(
        &self,
        witness: &Witness,
        tree: &Mutex<Tree>,
        signed: &SignedCheckpoint,
    ) -> Result<Option<String>, Error> {
        let size = signed.checkpoint().size;
        let held = |seen: u64| Error::WitnessDisagrees {
            witness: witness.key.name().to_owned(),
            seen,
            held: size,
        };
        // Once with what is believed it saw, once with what it says it saw.
        for _ in 0..2 {
            let old = witness.seen.load(Ordering::Relaxed).min(size);
            let proof: Vec<Hash> = match old {
                0 => Vec::new(),
                old => tree.lock().await.consistency_proof(old, size)?,
            };
            let note = signed.note().to_owned();
            let offer = AddCheckpoint { old, proof, note };
            match self.post(witness, offer.to_string()).await {
                Answer::Cosigned(line) => {
                    witness.seen.store(size, Ordering::Relaxed);
                    return Ok(Some(line));
                }
                Answer::Saw(seen) if seen > size || seen == old => return Err(held(seen)),
                Answer::Saw(seen) => witness.seen.store(seen, Ordering::Relaxed),
                Answer::Inconsistent => return Err(held(old)),
                Answer::Unreachable(problem) => {
                    tracing::warn!(
                        witness = witness.key.name(),
                        problem,
                        "a witness can not be asked"
                    );
                    return Ok(None);
                }
            }
        }
        // Another process of this log was faster twice; the next round comes soon.
        Ok(None)
    }

    async fn post(&self, witness: &Witness, offer: String) -> Answer {
        let url = format!("{}/add-checkpoint", witness.address);
        let sent = self.http.post(url).body(offer).send().await;
        let (status, body) = match sent {
            Ok(answer) => (answer.status().as_u16(), answer.text().await),
            Err(error) => return Answer::Unreachable(error.to_string()),
        };
        let body = match body {
            Ok(body) if body.len() <= MOST_ANSWER => body,
            Ok(_) => return Answer::Unreachable("its answer is too long".to_owned()),
            Err(error) => return Answer::Unreachable(error.to_string()),
        };
        match (status, body.trim_end().parse()) {
            (200, _) => Answer::Cosigned(body),
            (409, Ok(seen)) => Answer::Saw(seen),
            (422, _) => Answer::Inconsistent,
            _ => Answer::Unreachable(format!("it answers {status}")),
        }
    }
}
