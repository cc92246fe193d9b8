//! What can go wrong while telemetry is set up, changed or flushed.

use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::error::OTelSdkError;

/// A failure of telemetry itself; it never fails a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directives are not a log filter.
    #[error("\"{directives}\" is not a log filter: {cause}")]
    Filter {
        /// The text given.
        directives: String,
        /// What the parser says.
        cause: String,
    },
    /// The share of recorded traces is not between 0 and 1.
    #[error("telemetry.sample is {sample}, but a share is between 0 and 1")]
    Sample {
        /// The number given.
        sample: f64,
    },
    /// The address of the collector cannot be used.
    #[error("the telemetry exporter cannot be built")]
    Exporter(#[from] ExporterBuildError),
    /// Something else of this process has installed a subscriber already.
    #[error("logging is already set up in this process")]
    AlreadyInstalled,
    /// The filter's subscriber is gone.
    #[error("logging is not set up in this process")]
    NotInstalled,
    /// The last spans, metrics or logs could not be delivered.
    #[error("telemetry could not be flushed: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Flush(Vec<OTelSdkError>),
}
