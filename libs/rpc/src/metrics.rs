//! One histogram of served calls, from which rate, errors and duration of every method follow (OpenTelemetry `rpc.*`).

use std::time::Duration;

use tongguan_meters::{CALL_DURATION, label};

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
    CALL_DURATION.record(
        time.as_secs_f64(),
        &[
            label("rpc.method", method(path, code).to_owned()),
            label("rpc.response.status_code", code),
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
