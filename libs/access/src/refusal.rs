//! Why a call is refused before it reaches its handler.

use std::collections::HashMap;

use tongguan_api::common::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// Why a caller is not let in. The texts go to the caller and help mend an integration; none says
/// anything about other tenants or our keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no `authorization: Bearer …`, or more than one.
    #[error("send exactly one `authorization: Bearer …` header")]
    NoToken,
    /// The token is not three parts of base64url JSON, is too long, or names a claim twice.
    #[error("the token is malformed")]
    Malformed,
    /// The algorithm is not the one the key is for.
    #[error("the token's algorithm is not the one its key is for")]
    Algorithm,
    /// The key is unknown or the signature is not by it.
    #[error("the token is not signed by a key that counts here")]
    Signature,
    /// The issuer is not the owner of the key.
    #[error("the token's issuer does not count here")]
    Issuer,
    /// The token is for somebody else.
    #[error("the token's audience is another one")]
    Audience,
    /// The token's time is over.
    #[error("the token has expired")]
    Expired,
    /// The token's time has not come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The tenant is absent, malformed, or not one the issuer speaks for.
    #[error("the token names no tenant its issuer may speak for")]
    Tenant,
    /// The caller lacks the scope of the method.
    #[error("the method needs the scope {scope}")]
    ScopeMissing {
        /// The scope needed.
        scope: String,
    },
    /// The method is not in the contract, or has no scope there.
    #[error("the method is not open to anybody")]
    NoPolicy,
}

impl Refusal {
    const fn code(&self) -> Code {
        match self {
            Self::ScopeMissing { .. } | Self::NoPolicy => Code::PermissionDenied,
            _ => Code::Unauthenticated,
        }
    }

    const fn reason(&self) -> ErrorReason {
        match self {
            Self::ScopeMissing { .. } | Self::NoPolicy => ErrorReason::ScopeMissing,
            _ => ErrorReason::Unauthenticated,
        }
    }
}

impl From<Refusal> for Status {
    fn from(refusal: Refusal) -> Self {
        let reason = refusal
            .reason()
            .as_str_name()
            .trim_start_matches("ERROR_REASON_");
        let metadata = match &refusal {
            Refusal::ScopeMissing { scope } => HashMap::from([("scope".to_owned(), scope.clone())]),
            _ => HashMap::new(),
        };
        let details = ErrorDetails::with_error_info(reason, "tongguan", metadata);
        Self::with_error_details(refusal.code(), refusal.to_string(), details)
    }
}
