//! What the listener itself refuses, in the words of both protocols.

use std::time::Duration;

use http::{HeaderValue, Response, StatusCode, header};
use tongguan_rpc::{Body, ErrorReason, Failure, status};
use tonic::Code;

/// How long a refused caller should stay away: about what a full house needs to answer everyone.
const PUSHBACK: Duration = Duration::from_millis(500);

/// A call that no service saw, or that none finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("too many calls are in work; come back later")]
    Overloaded,
    #[error("the body is larger than {most} bytes")]
    TooLarge { most: usize },
    #[error("the answer took too long")]
    TooSlow,
    #[error("a fault on our side")]
    Panicked,
}

impl Failure for Refusal {
    fn code(&self) -> Code {
        match self {
            Self::Overloaded | Self::TooLarge { .. } => Code::ResourceExhausted,
            Self::TooSlow => Code::DeadlineExceeded,
            Self::Panicked => Code::Internal,
        }
    }

    fn reason(&self) -> ErrorReason {
        match self {
            Self::Overloaded => ErrorReason::Overloaded,
            Self::TooLarge { .. } => ErrorReason::MessageTooLarge,
            Self::TooSlow => ErrorReason::DeadlineExceeded,
            Self::Panicked => ErrorReason::Internal,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        (*self == Self::Overloaded).then_some(PUSHBACK)
    }
}

impl Refusal {
    /// A trailers-only answer with the rich status; `grpc-retry-pushback-ms` is what gRPC's own retries obey (gRFC A6).
    pub(super) fn as_grpc(self) -> Response<Body> {
        let mut response = status(&self).into_http();
        if let Some(wait) = self.retry_after() {
            let millis = HeaderValue::from(wait.as_millis() as u64);
            response
                .headers_mut()
                .insert("grpc-retry-pushback-ms", millis);
        }
        response
    }

    fn retry_info(self) -> String {
        let wait = self.retry_after().map(|wait| {
            format!(
                ",{{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"{}s\"}}",
                wait.as_secs_f64()
            )
        });
        wait.unwrap_or_default()
    }

    /// `google.rpc.Status` as JSON, as the transcoder answers.
    pub(super) fn as_json(self) -> Response<Body> {
        let name = self.reason().as_str_name();
        let text = format!(
            "{{\"code\":{},\"message\":\"{self}\",\"details\":[{{\"@type\":\"type.googleapis.com/google.rpc.ErrorInfo\",\
             \"reason\":\"{}\",\"domain\":\"tongguan\",\"metadata\":{{}}}}{}]}}",
            self.code() as i32,
            name.strip_prefix("ERROR_REASON_").unwrap_or(name),
            self.retry_info(),
        );
        let mut response = Response::new(Body::new(http_body_util::Full::from(text)));
        *response.status_mut() = match self {
            Self::Overloaded => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
            Self::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if self == Self::Overloaded {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
