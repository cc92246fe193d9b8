//! COSE_Sign1 (RFC 9052), tagged 18, in the one form this crate writes and accepts.
//!
//! The protected header is exactly `{1: alg, 4: kid, 16: typ}`: the type (RFC 9596) keeps a status
//! list from being read as a certificate. The algorithm is the key's, never the header's wish: a
//! header that names another is refused.

use crate::cbor::{Key, Parsed, Problem, Reader, Writer};
use crate::error::{Error, Result};
use crate::signer::{Algorithm, Signature, Signer};
use crate::values::KeyId;

/// What a COSE message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A certificate.
    Certificate,
    /// A status list.
    StatusList,
    /// A trust bundle.
    TrustBundle,
}

impl Kind {
    /// The media type in the protected header.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Certificate => "application/tg-cert+cwt",
            Self::StatusList => "application/statuslist+cwt",
            Self::TrustBundle => "application/tg-bundle+cose",
        }
    }

    pub(crate) fn part(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::StatusList => "status list",
            Self::TrustBundle => "trust bundle",
        }
    }

    fn of(media_type: &str) -> Option<Self> {
        [Self::Certificate, Self::StatusList, Self::TrustBundle]
            .into_iter()
            .find(|kind| kind.media_type() == media_type)
    }
}

const CONTEXT: &str = "Signature1";

/// The bytes a key signs (the Sig_structure of RFC 9052 section 4.4), to be stored before signing.
///
/// Two steps, so that a crash between them never yields two certificates: store
/// [`ToBeSigned::as_bytes`], sign, store the signature, [`ToBeSigned::attach`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToBeSigned {
    bytes: Vec<u8>,
    protected: Vec<u8>,
    payload: Vec<u8>,
    key_id: KeyId,
    kind: Kind,
}

impl ToBeSigned {
    pub(crate) fn new(kind: Kind, key_id: &KeyId, payload: Vec<u8>) -> Self {
        let mut header = Writer::with_capacity(64);
        header.map(3).uint(1).int(Algorithm::Es256.cose());
        header.uint(4).bytes(key_id.as_bytes());
        header.uint(16).text(kind.media_type());
        let protected = header.finish();
        let bytes = sig_structure(&protected, &payload);
        Self {
            bytes,
            protected,
            payload,
            key_id: key_id.clone(),
            kind,
        }
    }

    /// Reads stored bytes back.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::read(bytes).map_err(|problem| Error::malformed("bytes to be signed", problem))
    }

    fn read(bytes: &[u8]) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        reader.array_of(4)?;
        if reader.text()? != CONTEXT {
            return Err("not a Signature1 structure");
        }
        let protected = reader.bytes()?;
        if !reader.bytes()?.is_empty() {
            return Err("external data is not empty");
        }
        let payload = reader.bytes()?;
        reader.end()?;
        let (key_id, kind) = header(protected)?;
        Ok(Self {
            bytes: bytes.to_vec(),
            protected: protected.to_vec(),
            payload: payload.to_vec(),
            key_id,
            kind,
        })
    }

    /// What to store, and what the key signs.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key that must sign.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(crate) fn protected(&self) -> &[u8] {
        &self.protected
    }

    /// Signs with the key named in the header; another key is refused.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Signature> {
        if signer.key_id() != &self.key_id || signer.public_key().algorithm() != Algorithm::Es256 {
            let (wanted, given) = (&self.key_id, signer.key_id());
            return Err(Error::Key(format!(
                "these bytes are for ES256 key {wanted}, not for {given}"
            )));
        }
        signer.sign(&self.bytes)
    }

    /// The finished COSE_Sign1, tagged, with an empty unprotected header.
    pub fn attach(&self, signature: &Signature) -> Vec<u8> {
        assemble(&self.protected, None, &self.payload, signature)
    }
}

pub(crate) fn sig_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut writer = Writer::with_capacity(protected.len() + payload.len() + 24);
    writer
        .array(4)
        .text(CONTEXT)
        .bytes(protected)
        .bytes(&[])
        .bytes(payload);
    writer.finish()
}

/// Writes the message; `unprotected` is one label with the encoded value.
pub(crate) fn assemble(
    protected: &[u8],
    unprotected: Option<&dyn Fn(&mut Writer)>,
    payload: &[u8],
    signature: &Signature,
) -> Vec<u8> {
    let mut writer = Writer::with_capacity(protected.len() + payload.len() + 1_024);
    writer.tag(18).array(4).bytes(protected);
    match unprotected {
        None => writer.map(0),
        Some(write) => {
            write(writer.map(1));
            &mut writer
        }
    };
    writer.bytes(payload).bytes(signature);
    writer.finish()
}

/// A message taken apart; borrowed from its bytes.
#[derive(Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) protected: &'a [u8],
    pub(crate) unprotected: Option<Reader<'a>>,
    pub(crate) payload: &'a [u8],
    pub(crate) signature: Signature,
}

/// The label of the log proof in the unprotected header (private use, below −65536).
pub(crate) const PROOF: i64 = -70_002;

/// Takes a message apart; the proof, where there is one, is left for its own parser.
pub(crate) fn open<'a>(
    bytes: &'a [u8],
    proof: fn(&mut Reader<'a>) -> Parsed<()>,
) -> Parsed<Envelope<'a>> {
    let mut reader = Reader::new(bytes);
    reader.tag(18)?;
    reader.array_of(4)?;
    let protected = reader.bytes()?;
    let mut unprotected = None;
    reader.map(|key, value| {
        if key != Key::Int(PROOF) {
            return Err("unknown unprotected header");
        }
        unprotected = Some(value.clone());
        proof(value)
    })?;
    let payload = reader.bytes()?;
    let signature = reader.fixed()?;
    reader.end()?;
    Ok(Envelope {
        protected,
        unprotected,
        payload,
        signature,
    })
}

/// Reads the protected header: the key's id and what the message is.
pub(crate) fn header(protected: &[u8]) -> Parsed<(KeyId, Kind)> {
    const BAD: Problem = "protected header is not {1: -7, 4: kid, 16: typ}";
    let mut reader = Reader::new(protected);
    let (mut algorithm, mut key_id, mut kind) = (None, None, None);
    reader.map(|key, r| {
        match key {
            Key::Int(1) => algorithm = Algorithm::from_cose(r.int()?),
            Key::Int(4) => key_id = KeyId::new(r.bytes()?),
            Key::Int(16) => kind = Kind::of(r.text()?),
            _ => return Err(BAD),
        }
        Ok(())
    })?;
    reader.end()?;
    match (algorithm, key_id, kind) {
        (Some(Algorithm::Es256), Some(key_id), Some(kind)) => Ok((key_id, kind)),
        _ => Err(BAD),
    }
}

/// A signed message of another kind than a certificate: no unprotected header is allowed.
pub(crate) fn open_plain(bytes: &[u8], kind: Kind) -> Result<(Envelope<'_>, KeyId)> {
    let malformed = |problem: Problem| Error::malformed(kind.part(), problem);
    let envelope = open(bytes, |_| Err("unexpected unprotected header")).map_err(malformed)?;
    let (key_id, found) = header(envelope.protected).map_err(malformed)?;
    if found == kind {
        Ok((envelope, key_id))
    } else {
        Err(malformed("it is of another kind"))
    }
}
