//! Traces, metrics, logs; returns a guard that flushes.
//!
//! Services only write `#[instrument]` and `tracing` events and record into the instruments of `meters`. This crate
//! decides where all of it goes: readable lines on standard error (standard output belongs to results), and, where a
//! collector is named, OTLP traces, metrics and logs that carry the same trace ids. W3C Trace Context is always
//! understood and passed on, exported or not. Nothing here adds a VIN, a plate or a person to a span or a label.

mod config;
mod error;
mod export;
mod filter;

use std::io::IsTerminal;

use opentelemetry::global;
use opentelemetry::trace::TracerProvider;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanProcessor};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

pub use config::{Config, Format};
pub use error::Error;
pub use filter::LogFilter;

type Boxed = Box<dyn Layer<Registry> + Send + Sync>;

/// Telemetry in force; [`Telemetry::shutdown`] delivers what is still queued.
pub struct Telemetry {
    filter: LogFilter,
    traces: SdkTracerProvider,
    metrics: Option<SdkMeterProvider>,
    logs: Option<SdkLoggerProvider>,
}

/// Sets telemetry up for this process, which serves `role` (such as `registry`, or `tongguan` for all of them).
///
/// Must run inside a Tokio runtime where a collector is named: the exporter's connection lives there.
pub fn init(config: &Config, role: &str) -> Result<Telemetry, Error> {
    install(
        config,
        role,
        traces(config, role)?,
        lines(config.format, std::io::stderr),
    )
}

/// The same, with log lines going to `writer` instead of standard error.
pub fn init_writing<W>(config: &Config, role: &str, writer: W) -> Result<Telemetry, Error>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    install(
        config,
        role,
        traces(config, role)?,
        lines(config.format, writer),
    )
}

/// The same, with finished spans going to `processor` instead of the collector.
pub fn init_with(
    config: &Config,
    role: &str,
    processor: impl SpanProcessor + 'static,
) -> Result<Telemetry, Error> {
    let traces = export::traces(valid(config)?, export::resource(config, role), processor);
    install(config, role, traces, lines(config.format, std::io::stderr))
}

fn traces(config: &Config, role: &str) -> Result<SdkTracerProvider, Error> {
    let resource = export::resource(config, role);
    Ok(match config.exporting() {
        Some(endpoint) => export::traces(
            valid(config)?,
            resource,
            export::batched(export::otlp_spans(endpoint)?),
        ),
        None => export::no_traces(resource),
    })
}

fn valid(config: &Config) -> Result<&Config, Error> {
    if (0.0..=1.0).contains(&config.sample) {
        Ok(config)
    } else {
        Err(Error::Sample {
            sample: config.sample,
        })
    }
}

fn install(
    config: &Config,
    role: &str,
    traces: SdkTracerProvider,
    lines: Boxed,
) -> Result<Telemetry, Error> {
    let mut filters = filter::Filters::new(&config.log);
    let resource = export::resource(config, role);
    let mut layers: Vec<Boxed> = vec![
        lines.with_filter(filters.layer("warn")?).boxed(),
        // Spans do not follow the log filter: a quiet log must not cut traces in two.
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer("tongguan"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(LevelFilter::INFO)
            .boxed(),
    ];
    let (mut metrics, mut logs) = (None, None);
    if let Some(endpoint) = config.exporting() {
        metrics = Some(export::otlp_metrics(config, endpoint, resource.clone())?);
        let provider = export::otlp_logs(endpoint, resource)?;
        layers.push(
            OpenTelemetryTracingBridge::new(&provider)
                .with_filter(filters.layer("off")?)
                .boxed(),
        );
        logs = Some(provider);
    }
    tracing_subscriber::registry()
        .with(layers)
        .try_init()
        .map_err(|_| Error::AlreadyInstalled)?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    global::set_tracer_provider(traces.clone());
    if let Some(metrics) = &metrics {
        global::set_meter_provider(metrics.clone());
    }
    Ok(Telemetry {
        filter: filters.shared(),
        traces,
        metrics,
        logs,
    })
}

fn lines<W>(format: Format, writer: W) -> Boxed
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let terminal = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    match format {
        Format::Json => layer.json().flatten_event(true).boxed(),
        Format::Auto if !terminal => layer.json().flatten_event(true).boxed(),
        Format::Human | Format::Auto => layer.with_target(false).with_ansi(terminal).boxed(),
    }
}

impl Telemetry {
    /// The log filter, to read and to change.
    pub fn filter(&self) -> LogFilter {
        self.filter.clone()
    }

    /// Delivers what is queued and stops exporting. Blocks up to some seconds where the collector does not answer, so
    /// on a Tokio runtime it belongs into `spawn_blocking` (the exporter's connection needs the runtime meanwhile).
    pub fn shutdown(self) -> Result<(), Error> {
        let outcomes = [
            Some(self.traces.shutdown()),
            self.metrics.map(|metrics| metrics.shutdown()),
            self.logs.map(|logs| logs.shutdown()),
        ];
        let failures: Vec<_> = outcomes
            .into_iter()
            .flatten()
            .filter_map(Result::err)
            .collect();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(Error::Flush(failures))
        }
    }
}
