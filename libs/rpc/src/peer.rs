//! Failures of peers, seen from the caller: an outage is never a verdict.

use tongguan_api::common::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::Failure;

/// Why a peer gave no answer we can use.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// It did not answer in time or could not be reached.
    #[error("the {peer} service is not reachable")]
    Unavailable {
        /// Role name of the peer, such as `registry`.
        peer: &'static str,
    },
    /// It answered with a refusal.
    #[error("the {peer} service refused: {message}")]
    Refused {
        /// Role name of the peer.
        peer: &'static str,
        /// Its gRPC code.
        code: Code,
        /// Its reason, without prefix, such as `NOT_FOUND`; empty where it gave none.
        reason: String,
        /// Its message.
        message: String,
    },
    /// Its answer lacks a part we rely on.
    #[error("the {peer} service answered without {what}")]
    Incomplete {
        /// Role name of the peer.
        peer: &'static str,
        /// What is missing.
        what: &'static str,
    },
    /// The configured address is not a URI.
    #[error("{uri:?} is not an address")]
    Address {
        /// As configured.
        uri: String,
    },
}

impl PeerError {
    /// Reads a peer's status.
    pub fn from_status(peer: &'static str, status: &Status) -> Self {
        match status.code() {
            Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Internal
            | Code::Unknown
            | Code::ResourceExhausted => {
                tracing::debug!(peer, code = ?status.code(), message = status.message(), "a peer gave no answer");
                Self::Unavailable { peer }
            }
            code => Self::Refused {
                peer,
                code,
                reason: status
                    .get_details_error_info()
                    .map(|info| info.reason)
                    .unwrap_or_default(),
                message: status.message().to_owned(),
            },
        }
    }

    /// Whether asking again later can help.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether the peer says that the thing asked for does not exist.
    pub fn is_not_found(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                code: Code::NotFound,
                ..
            }
        )
    }
}

impl Failure for PeerError {
    fn code(&self) -> Code {
        match self {
            Self::Unavailable { .. } => Code::Unavailable,
            Self::Refused {
                code: Code::NotFound | Code::FailedPrecondition | Code::InvalidArgument,
                ..
            } => Code::FailedPrecondition,
            Self::Refused { .. } | Self::Incomplete { .. } | Self::Address { .. } => Code::Internal,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::Unavailable { .. } => ErrorReason::PeerUnavailable,
            Self::Refused {
                code: Code::NotFound,
                ..
            } => ErrorReason::NotFound,
            Self::Refused {
                code: Code::InvalidArgument,
                ..
            } => ErrorReason::InvalidFields,
            Self::Refused { .. } | Self::Incomplete { .. } | Self::Address { .. } => {
                ErrorReason::Internal
            }
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unavailable { peer } | Self::Incomplete { peer, .. } => {
                vec![("peer", (*peer).to_owned())]
            }
            Self::Refused { peer, reason, .. } => vec![
                ("peer", (*peer).to_owned()),
                ("peer_reason", reason.clone()),
            ],
            Self::Address { .. } => Vec::new(),
        }
    }
}
