//! The trust bundle: which keys, logs and witnesses a verifier believes, signed by a root it holds.
//!
//! Versions only rise. Keys overlap: a certificate verifies for ever if its key was valid when it
//! was issued, so rotation breaks no old paper. To withdraw a key, publish a higher version with an
//! earlier `not_after`, or without the key.

use std::collections::BTreeSet;

use crate::cbor::{Key, Parsed, Problem, Reader, Writer};
use crate::cose::{self, Kind, ToBeSigned};
use crate::error::{Error, Result, Violation};
use crate::log::{NoteKey, NoteKeyKind};
use crate::record::text_problem;
use crate::signer::{Algorithm, PublicKey, Signature, Signer};
use crate::values::{KeyId, Timestamp};

/// A key of the issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    /// Its id, as certificates name it.
    pub id: KeyId,
    /// The ES256 key.
    pub key: PublicKey,
    /// First instant at which it signs.
    pub not_before: Timestamp,
    /// First instant at which it no longer signs; what it signed before stays good.
    pub not_after: Timestamp,
    /// Whether it signs certificates.
    pub certificates: bool,
    /// Whether it signs status lists.
    pub status_lists: bool,
}

impl TrustedKey {
    /// Whether it could sign at `at`.
    pub fn valid_at(&self, at: Timestamp) -> bool {
        self.not_before <= at && at < self.not_after
    }
}

/// What a trust bundle says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Rises with every edition, from 1.
    pub version: u64,
    /// When it was made.
    pub issued_at: Timestamp,
    /// After this a verifier needs a newer edition before it says VALID.
    pub expires_at: Timestamp,
    /// The issuer's name, as it stands in certificates.
    pub issuer: String,
    /// The issuer's keys, past and present, at most 64.
    pub keys: Vec<TrustedKey>,
    /// Keys of its logs, at most 16.
    pub logs: Vec<NoteKey>,
    /// Keys of the witnesses, at most 16.
    pub witnesses: Vec<NoteKey>,
    /// How many witnesses must have cosigned a checkpoint that a verifier is given.
    pub quorum: u64,
}

impl Trust {
    /// Every violation at once.
    pub fn validate(&self) -> Result<()> {
        let mut found = Vec::new();
        let mut check = |field: &str, wrong: bool, problem: &str| {
            if wrong {
                found.push(Violation::new(field, problem));
            }
        };
        check("version", self.version == 0, "is zero");
        check(
            "expires_at",
            self.expires_at <= self.issued_at,
            "is not after issued_at",
        );
        check(
            "issuer",
            text_problem(&self.issuer, 64).is_some(),
            "is not a name of 1 to 64 bytes",
        );
        check("keys", self.keys.len() > 64, "has more than 64 entries");
        let ids: BTreeSet<_> = self.keys.iter().map(|key| &key.id).collect();
        check("keys.id", ids.len() < self.keys.len(), "is used twice");
        for key in &self.keys {
            check(
                "keys.not_after",
                key.not_after <= key.not_before,
                "is not after not_before",
            );
            check(
                "keys.key",
                key.key.algorithm() != Algorithm::Es256,
                "is not an ES256 key",
            );
            check(
                "keys.use",
                !key.certificates && !key.status_lists,
                "is empty",
            );
        }
        for (field, keys, kind) in [
            ("logs", &self.logs, NoteKeyKind::Log),
            ("witnesses", &self.witnesses, NoteKeyKind::Witness),
        ] {
            check(field, keys.len() > 16, "has more than 16 entries");
            check(
                field,
                keys.iter().any(|key| key.kind() != kind),
                "holds a key of another kind",
            );
        }
        check(
            "quorum",
            self.quorum > self.witnesses.len() as u64,
            "is more than the witnesses",
        );
        if found.is_empty() {
            Ok(())
        } else {
            Err(Error::invalid(found))
        }
    }

    /// The bytes for the root to sign.
    pub fn to_be_signed(&self, root: &KeyId) -> Result<ToBeSigned> {
        self.validate()?;
        let mut w = Writer::with_capacity(1_024);
        w.map(8).uint(1).uint(self.version);
        w.uint(2).int(self.issued_at.seconds());
        w.uint(3).int(self.expires_at.seconds());
        w.uint(4).text(&self.issuer);
        w.uint(5).array(self.keys.len());
        for key in &self.keys {
            w.array(6)
                .bytes(key.id.as_bytes())
                .int(key.key.algorithm().cose());
            w.bytes(key.key.as_bytes())
                .int(key.not_before.seconds())
                .int(key.not_after.seconds());
            w.uint(u64::from(key.certificates) | u64::from(key.status_lists) << 1);
        }
        for (label, keys) in [(6, &self.logs), (7, &self.witnesses)] {
            w.uint(label).array(keys.len());
            for key in keys {
                w.array(2)
                    .text(key.name())
                    .bytes(key.public_key().as_bytes());
            }
        }
        w.uint(8).uint(self.quorum);
        Ok(ToBeSigned::new(Kind::TrustBundle, root, w.finish()))
    }

    /// Signs it with the root and opens the result.
    pub fn sign(&self, root: &dyn Signer) -> Result<TrustBundle> {
        let bytes = self.to_be_signed(root.key_id())?;
        self.attach(&bytes, &bytes.sign(root)?)
    }

    /// Joins the signed bytes and the root's signature. Checks no signature.
    pub fn attach(&self, bytes: &ToBeSigned, signature: &Signature) -> Result<TrustBundle> {
        let trust =
            read(bytes.payload()).map_err(|problem| Error::malformed("trust bundle", problem))?;
        if trust == *self {
            Ok(TrustBundle {
                trust,
                bytes: bytes.attach(signature),
            })
        } else {
            Err(Error::malformed(
                "trust bundle",
                "the bytes are of another edition",
            ))
        }
    }
}

/// A trust bundle whose root signature was checked (or that was made here).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustBundle {
    trust: Trust,
    bytes: Vec<u8>,
}

/// The largest bundle accepted, in bytes.
const MAX_BUNDLE: usize = 65_536;

impl TrustBundle {
    /// Opens a bundle signed by one of `roots` (named by the default id of their public key).
    ///
    /// Expiry is no reason to refuse: an old bundle still tells forged from genuine; the report says
    /// how old it is, and never VALID once it has expired.
    pub fn open(bytes: &[u8], roots: &[PublicKey]) -> Result<Self> {
        if bytes.len() > MAX_BUNDLE {
            return Err(Error::TooLarge {
                part: "trust bundle",
                limit: MAX_BUNDLE,
            });
        }
        let (envelope, root_id) = cose::open_plain(bytes, Kind::TrustBundle)?;
        let root = roots
            .iter()
            .find(|root| KeyId::of_public_key(root.as_bytes()) == root_id)
            .ok_or_else(|| Error::UnknownKey {
                part: "trust bundle",
                key: root_id.to_string(),
            })?;
        let signed = cose::sig_structure(envelope.protected, envelope.payload);
        if root.algorithm() != Algorithm::Es256 || !root.verifies(&signed, &envelope.signature) {
            return Err(Error::SignatureMismatch {
                part: "trust bundle",
            });
        }
        let trust =
            read(envelope.payload).map_err(|problem| Error::malformed("trust bundle", problem))?;
        trust.validate()?;
        Ok(Self {
            trust,
            bytes: bytes.to_vec(),
        })
    }

    /// Opens a bundle that is to replace this one: a lower version is refused, and so is another
    /// content under the same version. The very same bundle is accepted again.
    pub fn replace(&self, bytes: &[u8], roots: &[PublicKey]) -> Result<Self> {
        let next = Self::open(bytes, roots)?;
        let (held, offered) = (self.trust.version, next.trust.version);
        if offered < held {
            return Err(Error::BundleRolledBack { offered, held });
        }
        if offered == held && next.trust != self.trust {
            return Err(Error::BundleForked { version: held });
        }
        Ok(next)
    }

    /// What it says.
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The signed COSE form, to be published and stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key with this id.
    pub fn key(&self, id: &KeyId) -> Option<&TrustedKey> {
        self.trust.keys.iter().find(|key| key.id == *id)
    }
}

fn read(payload: &[u8]) -> Parsed<Trust> {
    const MISSING: Problem = "an entry is missing";
    let mut reader = Reader::new(payload);
    let (mut version, mut issued, mut expires, mut issuer) = (None, None, None, None);
    let (mut keys, mut logs, mut witnesses, mut quorum) = (None, None, None, None);
    reader.map(|key, r| {
        match key {
            Key::Int(1) => version = Some(r.uint()?),
            Key::Int(2) => issued = Some(instant(r)?),
            Key::Int(3) => expires = Some(instant(r)?),
            Key::Int(4) => issuer = Some(r.text()?.to_owned()),
            Key::Int(5) => keys = Some(list(r, read_key)?),
            Key::Int(6) => logs = Some(list(r, |r| read_note_key(r, NoteKeyKind::Log))?),
            Key::Int(7) => witnesses = Some(list(r, |r| read_note_key(r, NoteKeyKind::Witness))?),
            Key::Int(8) => quorum = Some(r.uint()?),
            _ => return Err("unknown entry"),
        }
        Ok(())
    })?;
    reader.end()?;
    Ok(Trust {
        version: version.ok_or(MISSING)?,
        issued_at: issued.ok_or(MISSING)?,
        expires_at: expires.ok_or(MISSING)?,
        issuer: issuer.ok_or(MISSING)?,
        keys: keys.ok_or(MISSING)?,
        logs: logs.ok_or(MISSING)?,
        witnesses: witnesses.ok_or(MISSING)?,
        quorum: quorum.ok_or(MISSING)?,
    })
}

fn instant(r: &mut Reader<'_>) -> Parsed<Timestamp> {
    Timestamp::from_seconds(r.int()?).ok_or("instant out of range")
}

fn list<T>(
    r: &mut Reader<'_>,
    mut each: impl FnMut(&mut Reader<'_>) -> Parsed<T>,
) -> Parsed<Vec<T>> {
    // The length is not trusted for allocation: every entry costs bytes of the input.
    (0..r.array()?).map(|_| each(r)).collect()
}

fn read_key(r: &mut Reader<'_>) -> Parsed<TrustedKey> {
    r.array_of(6)?;
    let id = KeyId::new(r.bytes()?).ok_or("not a key id")?;
    let algorithm = Algorithm::from_cose(r.int()?).ok_or("unknown algorithm")?;
    let key = PublicKey::new(algorithm, r.bytes()?).map_err(|_| "not a public key")?;
    let (not_before, not_after) = (instant(r)?, instant(r)?);
    let uses = r.uint()?;
    if uses > 3 {
        return Err("unknown use of a key");
    }
    Ok(TrustedKey {
        id,
        key,
        not_before,
        not_after,
        certificates: uses & 1 == 1,
        status_lists: uses & 2 == 2,
    })
}

fn read_note_key(r: &mut Reader<'_>, kind: NoteKeyKind) -> Parsed<NoteKey> {
    r.array_of(2)?;
    let name = r.text()?;
    let key = PublicKey::new(Algorithm::Ed25519, r.bytes()?).map_err(|_| "not a public key")?;
    NoteKey::new(name, kind, key).map_err(|_| "not a note key")
}
