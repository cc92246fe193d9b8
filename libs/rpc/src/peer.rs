//! Failures of peers, seen from the caller: an outage is never a verdict.

use std::collections::BTreeMap;

use tongguan_api::common::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::{Failure, Violation};

/// What a peer's refusal names, for whoever passes it on to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerDetails {
    /// The nouns of its reason, such as `nearest` and the market codes that come near.
    pub metadata: BTreeMap<String, String>,
    /// The fields of the question that it found wrong.
    pub violations: Vec<Violation>,
}

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
        /// What it names beside.
        details: Box<PeerDetails>,
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
            code => {
                let (reason, details) = read(status);
                Self::Refused {
                    peer,
                    code,
                    reason,
                    message: status.message().to_owned(),
                    details: Box::new(details),
                }
            }
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

/// Its reason and what it names.
fn read(status: &Status) -> (String, PeerDetails) {
    let details = status.get_error_details();
    let (reason, metadata) = details
        .error_info()
        .map(|info| (info.reason.clone(), info.metadata.clone()))
        .unwrap_or_default();
    let wrong = details
        .bad_request()
        .map_or(&[][..], |wrong| &wrong.field_violations);
    let violations = wrong.iter().map(|one| Violation {
        field: one.field.clone(),
        description: one.description.clone(),
    });
    let details = PeerDetails {
        metadata: metadata.into_iter().collect(),
        violations: violations.collect(),
    };
    (reason, details)
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

    fn carried(&self) -> BTreeMap<String, String> {
        match self {
            Self::Refused { details, .. } => details.metadata.clone(),
            _ => BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("no rule pack for KN")]
    struct Unknown;

    impl Failure for Unknown {
        fn code(&self) -> Code {
            Code::NotFound
        }

        fn reason(&self) -> ErrorReason {
            ErrorReason::MarketUnknown
        }

        fn metadata(&self) -> Vec<(&'static str, String)> {
            vec![("nearest", "KE,KG".to_owned()), ("peer", "no".to_owned())]
        }

        fn violations(&self) -> Vec<Violation> {
            vec![Violation {
                field: "markets[0]".to_owned(),
                description: "is unknown".to_owned(),
            }]
        }
    }

    #[test]
    fn what_a_peer_names_reaches_the_caller_and_never_in_place_of_our_own_words() {
        let error = PeerError::from_status("destinations", &crate::status(&Unknown));
        let PeerError::Refused { details, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(details.violations, Unknown.violations());
        let told = crate::status(&error).get_details_error_info().unwrap();
        assert_eq!(told.metadata["nearest"], "KE,KG");
        assert_eq!(told.metadata["peer"], "destinations");
        assert_eq!(told.metadata["peer_reason"], "MARKET_UNKNOWN");
        assert_eq!(crate::problem(&error).metadata["nearest"], "KE,KG");
    }
}
