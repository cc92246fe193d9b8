//! What the inspection intake refuses, and how each refusal is answered.

use tongguan_api::common::v1::ErrorReason;
use tongguan_rpc::{Failure, Invalid, PageTokenError, PeerError, Violation, of_trouble};
use tongguan_storage as storage;
use tonic::{Code, Status};
use uuid::Uuid;

/// Why the inspection intake did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tenant has no such body.
    #[error("inspection body {id} is not known")]
    BodyNotFound {
        /// As asked.
        id: Uuid,
    },
    /// The tenant has no such inspection.
    #[error("inspection {id} is not known")]
    InspectionNotFound {
        /// As asked.
        id: Uuid,
    },
    /// There is no catalogue of that standard and version.
    #[error("there is no catalogue of {standard} in version {version:?}; there are {known}")]
    CatalogueNotFound {
        /// As asked.
        standard: String,
        /// As asked.
        version: String,
        /// What there is.
        known: String,
    },
    /// The organisation is registered as a body already.
    #[error("organisation {organisation} is registered as an inspection body already")]
    BodyTaken {
        /// Its unified social credit code.
        organisation: String,
    },
    /// The body reported under this number before.
    #[error("this body has report {number:?} already")]
    ReportTaken {
        /// The body's number.
        number: String,
    },
    /// The body changed since it was read.
    #[error("the body is at etag {now} now, not at {asked:?}")]
    EtagMismatch {
        /// As asked.
        asked: String,
        /// What it is.
        now: String,
    },
    /// The body changed while its report was judged, several times over.
    #[error("the body's accreditation changed while the report was judged")]
    BodyChanged,
    /// The body was not accredited for this on the test date.
    #[error("the body was not accredited for this test on its day: {why}")]
    NotAccredited {
        /// What lacks.
        why: String,
    },
    /// The caller speaks for another organisation.
    #[error("the caller does not speak for this inspection body")]
    NotTheBody,
    /// Mandatory items are left out.
    #[error("the report is incomplete: {} item(s) that its standard requires are missing", .missing.len())]
    Incomplete {
        /// Each of them, and whatever else is wrong.
        missing: Vec<Violation>,
    },
    /// The body's verdict contradicts the computed one.
    #[error("the report claims {claimed}, the measured values come to {computed}")]
    VerdictMismatch {
        /// The body's.
        claimed: &'static str,
        /// Ours.
        computed: &'static str,
        /// Items that decide.
        items: Vec<Violation>,
    },
    /// The vehicle found is not the one registered.
    #[error("the vehicle of the report differs from the one registered in {}", .fields.join(", "))]
    VehicleMismatch {
        /// Names of the fields.
        fields: Vec<String>,
    },
    /// The vehicle is not in the registry.
    #[error("the vehicle of the report is not registered")]
    VehicleNotRegistered,
    /// The inspection is withdrawn or superseded.
    #[error("inspection {id} is {state}")]
    NotCurrent {
        /// Which.
        id: Uuid,
        /// Where it stands.
        state: &'static str,
        /// What is legal from there.
        legal: Vec<String>,
    },
    /// The bytes are not taken as evidence.
    #[error("the evidence is refused: {why}")]
    EvidenceRefused {
        /// Why.
        why: String,
    },
    /// As many uploads run as may at once.
    #[error("too many uploads run at once")]
    Busy,
    /// The folder or bucket of evidence can not be used.
    #[error("the evidence could not be stored")]
    Objects(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The report's signature is missing or not good.
    #[error("the report's signature is refused: {why}")]
    SignatureRefused {
        /// What is wrong, as a word.
        cause: &'static str,
        /// What is wrong, as a sentence.
        why: String,
        /// SHA-256 of the bytes that are to be signed.
        report_sha256: String,
    },
    /// The tenant has no such anomaly.
    #[error("anomaly {id} is not known")]
    AnomalyNotFound {
        /// As asked.
        id: Uuid,
    },
    /// The anomaly stands where the review would put it.
    #[error("anomaly {id} is {state} already")]
    AlreadyReviewed {
        /// Which.
        id: Uuid,
        /// Where it stands.
        state: &'static str,
        /// Where it may go from there.
        legal: Vec<String>,
    },
    /// Fields are wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A page token is no good.
    #[error(transparent)]
    Page(#[from] PageTokenError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The registry gave no answer.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The catalogue shipped with the service is damaged.
    #[error("the inspection catalogue is damaged: {0}")]
    Catalogue(String),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::BodyNotFound { .. }
            | Self::InspectionNotFound { .. }
            | Self::AnomalyNotFound { .. }
            | Self::CatalogueNotFound { .. } => Code::NotFound,
            Self::BodyTaken { .. } | Self::ReportTaken { .. } => Code::AlreadyExists,
            Self::EtagMismatch { .. } | Self::BodyChanged => Code::Aborted,
            Self::NotTheBody => Code::PermissionDenied,
            Self::NotAccredited { .. }
            | Self::VehicleMismatch { .. }
            | Self::VehicleNotRegistered
            | Self::AlreadyReviewed { .. }
            | Self::NotCurrent { .. } => Code::FailedPrecondition,
            Self::Incomplete { .. }
            | Self::SignatureRefused { .. }
            | Self::VerdictMismatch { .. }
            | Self::EvidenceRefused { .. }
            | Self::Invalid(_)
            | Self::Page(_) => Code::InvalidArgument,
            Self::Busy => Code::ResourceExhausted,
            Self::Objects(_) => Code::Unavailable,
            Self::Storage(error) => of_trouble(error.trouble()).0,
            Self::Peer(error) => error.code(),
            Self::Catalogue(_) => Code::Internal,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::BodyNotFound { .. }
            | Self::InspectionNotFound { .. }
            | Self::AnomalyNotFound { .. }
            | Self::CatalogueNotFound { .. } => ErrorReason::NotFound,
            Self::BodyTaken { .. } | Self::ReportTaken { .. } => ErrorReason::AlreadyExists,
            Self::EtagMismatch { .. } => ErrorReason::EtagMismatch,
            Self::BodyChanged => ErrorReason::RequestInFlight,
            Self::NotTheBody => ErrorReason::NotTheBody,
            Self::NotAccredited { .. } => ErrorReason::BodyNotAccredited,
            Self::VehicleMismatch { .. } => ErrorReason::VehicleMismatch,
            Self::VehicleNotRegistered => ErrorReason::VehicleNotRegistered,
            Self::NotCurrent { .. } => ErrorReason::InspectionNotCurrent,
            Self::AlreadyReviewed { .. } => ErrorReason::IllegalTransition,
            Self::SignatureRefused { .. } => ErrorReason::SignatureRefused,
            Self::Incomplete { .. } => ErrorReason::ReportIncomplete,
            Self::VerdictMismatch { .. } => ErrorReason::VerdictMismatch,
            Self::EvidenceRefused { .. } => ErrorReason::EvidenceRefused,
            Self::Invalid(_) => ErrorReason::InvalidFields,
            Self::Page(_) => ErrorReason::PageTokenInvalid,
            Self::Busy => ErrorReason::QuotaExceeded,
            Self::Objects(_) => ErrorReason::StorageUnavailable,
            Self::Storage(error) => of_trouble(error.trouble()).1,
            Self::Peer(error) => error.reason(),
            Self::Catalogue(_) => ErrorReason::Internal,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::VerdictMismatch {
                claimed, computed, ..
            } => {
                vec![
                    ("claimed", (*claimed).to_owned()),
                    ("computed", (*computed).to_owned()),
                ]
            }
            Self::NotAccredited { why } | Self::EvidenceRefused { why } => {
                vec![("why", why.clone())]
            }
            Self::SignatureRefused {
                cause,
                why,
                report_sha256,
            } => vec![
                ("cause", (*cause).to_owned()),
                ("why", why.clone()),
                ("report_sha256", report_sha256.clone()),
            ],
            Self::NotCurrent { state, .. } | Self::AlreadyReviewed { state, .. } => {
                vec![("state", (*state).to_owned())]
            }
            Self::Peer(error) => error.metadata(),
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(invalid) => invalid.violations(),
            Self::Incomplete { missing } => missing.clone(),
            Self::VerdictMismatch { items, .. } => items.clone(),
            Self::SignatureRefused { why, .. } => vec![Violation {
                field: "signature".to_owned(),
                description: why.clone(),
            }],
            // Names only: the registered values are not the body's to read.
            Self::VehicleMismatch { fields } => fields
                .iter()
                .map(|field| Violation {
                    field: format!("report.vehicle.{field}"),
                    description: "differs from the registry".to_owned(),
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn legal(&self) -> Vec<String> {
        match self {
            Self::NotCurrent { legal, .. } | Self::AlreadyReviewed { legal, .. } => legal.clone(),
            _ => Vec::new(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        tongguan_rpc::status(&error)
    }
}
