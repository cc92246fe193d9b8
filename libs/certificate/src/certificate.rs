//! A signed certificate: record, signature and the proof that it stands in the log.

use crate::cbor::{Parsed, Writer};
use crate::cose::{self, Envelope, Kind, ToBeSigned};
use crate::error::{Error, Result};
use crate::log::{LogProof, entry};
use crate::record::{Record, decode_claims, encode_claims};
use crate::signer::{Signature, Signer};
use crate::values::Digest;

/// A certificate as issued. It only proves anything once it carries a [`LogProof`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    record: Record,
    protected: Vec<u8>,
    payload: Vec<u8>,
    signature: Signature,
    proof: Option<LogProof>,
}

/// The largest COSE message accepted, in bytes.
pub const MAX_COSE: usize = 4_096;

impl Record {
    /// Step one of issuing: the bytes to store and then to sign. All violations at once.
    pub fn to_be_signed(&self) -> Result<ToBeSigned> {
        self.validate()?;
        Ok(ToBeSigned::new(
            Kind::Certificate,
            &self.key_id,
            encode_claims(self),
        ))
    }

    /// Both steps at once, for callers that keep no journal.
    pub fn sign(&self, signer: &dyn Signer) -> Result<Certificate> {
        let bytes = self.to_be_signed()?;
        let signature = bytes.sign(signer)?;
        Ok(Certificate {
            record: self.clone(),
            protected: bytes.protected().to_vec(),
            payload: bytes.payload().to_vec(),
            signature,
            proof: None,
        })
    }
}

impl Certificate {
    /// Step two of issuing: joins the stored bytes and the stored signature. Checks no signature.
    pub fn attach(bytes: &ToBeSigned, signature: &Signature) -> Result<Self> {
        let malformed = |problem| Error::malformed("certificate", problem);
        if bytes.kind() != Kind::Certificate {
            return Err(malformed("it is of another kind"));
        }
        Ok(Self {
            record: decode_claims(bytes.payload(), bytes.key_id()).map_err(malformed)?,
            protected: bytes.protected().to_vec(),
            payload: bytes.payload().to_vec(),
            signature: *signature,
            proof: None,
        })
    }

    /// Reads the COSE form. This is parsing, not verification: see [`crate::Verifier`].
    pub fn from_cose(bytes: &[u8]) -> Result<Self> {
        let opened =
            Opened::read(bytes).map_err(|flaw| Error::malformed("certificate", flaw.problem()))?;
        let record = decode_claims(opened.envelope.payload, &opened.key_id)
            .map_err(|problem| Error::malformed("certificate", problem))?;
        Ok(Self {
            record,
            protected: opened.envelope.protected.to_vec(),
            payload: opened.envelope.payload.to_vec(),
            signature: opened.envelope.signature,
            proof: opened.proof,
        })
    }

    /// The COSE form with the proof, where there is one.
    pub fn to_cose(&self) -> Vec<u8> {
        match &self.proof {
            None => cose::assemble(&self.protected, None, &self.payload, &self.signature),
            Some(proof) => {
                let write = |writer: &mut Writer| {
                    proof.write(writer.int(cose::PROOF));
                };
                cose::assemble(
                    &self.protected,
                    Some(&write),
                    &self.payload,
                    &self.signature,
                )
            }
        }
    }

    /// What it states.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The signature, r ‖ s.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The proof that it stands in the log.
    pub fn proof(&self) -> Option<&LogProof> {
        self.proof.as_ref()
    }

    /// The entry to append to the log: ids and digests, no VIN (see [`entry`]).
    pub fn log_entry(&self) -> Vec<u8> {
        let bare = cose::assemble(&self.protected, None, &self.payload, &self.signature);
        entry::of_certificate(&self.record, &Digest::of(&bare))
    }

    /// The leaf hash of [`Certificate::log_entry`].
    pub fn leaf_hash(&self) -> Digest {
        entry::leaf_hash(&self.log_entry())
    }

    /// The same certificate with `proof` in its unprotected header; the signed bytes do not change.
    #[must_use]
    pub fn with_proof(mut self, proof: LogProof) -> Self {
        self.proof = Some(proof);
        self
    }
}

/// Where the form of a certificate is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    Envelope(&'static str),
    Header(&'static str),
}

impl Flaw {
    pub(crate) fn problem(self) -> &'static str {
        match self {
            Self::Envelope(problem) | Self::Header(problem) => problem,
        }
    }
}

/// A certificate taken apart but not yet believed.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    pub(crate) envelope: Envelope<'a>,
    pub(crate) key_id: crate::values::KeyId,
    pub(crate) proof: Option<LogProof>,
}

impl<'a> Opened<'a> {
    pub(crate) fn read(bytes: &'a [u8]) -> std::result::Result<Self, Flaw> {
        if bytes.len() > MAX_COSE {
            return Err(Flaw::Envelope("larger than 4096 bytes"));
        }
        let skip = |reader: &mut crate::cbor::Reader<'a>| -> Parsed<()> {
            LogProof::read(reader).map(|_| ())
        };
        let envelope = cose::open(bytes, skip).map_err(Flaw::Envelope)?;
        let proof = match envelope.unprotected.clone() {
            Some(mut reader) => Some(LogProof::read(&mut reader).map_err(Flaw::Envelope)?),
            None => None,
        };
        let (key_id, kind) = cose::header(envelope.protected).map_err(Flaw::Header)?;
        if kind != Kind::Certificate {
            return Err(Flaw::Header("it is of another kind"));
        }
        Ok(Self {
            envelope,
            key_id,
            proof,
        })
    }

    /// The digest of the message without its unprotected header, as the log holds it.
    pub(crate) fn bare_digest(&self) -> Digest {
        let Envelope {
            protected,
            payload,
            signature,
            ..
        } = &self.envelope;
        Digest::of(&cose::assemble(protected, None, payload, signature))
    }
}
