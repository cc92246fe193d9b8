//! What the maintenance lookup refuses, and how each refusal is answered. An outage of a source is an outcome, no error.

use time::Date;
use tongguan_api::common::v1::ErrorReason;
use tongguan_rpc::{Failure, Invalid, PageTokenError, Violation, of_trouble};
use tongguan_storage as storage;
use tonic::{Code, Status};
use uuid::Uuid;

/// Why the service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No consent came with the lookup.
    #[error("a lookup needs a consent record")]
    ConsentRequired,
    /// The consent does not cover today.
    #[error("the consent {id} does not cover {today}")]
    ConsentExpired {
        /// Identity of the consent.
        id: String,
        /// Today in China.
        today: Date,
    },
    /// There is no such source.
    #[error("there is no source {id:?}")]
    SourceUnknown {
        /// As asked.
        id: String,
        /// The ids there are.
        known: String,
    },
    /// The tenant has no such lookup.
    #[error("there is no lookup {id}")]
    LookupNotFound {
        /// As asked.
        id: Uuid,
    },
    /// The lookup is over.
    #[error("the lookup is over: {state}")]
    OperationDone {
        /// Its state.
        state: &'static str,
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
    /// A source is configured wrongly.
    #[error("source {id}: {reason}")]
    Source {
        /// Its id.
        id: String,
        /// What is wrong.
        reason: String,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client could not be made")]
    Client(#[from] reqwest::Error),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::ConsentRequired | Self::ConsentExpired { .. } | Self::OperationDone { .. } => {
                Code::FailedPrecondition
            }
            Self::SourceUnknown { .. } | Self::LookupNotFound { .. } => Code::NotFound,
            Self::Invalid(_) | Self::Page(_) => Code::InvalidArgument,
            Self::Storage(error) => of_trouble(error.trouble()).0,
            Self::Source { .. } | Self::Client(_) => Code::Internal,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::ConsentRequired => ErrorReason::ConsentRequired,
            Self::ConsentExpired { .. } => ErrorReason::ConsentExpired,
            Self::SourceUnknown { .. } => ErrorReason::SourceUnknown,
            Self::LookupNotFound { .. } => ErrorReason::NotFound,
            Self::OperationDone { .. } => ErrorReason::OperationDone,
            Self::Invalid(_) => ErrorReason::InvalidFields,
            Self::Page(_) => ErrorReason::PageTokenInvalid,
            Self::Storage(error) => of_trouble(error.trouble()).1,
            Self::Source { .. } | Self::Client(_) => ErrorReason::Internal,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::SourceUnknown { known, .. } => vec![("known", known.clone())],
            Self::ConsentExpired { id, .. } => vec![("consent", id.clone())],
            Self::OperationDone { state } => vec![("state", (*state).to_owned())],
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(invalid) => invalid.violations(),
            _ => Vec::new(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        tongguan_rpc::status(&error)
    }
}
