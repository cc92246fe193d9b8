//! A witness: remembers the last checkpoint it saw and cosigns only what continues it.
//!
//! What log and witness say to each other is C2SP tlog-witness: the log posts an [`AddCheckpoint`], the witness
//! answers with its cosignature line or with a [`Refusal`].

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::log::note::{NoteKey, NoteKeyKind};
use crate::log::proof::is_consistent;
use crate::log::{Checkpoint, Hash, SignedCheckpoint};
use crate::signer::Signer;
use crate::values::{Digest, Fixed, Timestamp};

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

    /// Answers a log that offers its checkpoint: takes it, or says by which answer of tlog-witness it does not.
    pub fn add(
        &mut self,
        offered: &AddCheckpoint,
        log: &NoteKey,
    ) -> std::result::Result<(), Refusal> {
        if !offered.note.starts_with(&format!("{}\n", self.seen.origin)) {
            return Err(Refusal::UnknownLog);
        }
        let next = SignedCheckpoint::open(&offered.note, log).map_err(|error| match error {
            Error::SignatureMismatch { .. } => Refusal::BadSignature,
            _ => Refusal::Malformed,
        })?;
        let (seen, size) = (self.seen.size, next.checkpoint().size);
        if offered.old > size {
            return Err(Refusal::Malformed);
        }
        if offered.old != seen || (size == seen && next.checkpoint().root != self.seen.root) {
            return Err(Refusal::Conflict { seen });
        }
        self.accept(&next, &offered.proof)
            .map_err(|_| Refusal::Inconsistent)
    }

    /// The cosignature line for the checkpoint last accepted.
    pub fn cosign(&self, key: &NoteKey, signer: &dyn Signer, at: Timestamp) -> Result<String> {
        if key.kind() != NoteKeyKind::Witness {
            return Err(Error::Key(format!("{} is not a witness key", key.name())));
        }
        key.sign(signer, &self.seen.text(), at)
    }
}

/// What a log posts to a witness at `/add-checkpoint` (C2SP tlog-witness).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size the log believes the witness saw last.
    pub old: u64,
    /// The consistency proof from there to the checkpoint; at most 63 hashes.
    pub proof: Vec<Hash>,
    /// The checkpoint, a note signed by the log.
    pub note: String,
}

impl AddCheckpoint {
    /// The most hashes of a proof between trees of up to 2^63 entries.
    const MOST: usize = 63;
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.proof {
            writeln!(f, "{}", STANDARD.encode(hash.0))?;
        }
        write!(f, "\n{}", self.note)
    }
}

impl FromStr for AddCheckpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let malformed = |problem: &str| Error::malformed("add-checkpoint request", problem);
        let (head, note) = text
            .split_once("\n\n")
            .ok_or_else(|| malformed("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.filter(|digits| digits.bytes().all(|c| c.is_ascii_digit()));
        let proof: Option<Vec<Hash>> = lines
            .map(|line| Some(Fixed(STANDARD.decode(line).ok()?.try_into().ok()?)))
            .collect();
        let proof = proof.ok_or_else(|| malformed("a hash is not 32 bytes in base64"))?;
        if proof.len() > Self::MOST {
            return Err(malformed("more than 63 hashes"));
        }
        Ok(Self {
            old: old
                .and_then(|digits| digits.parse().ok())
                .ok_or_else(|| malformed("does not begin with `old` and a size"))?,
            proof,
            note: note.to_owned(),
        })
    }
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It watches another log (404).
    #[error("this witness does not watch that log")]
    UnknownLog,
    /// The log's signature does not hold (403).
    #[error("the checkpoint is not signed by its log")]
    BadSignature,
    /// It can not be read (400).
    #[error("the request is malformed")]
    Malformed,
    /// The log believes in another size than the witness saw: behind it the log was rolled back, at the same size it
    /// was forked (409; the answer's body is the size).
    #[error("this witness saw {seen} entries")]
    Conflict {
        /// Entries under the checkpoint it saw last.
        seen: u64,
    },
    /// The proof does not lead from what was seen to what is offered (422).
    #[error("the checkpoint does not continue what this witness saw")]
    Inconsistent,
}

impl Refusal {
    /// The HTTP status of tlog-witness.
    pub fn status(self) -> u16 {
        match self {
            Self::UnknownLog => 404,
            Self::BadSignature => 403,
            Self::Malformed => 400,
            Self::Conflict { .. } => 409,
            Self::Inconsistent => 422,
        }
    }
}
