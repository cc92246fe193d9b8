//! Verification: named checks, one verdict, one reason, and how fresh the answer is. Never a boolean.
//!
//! The checks and their order are published in FORMAT.md, so that two verifiers agree on the
//! reason as well as on the verdict.

mod checks;
mod manifest;
mod report;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bundle::TrustBundle;
use crate::log::{Hash, LogProof, SignedCheckpoint};
use crate::status::StatusList;
use crate::values::{Digest, Timestamp};

pub use manifest::{ManifestReport, Repeated, Shared};
pub use report::{Check, CheckName, CompareWithCar, Freshness, Outcome, Reason, Report, Verdict};

/// How far the clocks of issuer and verifier may differ, in seconds.
pub const CLOCK_TOLERANCE: i64 = 300;

/// What a verification may draw on besides the trust bundle. Everything is optional; what is
/// missing is reported as not checked, and without any status the verdict is never VALID.
#[derive(Debug, Clone, Copy, Default)]
pub struct Against<'a> {
    /// The status list, of any age.
    pub status: Option<&'a StatusList>,
    /// A checkpoint the verifier obtained by itself.
    pub checkpoint: Option<&'a SignedCheckpoint>,
    /// The consistency proof between the certificate's tree and `checkpoint` (smaller to larger).
    pub consistency: &'a [Hash],
    /// What the issuer's service says about the certificate now; takes the place of the list.
    pub live: Option<Live>,
}

/// The state of a certificate as its issuer knows it online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Live {
    /// Issued and not used.
    Unused,
    /// Reserved by a customs office.
    Reserved {
        /// When the reservation lapses.
        until: Timestamp,
    },
    /// Consumed.
    Used,
    /// Replaced by an amended certificate.
    Superseded {
        /// The certificate that replaces it.
        by: Uuid,
    },
    /// Withdrawn for now.
    Suspended,
    /// Withdrawn for ever.
    Revoked,
}

/// Verifies what is presented: QR text, COSE bytes, a PNG of the QR, or the HTML rendering.
///
/// For many certificates keep a [`Verifier`], which remembers the checkpoints it has verified.
pub fn verify(
    presented: &[u8],
    bundle: &TrustBundle,
    against: &Against<'_>,
    now: Timestamp,
) -> Report {
    checks::run(presented, bundle, against, now, None)
}

/// The COSE bytes in what is presented, unverified: to ask its issuer about it. The reason where there are none.
pub fn envelope(presented: &[u8]) -> Result<Vec<u8>, Reason> {
    checks::unwrap_input(presented).map(std::borrow::Cow::into_owned)
}

/// A verifier for many certificates under one trust bundle; share it between threads.
#[derive(Debug)]
pub struct Verifier {
    bundle: TrustBundle,
    checkpoints: Checkpoints,
}

impl Verifier {
    /// A verifier that believes `bundle`.
    pub fn new(bundle: TrustBundle) -> Self {
        Self {
            bundle,
            checkpoints: Checkpoints::default(),
        }
    }

    /// The bundle.
    pub fn bundle(&self) -> &TrustBundle {
        &self.bundle
    }

    /// As [`verify()`].
    pub fn verify(&self, presented: &[u8], against: &Against<'_>, now: Timestamp) -> Report {
        checks::run(
            presented,
            &self.bundle,
            against,
            now,
            Some(&self.checkpoints),
        )
    }
}

/// Checkpoints whose signature was verified, remembered byte for byte, so that a ship's
/// certificates under one checkpoint cost one Ed25519 verification.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints(Mutex<VecDeque<Digest>>);

impl Checkpoints {
    const MOST: usize = 64;

    fn name(proof: &LogProof, root: &Hash) -> Digest {
        let size = proof.size.to_be_bytes();
        Digest::of_parts(&[&proof.log_key.0, &size, &root.0, &proof.signature.0])
    }

    pub(crate) fn holds(&self, proof: &LogProof, root: &Hash) -> bool {
        let name = Self::name(proof, root);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&name)
    }

    pub(crate) fn remember(&self, proof: &LogProof, root: &Hash) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() == Self::MOST {
            names.pop_front();
        }
        names.push_back(Self::name(proof, root));
    }
}
