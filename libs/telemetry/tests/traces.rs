//! A caller's trace is continued, and a quiet log does not cut it.

use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry::{Context, global};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SimpleSpanProcessor, SpanData, SpanExporter};
use tongguan_telemetry::{Config, Error, Format, init, init_with};
use tracing_opentelemetry::OpenTelemetrySpanExt;

#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(batch);
        Ok(())
    }
}

/// One process has one subscriber, so this is one test.
#[test]
fn a_callers_trace_is_continued_although_the_log_is_off_and_nothing_is_sampled_here() {
    let spans = Kept::default();
    let config = Config {
        log: "off".to_owned(),
        format: Format::Human,
        sample: 0.0,
        ..Config::default()
    };
    let telemetry =
        init_with(&config, "registry", SimpleSpanProcessor::new(spans.clone())).unwrap();
    let caller = SpanContext::new(
        TraceId::from(7_u128),
        SpanId::from(9_u64),
        TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );

    let unsampled = tracing::info_span!("ours alone");
    unsampled.in_scope(|| tracing::info!("said to nobody"));
    drop(unsampled);
    let joined = tracing::info_span!("joined");
    joined
        .set_parent(Context::new().with_remote_span_context(caller))
        .unwrap();
    let mut headers = std::collections::HashMap::new();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&joined.context(), &mut headers);
    });
    drop(joined);

    let finished = spans.0.lock().unwrap().clone();
    let names: Vec<_> = finished.iter().map(|span| span.name.as_ref()).collect();
    assert_eq!(names, ["joined"]);
    assert_eq!(finished[0].span_context.trace_id(), TraceId::from(7_u128));
    assert_eq!(finished[0].parent_span_id, SpanId::from(9_u64));
    let carried = headers.get("traceparent").expect("W3C propagation");
    assert!(
        carried.starts_with("00-00000000000000000000000000000007-"),
        "{carried}"
    );

    assert!(matches!(
        init(&config, "registry"),
        Err(Error::AlreadyInstalled)
    ));
    let absurd = Config {
        sample: 2.0,
        endpoint: "http://127.0.0.1:1".to_owned(),
        ..Config::default()
    };
    assert!(matches!(
        init(&absurd, "registry"),
        Err(Error::Sample { .. })
    ));
    assert_eq!(telemetry.filter().current(), "off");
    telemetry.shutdown().unwrap();
}
