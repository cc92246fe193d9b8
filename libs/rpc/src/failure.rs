//! Refusals as data: a code, a reason of the public catalogue, and details an integrator can act on.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::time::Duration;

use tongguan_api::common::v1::{ErrorReason, FieldViolation, Problem};
use tongguan_vocabulary::Trouble;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in the request, such as `vehicle.first_registered`.
    pub field: String,
    /// What is wrong with it, as one phrase.
    pub description: String,
}

/// What a service's `Error` says of itself; its `Display` is the message callers read.
pub trait Failure: Error {
    /// The gRPC code.
    fn code(&self) -> Code;
    /// The reason in the public catalogue.
    fn reason(&self) -> ErrorReason;
    /// The nouns of the fact, such as `("market", "KE")`; never personal data.
    fn metadata(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// The nouns that a peer's refusal named, under the peer's names; those of [`Failure::metadata`] go before them.
    fn carried(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
    /// Every wrong field, where fields are wrong.
    fn violations(&self) -> Vec<Violation> {
        Vec::new()
    }
    /// The legal steps, where an illegal one was asked for.
    fn legal(&self) -> Vec<String> {
        Vec::new()
    }
    /// How long to wait before a retry can help; `UNAVAILABLE` and `RESOURCE_EXHAUSTED` get a second by default.
    fn retry_after(&self) -> Option<Duration> {
        matches!(self.code(), Code::Unavailable | Code::ResourceExhausted)
            .then_some(Duration::from_secs(1))
    }
}

/// How a dependency's trouble is answered.
pub fn of_trouble(trouble: Trouble) -> (Code, ErrorReason) {
    match trouble {
        Trouble::Unavailable => (Code::Unavailable, ErrorReason::StorageUnavailable),
        Trouble::Contended => (Code::Aborted, ErrorReason::RequestInFlight),
        Trouble::KeyReused => (Code::InvalidArgument, ErrorReason::IdempotencyKeyReused),
        Trouble::Taken => (Code::AlreadyExists, ErrorReason::AlreadyExists),
        Trouble::Internal => (Code::Internal, ErrorReason::Internal),
    }
}

/// The rich status of a failure; causes behind ours are logged here once and never sent.
pub fn status(failure: &impl Failure) -> Status {
    let code = failure.code();
    log_causes(failure, code);
    let mut details = ErrorDetails::new();
    details.set_error_info(reason_name(failure.reason()), "tongguan", nouns(failure));
    for violation in failure.violations() {
        details.add_bad_request_violation(violation.field, violation.description);
    }
    for step in failure.legal() {
        details.add_precondition_failure_violation(
            "LEGAL_TRANSITION",
            step,
            "this step is legal from here",
        );
    }
    if let Some(wait) = failure.retry_after() {
        details.set_retry_info(Some(wait));
    }
    Status::with_error_details(code, failure.to_string(), details)
}

/// The same as a row of a bulk answer.
pub fn problem(failure: &impl Failure) -> Problem {
    log_causes(failure, failure.code());
    Problem {
        code: failure.code() as i32,
        reason: failure.reason() as i32,
        message: failure.to_string(),
        field_violations: failure
            .violations()
            .into_iter()
            .map(|violation| FieldViolation {
                field: violation.field,
                description: violation.description,
            })
            .collect(),
        metadata: nouns(failure),
    }
}

/// What the refusal names, its own nouns before those of a peer.
fn nouns(failure: &impl Failure) -> HashMap<String, String> {
    let own = failure.metadata().into_iter();
    let own = own.map(|(key, value)| (key.to_owned(), value));
    failure.carried().into_iter().chain(own).collect()
}

/// The catalogue name without its prefix, such as `VIN_TAKEN`.
fn reason_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

fn log_causes(failure: &impl Failure, code: Code) {
    if !matches!(
        code,
        Code::Internal | Code::Unavailable | Code::Unknown | Code::DataLoss
    ) {
        return;
    }
    let mut causes = Vec::new();
    let mut source = failure.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    tracing::warn!(%failure, ?code, causes = causes.join(": "), "a call failed");
}
