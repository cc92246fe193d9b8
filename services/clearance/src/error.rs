//! What clearance refuses, and how each refusal is answered.

use tongguan_api::common::v1::ErrorReason;
use tongguan_certificate as certificate;
use tongguan_rpc::{Failure, Invalid, PageTokenError, PeerError, Violation, of_trouble};
use tongguan_storage as storage;
use tongguan_vocabulary::Vin;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::domain::certificate::Refusal;
use crate::domain::chart::Illegal;

/// Why clearance did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tenant has no such case.
    #[error("case {id} does not exist")]
    CaseNotFound {
        /// As asked.
        id: Uuid,
    },
    /// The tenant has no such batch.
    #[error("licence batch {id} does not exist")]
    BatchNotFound {
        /// As asked.
        id: Uuid,
    },
    /// The tenant has no such certificate.
    #[error("certificate {id} does not exist")]
    CertificateNotFound {
        /// As asked.
        id: Uuid,
    },
    /// The case has no such document.
    #[error("document {id} does not exist in this case, or was replaced")]
    DocumentNotFound {
        /// As asked.
        id: Uuid,
    },
    /// There is no such status list.
    #[error("status list {name:?} does not exist")]
    StatusListNotFound {
        /// As asked.
        name: String,
    },
    /// The log has no such tile yet.
    #[error("the log has no such tile")]
    TileNotFound,
    /// There is an open case for the VIN.
    #[error("there is an open case for VIN {}", .vin.as_str())]
    CaseOpen {
        /// The VIN.
        vin: Vin,
    },
    /// The caller is not the exporter of record.
    #[error("only the exporter of record {exporter} may do this (谁出口谁申领)")]
    NotExporterOfRecord {
        /// Its unified social credit code.
        exporter: String,
    },
    /// An agent has no mandate that holds.
    #[error("a marketplace agent prepares only with the exporter's mandate: {}", .problems.join("; "))]
    MandateMissing {
        /// Everything in the way.
        problems: Vec<String>,
    },
    /// The case changed since it was read.
    #[error("the case is at etag {now} now, not at {asked}")]
    EtagMismatch {
        /// As asked.
        asked: String,
        /// What it is.
        now: String,
    },
    /// The chart has no such step.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// The batch's state forbids it.
    #[error("a batch that is {state} takes no {step}")]
    BatchIllegal {
        /// Its state.
        state: &'static str,
        /// What was asked.
        step: &'static str,
        /// What is legal.
        legal: Vec<String>,
    },
    /// The rules of licence batches forbid it.
    #[error("the licence batch does not take this: {}", .problems.join("; "))]
    BatchRule {
        /// Everything in the way.
        problems: Vec<String>,
    },
    /// The licence does not fit.
    #[error("the licence does not fit: {}", .problems.join("; "))]
    LicenceRule {
        /// Everything in the way.
        problems: Vec<String>,
    },
    /// The certificate's life forbids it.
    #[error(transparent)]
    Certificate(#[from] Refusal),
    /// A used car that left can not come back.
    #[error("a used car that cleared export can not be returned (不得退运)")]
    ReturnRefused,
    /// An officer can not permit what a rule prohibits.
    #[error("a rule prohibits this export; an officer alone can not permit it")]
    RuleProhibits,
    /// Two people are needed.
    #[error("a second person must confirm; {first} proposed it")]
    SecondPersonRequired {
        /// Who proposed.
        first: String,
    },
    /// An override is the work of people.
    #[error("an override is proposed and confirmed by people, not by systems")]
    PersonRequired,
    /// The waiting override wants another outcome.
    #[error("the override that waits wants another outcome")]
    OverrideDiffers,
    /// The worker's claim is stale, or another writer was first.
    #[error("case {id} was changed by another writer; read it again")]
    LeaseLost {
        /// The case.
        id: Uuid,
    },
    /// Fields are wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A page or resume token is no good.
    #[error(transparent)]
    Page(#[from] PageTokenError),
    /// A peer failed.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The issuer failed.
    #[error("a fault of the issuer")]
    Issuer(#[source] certificate::Error),
    /// A key file can not be read or written.
    #[error("the issuer's key {file} can not be read or written")]
    Key {
        /// Its path.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The token that signs has more to do than it can now.
    #[error("the token that signs is busy: {waiting} signatures wait for it")]
    SignerBusy {
        /// How many.
        waiting: usize,
    },
    /// Key files are not there, and whoever asked makes none.
    #[error("the issuer's keys are not there: {}", .files.join(", "))]
    KeysMissing {
        /// Their paths.
        files: Vec<String>,
    },
    /// The stored log is not the one that was signed: the service does not start on it.
    #[error("the transparency log in the store is not the one its last checkpoint signed")]
    LogDamaged,
    /// A witness saw a log that the stored one does not continue: it was restored from an old copy, or forked. The
    /// service does not start on it, and signs nothing.
    #[error(
        "witness {witness} saw {seen} entries that the log in the store, with {held}, does not continue"
    )]
    WitnessDisagrees {
        /// Its name.
        witness: String,
        /// Entries it saw.
        seen: u64,
        /// Entries in the store.
        held: u64,
    },
    /// A witness disagreed while this process ran: nothing is signed, reserved or used until an operator has looked.
    #[error("nothing is signed any more: {why}")]
    Barred {
        /// What the witness saw.
        why: String,
    },
}

impl From<certificate::Error> for Error {
    fn from(error: certificate::Error) -> Self {
        Self::Issuer(error)
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::CaseNotFound { .. }
            | Self::BatchNotFound { .. }
            | Self::CertificateNotFound { .. }
            | Self::DocumentNotFound { .. }
            | Self::StatusListNotFound { .. }
            | Self::TileNotFound => Code::NotFound,
            Self::CaseOpen { .. } => Code::AlreadyExists,
            Self::NotExporterOfRecord { .. }
            | Self::MandateMissing { .. }
            | Self::PersonRequired => Code::PermissionDenied,
            Self::EtagMismatch { .. } | Self::LeaseLost { .. } => Code::Aborted,
            Self::Illegal(_)
            | Self::BatchIllegal { .. }
            | Self::BatchRule { .. }
            | Self::LicenceRule { .. }
            | Self::Certificate(_)
            | Self::ReturnRefused
            | Self::RuleProhibits
            | Self::SecondPersonRequired { .. }
            | Self::OverrideDiffers
            | Self::Barred { .. } => Code::FailedPrecondition,
            Self::Invalid(_) | Self::Page(_) => Code::InvalidArgument,
            Self::Peer(error) => error.code(),
            Self::Storage(error) => of_trouble(error.trouble()).0,
            Self::Issuer(certificate::Error::SignerUnavailable(_)) | Self::SignerBusy { .. } => {
                Code::Unavailable
            }
            Self::Issuer(_)
            | Self::Key { .. }
            | Self::KeysMissing { .. }
            | Self::LogDamaged
            | Self::WitnessDisagrees { .. } => Code::Internal,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::CaseNotFound { .. }
            | Self::BatchNotFound { .. }
            | Self::CertificateNotFound { .. }
            | Self::DocumentNotFound { .. }
            | Self::StatusListNotFound { .. }
            | Self::TileNotFound => ErrorReason::NotFound,
            Self::CaseOpen { .. } => ErrorReason::CaseOpen,
            Self::NotExporterOfRecord { .. } => ErrorReason::NotExporterOfRecord,
            Self::MandateMissing { .. } => ErrorReason::MandateMissing,
            Self::EtagMismatch { .. } | Self::LeaseLost { .. } => ErrorReason::EtagMismatch,
            Self::Illegal(_) | Self::BatchIllegal { .. } => ErrorReason::IllegalTransition,
            Self::BatchRule { .. } => ErrorReason::BatchRule,
            Self::LicenceRule { .. } => ErrorReason::LicenceRule,
            Self::Certificate(refusal) => match refusal {
                Refusal::Reserved { .. } => ErrorReason::CertificateReserved,
                Refusal::Used => ErrorReason::CertificateUsed,
                Refusal::NotLive { .. } => ErrorReason::CertificateNotLive,
                Refusal::NotHeld => ErrorReason::ReservationNotHeld,
            },
            Self::ReturnRefused => ErrorReason::ReturnRefused,
            Self::RuleProhibits => ErrorReason::RuleProhibits,
            Self::SecondPersonRequired { .. } | Self::PersonRequired => {
                ErrorReason::SecondPersonRequired
            }
            Self::OverrideDiffers => ErrorReason::OverrideDiffers,
            Self::Invalid(_) => ErrorReason::InvalidFields,
            Self::Page(_) => ErrorReason::PageTokenInvalid,
            Self::Peer(error) => error.reason(),
            Self::Storage(error) => of_trouble(error.trouble()).1,
            Self::Barred { .. } => ErrorReason::LogBarred,
            Self::SignerBusy { .. } => ErrorReason::Overloaded,
            Self::Issuer(_)
            | Self::Key { .. }
            | Self::KeysMissing { .. }
            | Self::LogDamaged
            | Self::WitnessDisagrees { .. } => ErrorReason::Internal,
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(invalid) => invalid.violations(),
            Self::BatchRule { problems } => problems
                .iter()
                .map(|problem| violation("case_ids", problem))
                .collect(),
            Self::MandateMissing { problems } => problems
                .iter()
                .map(|problem| violation("mandate", problem))
                .collect(),
            Self::LicenceRule { problems } => problems
                .iter()
                .map(|problem| violation("licence", problem))
                .collect(),
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::SignerBusy { .. } => Some(std::time::Duration::from_secs(1)),
            Self::Peer(error) => error.retry_after(),
            _ => None,
        }
    }

    fn legal(&self) -> Vec<String> {
        match self {
            Self::Illegal(illegal) => illegal.legal(),
            Self::BatchIllegal { legal, .. } => legal.clone(),
            _ => Vec::new(),
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Illegal(illegal) => vec![
                ("state", illegal.state.to_string()),
                ("event", illegal.event.to_string()),
            ],
            Self::Certificate(Refusal::NotLive { state }) => vec![("state", (*state).to_owned())],
            Self::Peer(error) => error.metadata(),
            _ => Vec::new(),
        }
    }
}

fn violation(field: &str, problem: &str) -> Violation {
    Violation {
        field: field.to_owned(),
        description: problem.to_owned(),
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        tongguan_rpc::status(&error)
    }
}
