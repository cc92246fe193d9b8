//! What the gateway refuses, and how each refusal is answered.

use std::collections::BTreeMap;

use tongguan_api::common::v1::{ErrorReason, Problem};
use tongguan_rpc::{Failure, Invalid, PeerDetails, PeerError, Violation, of_trouble};
use tongguan_storage as storage;
use tonic::{Code, Status};

use crate::domain::{Basis, JobRefusal};

/// Why the gateway did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields are wrong.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// No rule pack for a market that was asked for.
    #[error("{message}")]
    MarketUnknown {
        /// The rules' own sentence, with the nearest codes.
        message: String,
        /// What they name beside: the market, and the codes that come near.
        details: Box<PeerDetails>,
    },
    /// The rules do not take a fact of the listing.
    #[error("{message}")]
    FactsRefused {
        /// The rules' own sentence.
        message: String,
        /// What they name beside: every fact that is wrong.
        details: Box<PeerDetails>,
    },
    /// A service gave no answer we can use.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The tenant has no such job.
    #[error("there is no readiness job {job}")]
    JobNotFound {
        /// As asked.
        job: uuid::Uuid,
    },
    /// The job does not take a part.
    #[error(transparent)]
    Job(#[from] JobRefusal),
    /// The tenant has no such endpoint.
    #[error("there is no webhook endpoint {endpoint}")]
    EndpointNotFound {
        /// As asked.
        endpoint: uuid::Uuid,
    },
    /// The tenant has no such delivery.
    #[error("there is no delivery {delivery}")]
    DeliveryNotFound {
        /// As asked.
        delivery: uuid::Uuid,
    },
    /// The tenant has as many endpoints as it may.
    #[error("a tenant has at most 20 webhook endpoints; delete one first")]
    TooManyEndpoints,
    /// The sandbox is asked for by a tenant that is none.
    #[error("the sandbox is for tenants whose name starts with sandbox-")]
    NotASandbox,
    /// A sandbox's clock was to go back.
    #[error("a sandbox's clock only goes forwards; name a later instant, or reset the sandbox")]
    ClockWentBack,
    /// A sandbox's clock was to go too far.
    #[error("a sandbox's clock is at most {years} years ahead")]
    ClockTooFar {
        /// How far it may be.
        years: i64,
    },
    /// The tenant has no such API key.
    #[error("there is no API key {key}")]
    KeyNotFound {
        /// As asked.
        key: uuid::Uuid,
    },
    /// The tenant has as many API keys as it may.
    #[error("a sandbox has at most 20 live API keys; revoke one first")]
    TooManyKeys,
    /// A key was to have a role that its maker has not.
    #[error("a key can only have its maker's roles; {role} is none of them")]
    RoleNotHeld {
        /// The first such role.
        role: tongguan_access::Role,
    },
    /// The tenant, or the network of callers without one, has used its quota.
    #[error("the quota for {class} calls is used up; come back in {} ms", .wait.as_millis())]
    QuotaExceeded {
        /// The kind of calls.
        class: &'static str,
        /// When the next may come.
        wait: std::time::Duration,
    },
    /// A message is larger than its method takes.
    #[error("the message has {size} bytes, this method takes {most} at once")]
    MessageTooLarge {
        /// As announced.
        size: u64,
        /// The method's limit.
        most: u64,
    },
    /// A call names a ground for showing something abroad that is none.
    #[error("x-legal-basis is {text:?}; it must be one of {}", Basis::ALL.map(Basis::name).join(", "))]
    BasisUnknown {
        /// As sent, at most 40 characters of it.
        text: String,
    },
    /// Events after a cursor are no longer kept.
    #[error("events after {after} are no longer all kept; the oldest cursor is {oldest}")]
    CursorPruned {
        /// As asked.
        after: u64,
        /// The oldest that can be asked for.
        oldest: u64,
    },
    /// The audit log can not take up what was asked, so it is not answered.
    #[error("the audit log can not be written; nothing is shown that is not recorded")]
    NotRecorded,
    /// A page token is no good.
    #[error(transparent)]
    Page(#[from] tongguan_rpc::PageTokenError),
    /// The machine gave no randomness for a key.
    #[error("no signing key could be drawn")]
    NoKey,
    /// The HTTP client that sends webhooks could not be built.
    #[error("the client that sends webhooks could not be built")]
    NoClient,
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The installation does not route to that service.
    #[error("this installation does not serve that service")]
    NotServed,
}

impl Error {
    /// A refusal of the destination rules, which concerns the question and so the caller.
    pub(crate) fn of_rules(error: PeerError) -> Self {
        match error {
            PeerError::Refused {
                code: Code::NotFound,
                message,
                details,
                ..
            } => Self::MarketUnknown { message, details },
            PeerError::Refused {
                code: Code::InvalidArgument,
                message,
                details,
                ..
            } => Self::FactsRefused { message, details },
            error => Self::Peer(error),
        }
    }

    /// The same as a row of a bulk answer.
    pub(crate) fn problem(&self) -> Problem {
        tongguan_rpc::problem(self)
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(_)
            | Self::FactsRefused { .. }
            | Self::ClockTooFar { .. }
            | Self::BasisUnknown { .. }
            | Self::Page(_)
            | Self::Job(JobRefusal::Gap { .. }) => Code::InvalidArgument,
            Self::CursorPruned { .. } => Code::OutOfRange,
            Self::MarketUnknown { .. }
            | Self::JobNotFound { .. }
            | Self::EndpointNotFound { .. }
            | Self::KeyNotFound { .. }
            | Self::DeliveryNotFound { .. } => Code::NotFound,
            Self::TooManyEndpoints
            | Self::TooManyKeys
            | Self::QuotaExceeded { .. }
            | Self::MessageTooLarge { .. } => Code::ResourceExhausted,
            Self::NotASandbox | Self::RoleNotHeld { .. } => Code::PermissionDenied,
            Self::NotRecorded => Code::Unavailable,
            Self::NoKey | Self::NoClient => Code::Internal,
            Self::Job(_) | Self::ClockWentBack => Code::FailedPrecondition,
            Self::Storage(error) => of_trouble(error.trouble()).0,
            Self::Peer(error) => error.code(),
            Self::NotServed => Code::Unimplemented,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::Invalid(_)
            | Self::FactsRefused { .. }
            | Self::ClockTooFar { .. }
            | Self::BasisUnknown { .. }
            | Self::Job(JobRefusal::Gap { .. }) => ErrorReason::InvalidFields,
            Self::CursorPruned { .. } => ErrorReason::CursorPruned,
            Self::JobNotFound { .. }
            | Self::EndpointNotFound { .. }
            | Self::KeyNotFound { .. }
            | Self::DeliveryNotFound { .. } => ErrorReason::NotFound,
            Self::TooManyEndpoints | Self::QuotaExceeded { .. } => ErrorReason::QuotaExceeded,
            Self::TooManyKeys => ErrorReason::TooManyKeys,
            Self::MessageTooLarge { .. } => ErrorReason::MessageTooLarge,
            Self::NotASandbox => ErrorReason::NotASandbox,
            Self::RoleNotHeld { .. } => ErrorReason::ScopeMissing,
            Self::ClockWentBack => ErrorReason::ClockWentBack,
            Self::NotRecorded => ErrorReason::StorageUnavailable,
            Self::Page(_) => ErrorReason::PageTokenInvalid,
            Self::NoKey | Self::NoClient => ErrorReason::Internal,
            Self::Job(_) => ErrorReason::OperationDone,
            Self::Storage(error) => of_trouble(error.trouble()).1,
            Self::MarketUnknown { .. } => ErrorReason::MarketUnknown,
            Self::Peer(error) => error.reason(),
            Self::NotServed => ErrorReason::NotImplemented,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Peer(error) => error.metadata(),
            Self::QuotaExceeded { class, .. } => vec![("class", (*class).to_owned())],
            Self::MessageTooLarge { most, .. } => vec![("most_bytes", most.to_string())],
            Self::CursorPruned { oldest, .. } => vec![("oldest_cursor", oldest.to_string())],
            _ => Vec::new(),
        }
    }

    fn carried(&self) -> BTreeMap<String, String> {
        match self {
            Self::Peer(error) => error.carried(),
            Self::MarketUnknown { details, .. } | Self::FactsRefused { details, .. } => {
                details.metadata.clone()
            }
            _ => BTreeMap::new(),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(invalid) => invalid.violations(),
            Self::FactsRefused { message, details } if details.violations.is_empty() => {
                vec![Violation {
                    field: "listing.facts".to_owned(),
                    description: message.clone(),
                }]
            }
            // The rules were asked with `facts`, the caller with a listing.
            Self::FactsRefused { details, .. } => details
                .violations
                .iter()
                .map(|wrong| Violation {
                    field: format!("listing.{}", wrong.field),
                    description: wrong.description.clone(),
                })
                .collect(),
            Self::Job(gap @ JobRefusal::Gap { .. }) => vec![Violation {
                field: "first_row".to_owned(),
                description: gap.to_string(),
            }],
            Self::BasisUnknown { .. } => vec![Violation {
                field: "x-legal-basis".to_owned(),
                description: self.to_string(),
            }],
            Self::ClockTooFar { .. } => vec![Violation {
                field: "time".to_owned(),
                description: self.to_string(),
            }],
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::QuotaExceeded { wait, .. } => Some(*wait),
            // Coming back with the same does not help.
            Self::MessageTooLarge { .. } | Self::TooManyKeys | Self::TooManyEndpoints => None,
            _ => matches!(self.code(), Code::Unavailable | Code::ResourceExhausted)
                .then_some(std::time::Duration::from_secs(1)),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        tongguan_rpc::status(&error)
    }
}
