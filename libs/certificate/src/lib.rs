//! Make and check certificates: COSE/CWT, QR, log proofs, status lists. No I/O, embeddable.
//!
//! A certificate states a decision of the suite about one used car, bound to the car by what an
//! officer can compare. It is **not** an official permit and never replaces one.
//!
//! - Issue: [`Record::to_be_signed`] → store → [`ToBeSigned::sign`] → store → [`Certificate::attach`]
//!   → append [`Certificate::log_entry`] to the log → [`SignedCheckpoint::prove`] →
//!   [`Certificate::with_proof`].
//! - Carry: [`Certificate::to_cose`], [`Certificate::to_qr_text`], [`qr`],
//!   [`Certificate::to_html`], [`Certificate::to_pdf`], [`Certificate::to_vc_jwt`], [`Record::to_json`].
//! - Check: [`verify()`] with a [`TrustBundle`] and a [`StatusList`]; the answer is a [`Report`].
//!
//! The format is published in `FORMAT.md` beside this crate, with test vectors.

pub mod bundle;
mod cbor;
mod certificate;
mod cose;
mod error;
mod html;
mod json;
pub mod log;
mod pdf;
pub mod qr;
pub mod record;
mod signer;
pub mod status;
mod values;
mod vc;
pub mod verify;
mod words;

pub use bundle::{Trust, TrustBundle, TrustedKey};
pub use certificate::{Certificate, MAX_COSE};
pub use cose::{Kind, ToBeSigned};
pub use error::{Error, Result, Violation, Violations};
pub use html::Photograph;
pub use log::{Checkpoint, LogProof, NoteKey, NoteKeyKind, SignedCheckpoint, Tree, Witness};
pub use record::{
    Compared, Decision, Evidence, EvidenceKind, Outcome, PackRef, Record, StatusRef, Vehicle,
};
pub use signer::{Algorithm, FileKey, PublicKey, Signature, Signer};
pub use status::{Status, StatusList};
pub use values::{Digest, Fixed, HexError, KeyId, Salt, Timestamp};
pub use verify::{Against, Live, Reason, Report, Verdict, Verifier, verify};
