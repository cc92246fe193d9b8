//! Signed notes (C2SP signed-note) with Ed25519 keys, and witness cosignatures (C2SP tlog-cosignature).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::signer::{Algorithm, PublicKey, Signature, Signer};
use crate::values::{Digest, Fixed, Timestamp, to_hex};

/// What a note key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoteKeyKind {
    /// Signs notes (signature type 0x01).
    Log,
    /// Cosigns checkpoints with a time (signature type 0x04).
    Witness,
}

impl NoteKeyKind {
    fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

/// A named Ed25519 public key of a log or a witness.
///
/// Text form (a "vkey"): `name+0a1b2c3d+base64(type ‖ key)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    kind: NoteKeyKind,
    key: PublicKey,
    id: Fixed<4>,
}

impl NoteKey {
    /// Names a key. The name is 1–64 printable ASCII characters without space or plus sign.
    pub fn new(name: &str, kind: NoteKeyKind, key: PublicKey) -> Result<Self> {
        let plain = |c: char| c.is_ascii_graphic() && c != '+';
        if !(1..=64).contains(&name.len()) || !name.chars().all(plain) {
            return Err(Error::Key(format!("{name:?} is not a name for a note key")));
        }
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(Error::Key("a note key is an Ed25519 key".to_owned()));
        }
        let hash = Digest::of_parts(&[name.as_bytes(), &[b'\n', kind.byte()], key.as_bytes()]);
        let [a, b, c, d, ..] = hash.0;
        Ok(Self {
            name: name.to_owned(),
            kind,
            key,
            id: Fixed([a, b, c, d]),
        })
    }

    /// Its name; a log's name is the origin of its checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn kind(&self) -> NoteKeyKind {
        self.kind
    }

    /// The first 4 bytes of SHA-256(name ‖ "\n" ‖ type ‖ key).
    pub fn id(&self) -> Fixed<4> {
        self.id
    }

    /// The public key.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// The signature line over `text` (which ends in a newline), made by this key's private half.
    ///
    /// A witness's line carries `at`; a log's ignores it.
    pub(crate) fn sign(&self, signer: &dyn Signer, text: &str, at: Timestamp) -> Result<String> {
        if signer.public_key() != &self.key {
            return Err(Error::Key(format!("the signer is not {}", self.name)));
        }
        let mut bytes = self.id.0.to_vec();
        match self.kind {
            NoteKeyKind::Log => bytes.extend(signer.sign(text.as_bytes())?),
            NoteKeyKind::Witness => {
                bytes.extend(at.seconds().unsigned_abs().to_be_bytes());
                bytes.extend(signer.sign(cosigned(text, at).as_bytes())?);
            }
        }
        Ok(format!(
            "\u{2014} {} {}\n",
            self.name,
            STANDARD.encode(bytes)
        ))
    }

    /// Whether one of the note's lines is this key's signature; a witness's time where it is one.
    pub(crate) fn verify(&self, note: &Note<'_>) -> Option<Verified> {
        note.signatures
            .iter()
            .filter(|line| line.name == self.name && line.bytes.starts_with(&self.id.0))
            .find_map(|line| self.verify_line(note.text, &line.bytes[4..]))
    }

    fn verify_line(&self, text: &str, bytes: &[u8]) -> Option<Verified> {
        match self.kind {
            NoteKeyKind::Log => {
                let signature = bytes.try_into().ok()?;
                let good = self.key.verifies(text.as_bytes(), bytes);
                good.then_some(Verified {
                    at: None,
                    signature,
                })
            }
            NoteKeyKind::Witness => {
                let (at, signature) = bytes.split_first_chunk::<8>()?;
                let seconds = i64::try_from(u64::from_be_bytes(*at)).ok()?;
                let at = Timestamp::from_seconds(seconds)?;
                let good = self.key.verifies(cosigned(text, at).as_bytes(), signature);
                let signature = signature.try_into().ok()?;
                good.then_some(Verified {
                    at: Some(at),
                    signature,
                })
            }
        }
    }
}

/// A signature that was checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verified {
    pub(crate) at: Option<Timestamp>,
    pub(crate) signature: Signature,
}

fn cosigned(text: &str, at: Timestamp) -> String {
    format!("cosignature/v1\ntime {}\n{text}", at.seconds())
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![self.kind.byte()];
        key.extend(self.key.as_bytes());
        write!(
            f,
            "{}+{}+{}",
            self.name,
            to_hex(&self.id.0),
            STANDARD.encode(key)
        )
    }
}

impl FromStr for NoteKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || Error::Key(format!("{text:?} is not a note key"));
        let (name, rest) = text.split_once('+').ok_or_else(refused)?;
        let (id, key) = rest.split_once('+').ok_or_else(refused)?;
        let bytes = STANDARD.decode(key).map_err(|_| refused())?;
        let (kind, raw) = match bytes.split_first().ok_or_else(refused)? {
            (1, raw) => (NoteKeyKind::Log, raw),
            (4, raw) => (NoteKeyKind::Witness, raw),
            _ => return Err(refused()),
        };
        let key = Self::new(name, kind, PublicKey::new(Algorithm::Ed25519, raw)?)?;
        if to_hex(&key.id.0) == id {
            Ok(key)
        } else {
            Err(refused())
        }
    }
}

/// A note taken apart: its text with the final newline, and its signature lines.
pub(crate) struct Note<'a> {
    pub(crate) text: &'a str,
    signatures: Vec<Line<'a>>,
}

struct Line<'a> {
    name: &'a str,
    bytes: Vec<u8>,
}

impl<'a> Note<'a> {
    /// The longest note accepted, in bytes, and the most signature lines.
    const LIMITS: (usize, usize) = (16_384, 32);

    pub(crate) fn parse(note: &'a str) -> Result<Self> {
        let malformed = |problem: &str| Error::malformed("signed note", problem);
        if note.len() > Self::LIMITS.0 {
            return Err(Error::TooLarge {
                part: "signed note",
                limit: Self::LIMITS.0,
            });
        }
        let split = note
            .rfind("\n\n")
            .ok_or_else(|| malformed("no blank line before the signatures"))?;
        let (text, lines) = (&note[..=split], &note[split + 2..]);
        if !lines.ends_with('\n') {
            return Err(malformed("no newline at the end"));
        }
        let mut signatures = Vec::new();
        for line in lines.split_terminator('\n') {
            let (name, encoded) = line
                .strip_prefix("\u{2014} ")
                .and_then(|rest| rest.split_once(' '))
                .ok_or_else(|| malformed("a signature line is not `— name base64`"))?;
            let bytes = STANDARD
                .decode(encoded)
                .map_err(|_| malformed("a signature is not base64"))?;
            if bytes.len() < 5 || signatures.len() == Self::LIMITS.1 {
                return Err(malformed(
                    "a signature is too short, or there are more than 32",
                ));
            }
            signatures.push(Line { name, bytes });
        }
        Ok(Self { text, signatures })
    }
}
