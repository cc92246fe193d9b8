//! JSON over HTTP: the transcoder over a bridge per service, with errors that keep their details.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited, StreamBody};
use rest_over_grpc::transcoding::{StreamingResponse, Transcode, TranscodeResponse};
use serde_json::Value;
use tongguan_api::{Forward, rest::Transcoder};
use tongguan_rpc::{Body, Channel, ErrorReason, Routes};
use tonic::Code;

use super::catalogue::{self, catalogue};
use super::failure;
use crate::Error;

/// The headers of a request that reach a service; all others stay at the door.
const PASSED: [&str; 6] = [
    "authorization",
    "traceparent",
    "tracestate",
    "x-request-id",
    "grpc-timeout",
    // Made by the door itself: what a client sends under this name never comes so far.
    tongguan_access::CLOCK,
];
/// The name of a client's own idempotency key (the IETF draft of that name).
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// Answers REST calls by calling the services' channels. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Rest {
    call: Arc<dyn Call>,
    largest_body: usize,
}

/// The transcoder behind one name: its type lists every service twice over.
#[tonic::async_trait]
trait Call: Send + Sync {
    async fn call(
        &self,
        method: &str,
        target: &str,
        headers: HeaderMap,
        body: &[u8],
    ) -> Option<TranscodeResponse>;
}

struct Over<T>(T);

#[tonic::async_trait]
impl<T: Transcode + Send + Sync> Call for Over<T> {
    async fn call(
        &self,
        method: &str,
        target: &str,
        headers: HeaderMap,
        body: &[u8],
    ) -> Option<TranscodeResponse> {
        self.0.try_transcode(method, target, headers, body).await
    }
}

/// The bridge of a service over its channel. The channel's own guard checks the token, so the
/// bridge has none.
macro_rules! bridge {
    ($routes:expr, $package:ident, $bridge:ident, $service:ident, $rest:ident) => {
        tongguan_api::$package::v1::$bridge::$rest::externally_authenticated(channel(
            $routes,
            concat!(
                "tongguan.",
                stringify!($package),
                ".v1.",
                stringify!($service)
            ),
        ))
    };
}

/// The channel of a service; one that says so where the role is not routed.
fn channel(routes: &Routes, name: &str) -> Forward<Channel> {
    let absent = || {
        Channel::from_service(tower::service_fn(|_| async {
            Err::<Response<Body>, _>(Error::NotServed.into())
        }))
    };
    Forward(routes.get(name).cloned().unwrap_or_else(absent))
}

impl Rest {
    pub(crate) fn new(routes: &Routes, largest_body: usize) -> Self {
        let transcoder = Transcoder::new(
            bridge!(
                routes,
                clearance,
                __rest_over_grpc_bridge_ExportClearance,
                ExportClearance,
                ExportClearanceRestBridge
            ),
            bridge!(
                routes,
                destinations,
                __rest_over_grpc_bridge_DestinationRules,
                DestinationRules,
                DestinationRulesRestBridge
            ),
            bridge!(
                routes,
                gateway,
                __rest_over_grpc_bridge_Audit,
                Audit,
                AuditRestBridge
            ),
            bridge!(
                routes,
                gateway,
                __rest_over_grpc_bridge_Events,
                Events,
                EventsRestBridge
            ),
            bridge!(
                routes,
                gateway,
                __rest_over_grpc_bridge_Webhooks,
                Webhooks,
                WebhooksRestBridge
            ),
            bridge!(
                routes,
                maintenance,
                __rest_over_grpc_bridge_MaintenanceLookup,
                MaintenanceLookup,
                MaintenanceLookupRestBridge
            ),
            bridge!(
                routes,
                gateway,
                __rest_over_grpc_bridge_ExportReadiness,
                ExportReadiness,
                ExportReadinessRestBridge
            ),
            bridge!(
                routes,
                gateway,
                __rest_over_grpc_bridge_Sandbox,
                Sandbox,
                SandboxRestBridge
            ),
            bridge!(
                routes,
                inspection,
                __rest_over_grpc_bridge_InspectionIntake,
                InspectionIntake,
                InspectionIntakeRestBridge
            ),
            bridge!(
                routes,
                registry,
                __rest_over_grpc_bridge_VehicleRegistry,
                VehicleRegistry,
                VehicleRegistryRestBridge
            ),
        );
        Self {
            call: Arc::new(Over(transcoder)),
            largest_body,
        }
    }

    /// Answers one call of `method`; without one there is nothing here.
    pub(crate) async fn answer(
        &self,
        method: Option<&catalogue::Method>,
        parts: Parts,
        body: Body,
    ) -> Response<Body> {
        let path = parts.uri.path();
        let Some(method) = method else {
            return nothing_here(path);
        };
        let body = match Limited::new(body, self.largest_body).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let message = format!("the body is larger than {} bytes", self.largest_body);
                return failure::refuse(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    Code::ResourceExhausted,
                    ErrorReason::MessageTooLarge,
                    &message,
                );
            }
            Err(_) => {
                let message = "the body did not arrive whole";
                return failure::refuse(
                    StatusCode::BAD_REQUEST,
                    Code::InvalidArgument,
                    ErrorReason::InvalidFields,
                    message,
                );
            }
        };
        let (target, body) = with_key(method, &parts, body);
        let headers = passed(&parts.headers);
        match self
            .call
            .call(parts.method.as_str(), &target, headers, &body)
            .await
        {
            None => nothing_here(path),
            Some(TranscodeResponse::Unary(answer)) => {
                let answer = answer.into_http();
                if answer.status().is_success() {
                    let content = answer.headers().get(header::CONTENT_TYPE).cloned();
                    let mut response =
                        Response::new(Body::new(Full::new(zulu(answer.into_body()))));
                    let json = HeaderValue::from_static("application/json");
                    response
                        .headers_mut()
                        .insert(header::CONTENT_TYPE, content.unwrap_or(json));
                    response
                } else {
                    failure::rewrite(answer.status(), answer.body())
                }
            }
            Some(TranscodeResponse::Streaming(answer)) => stream(answer),
        }
    }
}

/// A stream whose failure is said in its own form: a last NDJSON line or an SSE event `error`. A JSON
/// array is cut short instead, so that no reader takes half of it for the whole.
fn stream(answer: StreamingResponse) -> Response<Body> {
    let (content, _, frames) = answer.into_parts();
    let kind = content.to_str().unwrap_or_default().to_owned();
    let frames = frames.map(move |frame| match frame {
        Ok(bytes) => Ok(Frame::data(zulu(bytes))),
        Err(status) => {
            let error = failure::json_of(&status);
            if kind.starts_with("application/x-ndjson") {
                Ok(Frame::data(Bytes::from(format!(
                    "{}\n",
                    serde_json::json!({ "error": error })
                ))))
            } else if kind.starts_with("text/event-stream") {
                Ok(Frame::data(Bytes::from(format!(
                    "event: error\ndata: {error}\n\n"
                ))))
            } else {
                Err(std::io::Error::other("the stream ended early"))
            }
        }
    });
    let mut response = Response::new(Body::new(StreamBody::new(frames)));
    response.headers_mut().insert(header::CONTENT_TYPE, content);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Instants as proto3 JSON writes them: pbjson ends UTC with `+00:00`, the specification and every client's pattern
/// with `Z`. Only a whole string that is an instant is touched.
fn zulu(mut json: Vec<u8>) -> Bytes {
    const OFFSET: &[u8] = b"+00:00\"";
    let mut from = 0;
    while let Some(at) = json[from..]
        .windows(OFFSET.len())
        .position(|window| window == OFFSET)
        .map(|at| from + at)
    {
        let start = json[..at].iter().rposition(|byte| *byte == b'"');
        if start.is_some_and(|start| is_instant(&json[start + 1..at])) {
            json.splice(at..at + OFFSET.len() - 1, [b'Z']);
        }
        from = at + 1;
    }
    Bytes::from(json)
}

/// `2026-03-02T04:00:00`, with or without a fraction.
fn is_instant(text: &[u8]) -> bool {
    const PATTERN: &[u8] = b"0000-00-00T00:00:00";
    text.len() >= PATTERN.len()
        && text
            .iter()
            .enumerate()
            .all(|(place, byte)| match PATTERN.get(place) {
                Some(b'0') => byte.is_ascii_digit(),
                Some(fixed) => byte == fixed,
                None if place == PATTERN.len() => *byte == b'.',
                None => byte.is_ascii_digit(),
            })
}

fn nothing_here(path: &str) -> Response<Body> {
    let verbs = catalogue().verbs(path);
    if verbs.is_empty() {
        let message = "nothing is served here; /docs lists what is";
        return failure::refuse(
            StatusCode::NOT_FOUND,
            Code::NotFound,
            ErrorReason::NotFound,
            message,
        );
    }
    let message = "the path does not take this method";
    let mut answer = failure::refuse(
        StatusCode::METHOD_NOT_ALLOWED,
        Code::Unimplemented,
        ErrorReason::NotImplemented,
        message,
    );
    if let Ok(allow) = HeaderValue::from_str(&verbs.join(", ")) {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}

fn passed(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in PASSED {
        for value in headers.get_all(name) {
            kept.append(HeaderName::from_static(name), value.clone());
        }
    }
    // The transcoder reads it to choose between a JSON array, NDJSON and server-sent events.
    if let Some(accept) = headers.get(header::ACCEPT) {
        kept.insert(header::ACCEPT, accept.clone());
    }
    kept
}

/// Fills an empty `request_id` from the `Idempotency-Key`: in the body, or in the query of calls that have none.
fn with_key(method: &catalogue::Method, parts: &Parts, body: Bytes) -> (String, Bytes) {
    let target = target(&parts.uri);
    let key = parts
        .headers
        .get(IDEMPOTENCY_KEY)
        .and_then(|key| key.to_str().ok())
        .filter(|key| !key.is_empty());
    let Some(key) = key.filter(|_| method.idempotent) else {
        return (target, body);
    };
    if parts.method == Method::DELETE || parts.method == Method::GET {
        if target.contains("requestId=") || target.contains("request_id=") {
            return (target, body);
        }
        let key: String = key
            .bytes()
            .flat_map(|byte| format!("%{byte:02X}").into_bytes())
            .map(char::from)
            .collect();
        let joint = if target.contains('?') { '&' } else { '?' };
        return (format!("{target}{joint}requestId={key}"), body);
    }
    let Ok(Value::Object(mut object)) =
        serde_json::from_slice::<Value>(if body.is_empty() { b"{}" } else { &body })
    else {
        return (target, body);
    };
    let given = ["requestId", "request_id"]
        .iter()
        .any(|name| object.get(*name).is_some_and(|id| id != ""));
    if given {
        return (target, body);
    }
    object.remove("request_id");
    object.insert("requestId".to_owned(), Value::from(key));
    (target, Bytes::from(Value::Object(object).to_string()))
}

fn target(uri: &Uri) -> String {
    uri.path_and_query()
        .map_or_else(|| uri.path().to_owned(), |both| both.as_str().to_owned())
}
