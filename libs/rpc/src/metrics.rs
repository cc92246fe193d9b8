//! One histogram of served calls, from which rate, errors and duration of every method follow (OpenTelemetry `rpc.*`).

use std::sync::LazyLock;
use std::time::Duration;

use opentelemetry::metrics::Histogram;
use opentelemetry::{KeyValue, global};

/// Bounds in seconds: a call in process takes microseconds, a deadline is at most a minute.
const BOUNDS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Telemetry is set up before the first call is served; without it this records nothing.
static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| {
    global::meter("tongguan")
        .f64_histogram("rpc.server.call.duration")
        .with_unit("s")
        .with_boundaries(BOUNDS.to_vec())
        .build()
});

/// The names of the gRPC codes, by number.
const CODES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

/// Counts a call of `path` (`package.Service/Method`) that was answered with `code`.
pub(crate) fn served(path: &str, code: i64, time: Duration) {
    let code = usize::try_from(code)
        .ok()
        .and_then(|code| CODES.get(code))
        .copied()
        .unwrap_or("UNKNOWN");
    DURATION.record(
        time.as_secs_f64(),
        &[
            KeyValue::new("rpc.method", method(path, code).to_owned()),
            KeyValue::new("rpc.response.status_code", code),
        ],
    );
}

/// A name that callers make up must not become a time series of its own.
fn method<'a>(path: &'a str, code: &str) -> &'a str {
    if code == "UNIMPLEMENTED" {
        "_OTHER"
    } else {
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_methods_share_one_series() {
        assert_eq!(
            method("tongguan.registry.v1.VehicleRegistry/Nonsense", CODES[12]),
            "_OTHER"
        );
        assert_eq!(
            method("tongguan.registry.v1.VehicleRegistry/GetVehicle", CODES[5]),
            "tongguan.registry.v1.VehicleRegistry/GetVehicle"
        );
        assert_eq!(CODES[16], "UNAUTHENTICATED");
    }
}
