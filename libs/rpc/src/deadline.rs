//! Deadlines travel with the call: what is left of a caller's time is all its callees get.

use std::future::Future;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

/// Time a call gets when its caller names none.
pub(crate) const DEFAULT: Duration = Duration::from_secs(5);
/// The most a caller may ask for.
pub(crate) const MAX: Duration = Duration::from_mins(1);

const HEADER: &str = "grpc-timeout";

tokio::task_local! {
    static DEADLINE: Instant;
}

/// What is left of the present call's time; nothing outside a call.
pub fn remaining() -> Option<Duration> {
    DEADLINE
        .try_with(|deadline| deadline.saturating_duration_since(Instant::now()))
        .ok()
}

/// Runs a call that must be over in `time`.
pub(crate) async fn scope<F: Future>(time: Duration, call: F) -> F::Output {
    DEADLINE.scope(Instant::now() + time, call).await
}

/// The time a request asks for, clamped; the default where it names none or nonsense.
pub(crate) fn asked(headers: &HeaderMap) -> Duration {
    headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .and_then(parse)
        .map_or(DEFAULT, |time| time.min(MAX))
}

/// Gives an outgoing request what is left of our own time, unless it names less itself.
pub(crate) fn inject(headers: &mut HeaderMap) {
    let own = headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .and_then(parse);
    let left = match (own, remaining()) {
        (Some(own), Some(left)) => own.min(left),
        (Some(time), None) | (None, Some(time)) => time,
        (None, None) => DEFAULT,
    };
    if let Ok(value) = HeaderValue::from_str(&format!("{}m", left.as_millis().min(99_999_999))) {
        headers.insert(HEADER, value);
    }
}

/// The wire form of the gRPC specification: up to eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(amount.saturating_mul(3_600))),
        "M" => Some(Duration::from_secs(amount.saturating_mul(60))),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonsense_gets_the_default_and_too_much_is_clamped() {
        let asked_for = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static(text));
            asked(&headers)
        };
        assert_eq!(asked_for("250m"), Duration::from_millis(250));
        assert_eq!(asked_for("9H"), MAX);
        for nonsense in ["", "m", "1", "-1S", "999999999S", "1x", "１S"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
        assert_eq!(asked_for("abc"), DEFAULT);
    }

    #[tokio::test]
    async fn a_callee_gets_no_more_than_is_left() {
        scope(Duration::from_millis(500), async {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static("30S"));
            inject(&mut headers);
            assert!(asked(&headers) <= Duration::from_millis(500));
        })
        .await;
    }
}
