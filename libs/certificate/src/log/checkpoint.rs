//! Checkpoints: the log's signed statement of its size and root (C2SP tlog-checkpoint).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::log::note::{Note, NoteKey, NoteKeyKind};
use crate::log::{Hash, LogProof, Tree};
use crate::signer::{Signature, Signer};
use crate::values::{Fixed, Timestamp};

/// Size and root of a log, unsigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, also the name of its key.
    pub origin: String,
    /// How many entries it holds.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The checkpoint of a tree now.
    pub fn of(origin: &str, tree: &Tree) -> Self {
        Self {
            origin: origin.to_owned(),
            size: tree.size(),
            root: tree.root(),
        }
    }

    /// The text that is signed: origin, size in decimal, root in base64, each with a newline.
    pub fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n",
            self.origin,
            self.size,
            STANDARD.encode(self.root.0)
        )
    }

    /// Signs it with the log's key.
    pub fn sign(self, key: &NoteKey, signer: &dyn Signer) -> Result<SignedCheckpoint> {
        if key.kind() != NoteKeyKind::Log || key.name() != self.origin {
            return Err(Error::Key(format!(
                "{} is not the key of log {}",
                key.name(),
                self.origin
            )));
        }
        let text = self.text();
        let line = key.sign(signer, &text, Timestamp::MAX)?;
        SignedCheckpoint::open(&format!("{text}\n{line}"), key)
    }

    fn parse(text: &str) -> Result<Self> {
        let malformed = |problem: &str| Error::malformed("checkpoint", problem);
        let mut lines = text.split_terminator('\n');
        let mut line = || {
            lines
                .next()
                .ok_or_else(|| malformed("fewer than three lines"))
        };
        let (origin, size, root) = (line()?, line()?, line()?);
        let decimal =
            size.bytes().all(|c| c.is_ascii_digit()) && (size == "0" || !size.starts_with('0'));
        let size = size.parse().ok().filter(|_| decimal);
        let root = STANDARD
            .decode(root)
            .ok()
            .and_then(|root| root.try_into().ok());
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: size.ok_or_else(|| malformed("size is not a decimal number"))?,
            root: Fixed(root.ok_or_else(|| malformed("root is not 32 bytes in base64"))?),
        };
        // Extension lines are allowed by C2SP; ours have none, and the compact proof could not carry them.
        if lines.next().is_some() {
            return Err(malformed("extension lines"));
        }
        Ok(checkpoint)
    }
}

/// A checkpoint whose log signature was checked; may carry cosignatures of witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    log_key: Fixed<4>,
    signature: Signature,
    note: String,
}

impl SignedCheckpoint {
    /// Reads a note and checks the log's signature on it.
    pub fn open(note: &str, key: &NoteKey) -> Result<Self> {
        let parsed = Note::parse(note)?;
        let checkpoint = Checkpoint::parse(parsed.text)?;
        if key.kind() != NoteKeyKind::Log || checkpoint.origin != key.name() {
            return Err(Error::UnknownKey {
                part: "checkpoint",
                key: checkpoint.origin,
            });
        }
        let verified = key
            .verify(&parsed)
            .ok_or(Error::SignatureMismatch { part: "checkpoint" })?;
        Ok(Self {
            checkpoint,
            log_key: key.id(),
            signature: verified.signature,
            note: note.to_owned(),
        })
    }

    /// Size and root.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The id of the log key that signed it.
    pub fn log_key(&self) -> Fixed<4> {
        self.log_key
    }

    /// The log's signature.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The whole signed note, to be published at `checkpoint`.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Adds the cosignature of a witness.
    pub fn add_cosignature(&mut self, line: &str) -> Result<()> {
        let note = format!("{}{line}", self.note);
        Note::parse(&note)?;
        self.note = note;
        Ok(())
    }

    /// Those of `witnesses` whose cosignature stands on it and holds, with the time each gave.
    pub fn cosigners<'k>(&self, witnesses: &'k [NoteKey]) -> Vec<(&'k NoteKey, Timestamp)> {
        let Ok(note) = Note::parse(&self.note) else {
            return Vec::new();
        };
        witnesses
            .iter()
            .filter(|key| key.kind() == NoteKeyKind::Witness)
            .filter_map(|key| Some((key, key.verify(&note)?.at?)))
            .collect()
    }

    /// The proof that entry `index` stands under this checkpoint, to travel inside its certificate.
    pub fn prove(&self, tree: &Tree, index: u64) -> Result<LogProof> {
        let Checkpoint { size, root, .. } = &self.checkpoint;
        if tree.root_at(*size)? != *root {
            return Err(Error::Log(format!(
                "the tree is not the one of the checkpoint at {size}"
            )));
        }
        Ok(LogProof {
            log_key: self.log_key,
            index,
            size: *size,
            path: tree.inclusion_proof(index, *size)?,
            signature: Fixed(self.signature),
        })
    }
}
