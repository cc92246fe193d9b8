//! Trace context on every call (W3C Trace Context) and one span per served RPC (OpenTelemetry `rpc.*`).

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use opentelemetry::global;
use opentelemetry::propagation::{Extractor, Injector};
use tracing::{Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::Body;

/// Puts the present span's context into the headers of an outgoing call.
pub(crate) fn inject(headers: &mut HeaderMap) {
    let context = Span::current().context();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&context, &mut Headers(headers));
    });
}

/// The span of a served call, child of the caller's.
pub(crate) fn server_span(request: &Request<Body>) -> Span {
    let path = request.uri().path().trim_start_matches('/');
    let (service, method) = path.split_once('/').unwrap_or((path, ""));
    let span = tracing::info_span!(
        "rpc",
        otel.name = path,
        otel.kind = "server",
        rpc.system = "grpc",
        rpc.service = service,
        rpc.method = method,
        rpc.grpc.status_code = field::Empty,
    );
    let parent =
        global::get_text_map_propagator(|propagator| propagator.extract(&View(request.headers())));
    // Fails only where no OpenTelemetry layer is installed: then there is no trace to join.
    let _joined = span.set_parent(parent);
    span
}

/// The span of a hop that passes calls on, such as the gateway's, child of the caller's.
///
/// Its name is the hop alone: a REST path can hold a VIN.
pub fn hop_span<B>(hop: &'static str, request: &Request<B>) -> Span {
    let span = tracing::info_span!("hop", otel.name = hop, otel.kind = "server");
    let parent =
        global::get_text_map_propagator(|propagator| propagator.extract(&View(request.headers())));
    let _joined = span.set_parent(parent);
    span
}

/// Says on the present span what it is about, so that traces can be found by it: `key` is such as `tongguan.case_id`,
/// the id one of ours, never a VIN or a person.
pub fn about(key: &'static str, id: impl std::fmt::Display) {
    let span = Span::current();
    if !span.is_disabled() {
        span.set_attribute(key, id.to_string());
    }
}

/// Writes the status code of an answer onto the present span and says it; absent in headers means OK so far.
pub(crate) fn record_outcome(response: &Response<Body>) -> i64 {
    let code = response
        .headers()
        .get("grpc-status")
        .and_then(|code| code.to_str().ok())
        .and_then(|code| code.parse::<i64>().ok())
        .unwrap_or(0);
    Span::current().record("rpc.grpc.status_code", code);
    code
}

struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

struct View<'a>(&'a HeaderMap);

impl Extractor for View<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}
