//! What a verification answers.

use serde::Serialize;
use uuid::Uuid;

use crate::record::Record;
use crate::values::Timestamp;

/// The answer in one word, from the public contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Every check passed, with fresh information.
    Valid,
    /// Withdrawn, for ever or for now; the reason says which.
    Revoked,
    /// Past its expiry.
    Expired,
    /// Already consumed at a border.
    Used,
    /// Held by a customs office.
    Reserved,
    /// Replaced by another certificate.
    Superseded,
    /// Signed by nobody the trust bundle knows for this purpose.
    UnknownIssuer,
    /// Signed, but not shown to stand in the log: not a certificate.
    NotLogged,
    /// Not a certificate of this format, damaged, or changed after signing.
    Malformed,
    /// Good as far as known, but the status information is too old.
    StaleStatus,
    /// Something needed for an answer was missing: says nothing against the certificate.
    CouldNotCheck,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident $text:literal $verdict:ident;)*) => {
        /// Why the verdict is what it is: the first check that did not pass, in the order of severity
        /// in which the reasons stand here.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason, most severe first.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The verdict this reason leads to.
            pub fn verdict(self) -> Verdict {
                match self { $(Self::$name => Verdict::$verdict,)* }
            }
        }
    };
}

reasons! {
    /// Neither a text with the prefix, nor tagged COSE, nor a picture or page that holds one.
    NotACertificate "not_a_certificate" Malformed;
    /// The text's prefix names a format this program does not know.
    UnsupportedVersion "unsupported_version" CouldNotCheck;
    /// No QR code could be read from the picture: photograph it again.
    ImageUnreadable "image_unreadable" CouldNotCheck;
    /// The text is incomplete or was misread: Base45, check bytes or compression fail.
    TextDamaged "text_damaged" Malformed;
    /// Not a tagged COSE_Sign1 in deterministic encoding, or the log proof is not well-formed.
    BadCose "bad_cose" Malformed;
    /// The protected header is not that of a certificate.
    BadHeader "bad_header" Malformed;
    /// The trust bundle has no such key.
    UnknownKey "unknown_key" UnknownIssuer;
    /// The key is not one for certificates.
    KeyForOtherUse "key_for_other_use" UnknownIssuer;
    /// A known key's signature does not match: the content was changed.
    SignatureMismatch "signature_mismatch" Malformed;
    /// Rightly signed, but the claims break the format: an issuer's fault.
    BadClaims "bad_claims" Malformed;
    /// The certificate names another issuer than the key's.
    IssuerMismatch "issuer_mismatch" UnknownIssuer;
    /// The key was not valid when the certificate says it was issued.
    KeyNotValidWhenIssued "key_not_valid_when_issued" UnknownIssuer;
    /// It carries no proof that it stands in the log.
    ProofMissing "proof_missing" NotLogged;
    /// The proof is by a log the trust bundle does not know.
    UnknownLog "unknown_log" NotLogged;
    /// Path, size or the log's signature do not fit together.
    ProofMismatch "proof_mismatch" NotLogged;
    /// The log showed this certificate another tree than the verifier holds.
    LogForked "log_forked" NotLogged;
    /// Withdrawn for ever.
    Revoked "revoked" Revoked;
    /// Withdrawn for now.
    Suspended "suspended" Revoked;
    /// Replaced.
    Superseded "superseded" Superseded;
    /// Consumed.
    Used "used" Used;
    /// Held.
    Reserved "reserved" Reserved;
    /// Past its expiry.
    Expired "expired" Expired;
    /// The status list is past its time to live.
    StatusStale "status_stale" StaleStatus;
    /// The trust bundle is past its expiry: fetch the next edition.
    TrustBundleExpired "trust_bundle_expired" CouldNotCheck;
    /// Issued more than five minutes from now: one of the clocks is wrong.
    ClockDisagrees "clock_disagrees" CouldNotCheck;
    /// The status list given is not the one the certificate names.
    StatusOfOtherList "status_of_other_list" CouldNotCheck;
    /// The certificate's index is beyond the list given.
    StatusIndexOutside "status_index_outside" CouldNotCheck;
    /// No status information at all.
    StatusUnavailable "status_unavailable" CouldNotCheck;
    /// The checkpoint the verifier holds lacks the cosignatures the bundle asks for.
    CheckpointNotWitnessed "checkpoint_not_witnessed" CouldNotCheck;
    /// Nothing to object to.
    AllChecksPassed "all_checks_passed" Valid;
}

impl Serialize for Reason {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// The checks, in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// The input is a certificate of this format.
    Form,
    /// The issuer's signature.
    Signature,
    /// The key belongs to the issuer named and was valid at issue.
    Issuer,
    /// It stands in the log.
    Log,
    /// The log is the one the verifier holds a checkpoint of.
    LogView,
    /// Not revoked, suspended, used, reserved or superseded.
    Status,
    /// The status information is fresh.
    StatusFreshness,
    /// Within its validity.
    Time,
    /// The trust bundle is fresh.
    TrustFreshness,
}

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not hold, or could not be decided; the reason says why.
    Failed,
    /// Nothing to check it with, and it was not needed for the verdict.
    NotChecked,
}

/// One named check with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Which.
    pub name: CheckName,
    /// How it went.
    pub outcome: Outcome,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// How old the information behind the verdict is; ages in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// The verifier's clock.
    pub checked_at: Timestamp,
    /// Edition of the trust bundle.
    pub bundle_version: u64,
    /// Age of the trust bundle.
    pub bundle_age: i64,
    /// When the trust bundle expires.
    pub bundle_expires_at: Timestamp,
    /// Age of the status list, where one was given.
    pub status_age: Option<i64>,
    /// The first instant at which that list is stale.
    pub status_fresh_until: Option<Timestamp>,
    /// Whether the issuer's service was asked about this certificate now.
    pub asked_online: bool,
    /// Entries of the log under the checkpoint the verifier holds, where it holds one.
    pub checkpoint_size: Option<u64>,
}

/// Something on the car that the officer must compare: nothing electronic can bind paper to metal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompareWithCar {
    /// The field, such as `vin`.
    pub field: &'static str,
    /// What the certificate states.
    pub stated: String,
}

/// The answer of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The answer in one word.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Every check that was reached, in order.
    pub checks: Vec<Check>,
    /// How old the information is.
    pub freshness: Freshness,
    /// True where the certificate rests on a simulated authority: never act on it.
    pub simulated: bool,
    /// What the certificate states; only where the signature holds.
    pub record: Option<Record>,
    /// What the officer must compare with the car; only where the signature holds.
    pub compare_with_car: Vec<CompareWithCar>,
    /// The certificate that replaces it, where it is superseded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<Uuid>,
    /// When the reservation lapses, where it is reserved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reserved_until: Option<Timestamp>,
}
