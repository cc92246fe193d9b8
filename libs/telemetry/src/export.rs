//! Where telemetry goes: OTLP over gRPC to one collector, described as one role of this product.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    LogExporter, MetricExporter, SpanExporter as OtlpSpans, WithExportConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider, SpanExporter, SpanProcessor,
};

use crate::{Config, Error};

/// A collector that does not answer in this time loses the batch, never a call.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Who speaks: `service.name` is the role, so that one role's replicas add up.
pub(crate) fn resource(config: &Config, role: &str) -> Resource {
    let instance = if config.instance.is_empty() {
        std::process::id().to_string()
    } else {
        config.instance.clone()
    };
    Resource::builder_empty()
        .with_service_name(role.to_owned())
        .with_attributes([
            KeyValue::new("service.namespace", "tongguan"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", instance),
        ])
        .build()
}

/// Records nothing, yet carries a caller's trace on.
pub(crate) fn no_traces(resource: Resource) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOff)
        .with_resource(resource)
        .build()
}

/// Records the sampled share; a caller's decision wins.
pub(crate) fn traces(
    config: &Config,
    resource: Resource,
    processor: impl SpanProcessor + 'static,
) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(
            config.sample,
        ))))
        .with_resource(resource)
        .with_span_processor(processor)
        .build()
}

/// Sends spans in batches. The SDK's queue of 2,048 drops silently above some 10,000 spans a second: this one is larger.
pub(crate) fn batched(exporter: impl SpanExporter + 'static) -> BatchSpanProcessor {
    let config = BatchConfigBuilder::default()
        .with_max_queue_size(16_384)
        .with_max_export_batch_size(2_048)
        .with_scheduled_delay(Duration::from_secs(1))
        .build();
    BatchSpanProcessor::builder(exporter)
        .with_batch_config(config)
        .build()
}

pub(crate) fn otlp_spans(endpoint: &str) -> Result<OtlpSpans, Error> {
    Ok(OtlpSpans::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(TIMEOUT)
        .build()?)
}

pub(crate) fn otlp_metrics(
    config: &Config,
    endpoint: &str,
    resource: Resource,
) -> Result<SdkMeterProvider, Error> {
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(TIMEOUT)
        .build()?;
    let reader = PeriodicReader::builder(exporter)
        .with_interval(Duration::from_secs(config.metrics_interval.max(1)))
        .build();
    Ok(SdkMeterProvider::builder()
        .with_reader(reader)
        .with_resource(resource)
        .build())
}

pub(crate) fn otlp_logs(endpoint: &str, resource: Resource) -> Result<SdkLoggerProvider, Error> {
    let exporter = LogExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(TIMEOUT)
        .build()?;
    Ok(SdkLoggerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}
