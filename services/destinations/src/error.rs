//! What destination rules refuse, and how each refusal is answered.

use time::OffsetDateTime;
use tongguan_api::common::v1::ErrorReason;
use tongguan_rpc::{Failure, Invalid, PageTokenError, Violation, of_trouble};
use tongguan_storage as storage;
use tonic::{Code, Status};

use crate::domain::PackProblem;

/// Why a question about destination rules was not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no pack for this market.
    #[error("there is no market {market:?}")]
    MarketUnknown {
        /// As asked.
        market: String,
        /// Codes that come near.
        nearest: Vec<String>,
    },
    /// There is no such version.
    #[error("there is no pack with digest {digest}")]
    PackUnknown {
        /// As asked.
        digest: String,
    },
    /// The tenant has no such decision.
    #[error("there is no decision {decision}")]
    DecisionUnknown {
        /// As asked.
        decision: String,
    },
    /// A decision of another evaluator.
    #[error("the decision was made by {engine}, which this version does not carry")]
    EngineGone {
        /// Its evaluator.
        engine: String,
    },
    /// A pack does not load, or one that stands on it breaks.
    #[error("the pack has {} problem{}", .0.len(), if .0.len() == 1 { "" } else { "s" })]
    PackRefused(Vec<PackProblem>),
    /// The version does not rise.
    #[error("version {given} of {market} does not come after {now}")]
    VersionNotRising {
        /// Whose pack.
        market: String,
        /// The one in force or on its way.
        now: String,
        /// As given.
        given: String,
    },
    /// The effective time does not rise.
    #[error("version {given} of {market} would take effect before the version already on its way")]
    EffectiveNotRising {
        /// Whose pack.
        market: String,
        /// As given.
        given: String,
    },
    /// The notice period is not kept.
    #[error("the notice period ends at {earliest}")]
    NoticeTooShort {
        /// The earliest effective time.
        earliest: OffsetDateTime,
    },
    /// No impact report over exactly this pack.
    #[error("there is no impact report over the pack with digest {digest}")]
    ImpactReportMissing {
        /// Of the pack.
        digest: String,
    },
    /// The same person twice.
    #[error("{subject} proposed this pack and can not confirm it")]
    SecondPersonRequired {
        /// Who.
        subject: String,
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
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::MarketUnknown { .. }
            | Self::PackUnknown { .. }
            | Self::DecisionUnknown { .. } => Code::NotFound,
            Self::PackRefused(_) | Self::Invalid(_) | Self::Page(_) => Code::InvalidArgument,
            Self::EngineGone { .. }
            | Self::VersionNotRising { .. }
            | Self::EffectiveNotRising { .. }
            | Self::NoticeTooShort { .. }
            | Self::ImpactReportMissing { .. }
            | Self::SecondPersonRequired { .. } => Code::FailedPrecondition,
            Self::Storage(error) => of_trouble(error.trouble()).0,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::MarketUnknown { .. } => ErrorReason::MarketUnknown,
            Self::PackUnknown { .. } => ErrorReason::PackUnknown,
            Self::DecisionUnknown { .. } => ErrorReason::NotFound,
            Self::EngineGone { .. } => ErrorReason::NotImplemented,
            Self::PackRefused(_) => ErrorReason::PackRefused,
            Self::VersionNotRising { .. } | Self::EffectiveNotRising { .. } => {
                ErrorReason::PackVersionNotRising
            }
            Self::NoticeTooShort { .. } => ErrorReason::NoticeTooShort,
            Self::ImpactReportMissing { .. } => ErrorReason::ImpactReportMissing,
            Self::SecondPersonRequired { .. } => ErrorReason::SecondPersonRequired,
            Self::Invalid(_) => ErrorReason::InvalidFields,
            Self::Page(_) => ErrorReason::PageTokenInvalid,
            Self::Storage(error) => of_trouble(error.trouble()).1,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::MarketUnknown { market, nearest } => {
                vec![("market", market.clone()), ("nearest", nearest.join(","))]
            }
            Self::VersionNotRising { market, now, .. } => {
                vec![("market", market.clone()), ("now", now.clone())]
            }
            Self::NoticeTooShort { earliest } => {
                vec![("earliest", earliest.unix_timestamp().to_string())]
            }
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(invalid) => invalid.violations(),
            Self::PackRefused(problems) => problems
                .iter()
                .map(|found| Violation {
                    field: format!("yaml:{}:{}", found.problem.line, found.problem.column),
                    description: format!(
                        "{} {}: {}",
                        found.market, found.problem.path, found.problem.message
                    ),
                })
                .collect(),
            _ => Vec::new(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        tongguan_rpc::status(&error)
    }
}
