//! Errors in JSON: the same details that gRPC clients get, as `google.rpc.Status` writes them.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use tongguan_rpc::{Body, ErrorReason};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The answer for a status made here, at the door.
pub(crate) fn refuse(
    http: StatusCode,
    code: Code,
    reason: ErrorReason,
    message: &str,
) -> Response<Body> {
    let error = json!({"code": code as i32, "message": message, "details": [error_info(reason)]});
    answer(http, &error, None)
}

/// Rewrites the error body of the transcoder: binary details become objects, and a refusal without
/// any gets its reason.
pub(crate) fn rewrite(http: StatusCode, body: &[u8]) -> Response<Body> {
    let parsed: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let code = parsed
        .get("code")
        .and_then(Value::as_i64)
        .map_or_else(|| code_of(http), |code| Code::from_i32(code as i32));
    let message = parsed
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or("the request was refused");
    let packed = parsed
        .get("details")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let details = unpack(packed);
    let mut wait = details.retry_info().and_then(|info| info.retry_delay);
    let too_large = details
        .error_info()
        .is_some_and(|info| info.reason == "MESSAGE_TOO_LARGE");
    let http = if too_large {
        StatusCode::PAYLOAD_TOO_LARGE
    } else {
        http
    };
    let mut details = objects(&details);
    if details.is_empty() {
        details.push(error_info(reason_of(code)));
        if matches!(code, Code::Unavailable | Code::ResourceExhausted) {
            // What failed below a service says nothing of when: a second, as services say themselves.
            wait = Some(Duration::from_secs(1));
            details.push(
                json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}),
            );
        }
        if code == Code::InvalidArgument {
            details.push(json!({
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{"field": "", "description": message}],
            }));
        }
    }
    answer(
        http,
        &json!({"code": code as i32, "message": message, "details": details}),
        wait,
    )
}

/// A status made here, with all of its details.
pub(crate) fn of_status(status: &Status) -> Response<Body> {
    let http = match status.code() {
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => {
            StatusCode::BAD_REQUEST
        }
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let details = status.get_error_details();
    let wait = details.retry_info().and_then(|info| info.retry_delay);
    let error = json!({
        "code": status.code() as i32,
        "message": status.message(),
        "details": objects(&details),
    });
    answer(http, &error, wait)
}

/// A status as JSON, for the end of a stream.
pub(crate) fn json_of(status: &rest_over_grpc::handling::Status) -> Value {
    let details = objects(&unpack(status.details()));
    json!({"code": status.code() as i32, "message": status.message(), "details": details})
}

fn answer(http: StatusCode, error: &Value, wait: Option<Duration>) -> Response<Body> {
    let mut response = Response::new(Body::new(http_body_util::Full::new(
        error.to_string().into(),
    )));
    *response.status_mut() = http;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if http == StatusCode::UNAUTHORIZED {
        headers.insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"tongguan\""),
        );
    }
    if let Some(wait) = wait {
        // The header counts whole seconds: rounded up, so that nobody comes too early.
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
        );
    }
    response
}

fn error_info(reason: ErrorReason) -> Value {
    let reason = reason.as_str_name().trim_start_matches("ERROR_REASON_");
    json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "tongguan", "metadata": {}})
}

/// The details that the bridge packs as the bytes of `grpc-status-details-bin`.
fn unpack(packed: &[Value]) -> ErrorDetails {
    let bytes = packed
        .iter()
        .find_map(|detail| STANDARD.decode(detail.get("value")?.as_str()?).ok());
    Status::with_details(Code::Unknown, "", bytes.unwrap_or_default().into()).get_error_details()
}

/// Details as proto3 JSON writes an `Any`; kinds that no service of ours sends are left out.
fn objects(details: &ErrorDetails) -> Vec<Value> {
    // `@type` first: it says how to read the rest.
    let typed = |kind: &str, object: Value| {
        let kind = json!(format!("type.googleapis.com/google.rpc.{kind}"));
        let fields = object.as_object().cloned().unwrap_or_default();
        Value::Object(
            std::iter::once(("@type".to_owned(), kind))
                .chain(fields)
                .collect(),
        )
    };
    let mut objects = Vec::new();
    if let Some(info) = details.error_info() {
        let metadata: BTreeMap<_, _> = info.metadata.iter().collect();
        objects.push(typed(
            "ErrorInfo",
            json!({"reason": info.reason, "domain": info.domain, "metadata": metadata}),
        ));
    }
    if let Some(wrong) = details.bad_request() {
        let fields = wrong
            .field_violations
            .iter()
            .map(|one| json!({"field": one.field, "description": one.description}));
        objects.push(typed(
            "BadRequest",
            json!({"fieldViolations": fields.collect::<Vec<_>>()}),
        ));
    }
    if let Some(failure) = details.precondition_failure() {
        let steps = failure.violations.iter();
        let steps = steps.map(|one| json!({"type": one.r#type, "subject": one.subject, "description": one.description}));
        objects.push(typed(
            "PreconditionFailure",
            json!({"violations": steps.collect::<Vec<_>>()}),
        ));
    }
    if let Some(wait) = details.retry_info().and_then(|info| info.retry_delay) {
        objects.push(typed(
            "RetryInfo",
            json!({"retryDelay": format!("{}s", wait.as_secs_f64())}),
        ));
    }
    objects
}

fn code_of(http: StatusCode) -> Code {
    match http {
        StatusCode::BAD_REQUEST => Code::InvalidArgument,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
        _ => Code::Internal,
    }
}

fn reason_of(code: Code) -> ErrorReason {
    match code {
        Code::InvalidArgument | Code::OutOfRange => ErrorReason::InvalidFields,
        Code::NotFound => ErrorReason::NotFound,
        Code::Unauthenticated => ErrorReason::Unauthenticated,
        Code::PermissionDenied => ErrorReason::ScopeMissing,
        Code::ResourceExhausted => ErrorReason::QuotaExceeded,
        Code::Unimplemented => ErrorReason::NotImplemented,
        Code::Unavailable => ErrorReason::PeerUnavailable,
        Code::DeadlineExceeded | Code::Cancelled => ErrorReason::DeadlineExceeded,
        _ => ErrorReason::Internal,
    }
}
