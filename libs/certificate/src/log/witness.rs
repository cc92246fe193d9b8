//! A witness: remembers the last checkpoint it saw and cosigns only what continues it.

use crate::error::{Error, Result};
use crate::log::note::{NoteKey, NoteKeyKind};
use crate::log::proof::is_consistent;
use crate::log::{Checkpoint, Hash, SignedCheckpoint};
use crate::signer::Signer;
use crate::values::{Digest, Timestamp};

/// What a witness remembers of one log; store it before handing out the cosignature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    seen: Checkpoint,
}

impl Witness {
    /// A witness that has seen nothing of log `origin` yet.
    pub fn new(origin: &str) -> Self {
        Self::resume(Checkpoint {
            origin: origin.to_owned(),
            size: 0,
            root: Digest::of(&[]),
        })
    }

    /// A witness that resumes from what it stored.
    pub fn resume(seen: Checkpoint) -> Self {
        Self { seen }
    }

    /// The last checkpoint it accepted.
    pub fn seen(&self) -> &Checkpoint {
        &self.seen
    }

    /// Accepts `next` if it is the same log, not smaller, and `proof` shows that it continues what
    /// was seen: a fork or a rollback is refused and nothing changes.
    pub fn accept(&mut self, next: &SignedCheckpoint, proof: &[Hash]) -> Result<()> {
        let (seen, next) = (&self.seen, next.checkpoint());
        if seen.origin != next.origin {
            return Err(Error::Log(format!(
                "this witness watches {}, not {}",
                seen.origin, next.origin
            )));
        }
        if next.size < seen.size {
            return Err(Error::Log(format!(
                "rolled back from {} to {} entries",
                seen.size, next.size
            )));
        }
        if !is_consistent(seen.size, &seen.root, next.size, &next.root, proof) {
            return Err(Error::Log(format!(
                "forked: size {} does not continue size {}",
                next.size, seen.size
            )));
        }
        self.seen = next.clone();
        Ok(())
    }

    /// The cosignature line for the checkpoint last accepted.
    pub fn cosign(&self, key: &NoteKey, signer: &dyn Signer, at: Timestamp) -> Result<String> {
        if key.kind() != NoteKeyKind::Witness {
            return Err(Error::Key(format!("{} is not a witness key", key.name())));
        }
        key.sign(signer, &self.seen.text(), at)
    }
}
