//! The `[telemetry]` section of the configuration, with defaults that work and export nothing.

use serde::{Deserialize, Serialize};

/// What is logged, and where traces, metrics and logs are sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Which events are logged: directives of `tracing_subscriber::EnvFilter`, such as `info,tongguan_clearance=debug`.
    pub log: String,
    /// How log lines look on standard error.
    pub format: Format,
    /// OTLP collector (gRPC) for traces, metrics and logs, such as `http://127.0.0.1:4317`; empty exports nothing.
    pub endpoint: String,
    /// Share of root traces that are recorded, 0 to 1; a caller's decision wins over it.
    pub sample: f64,
    /// Seconds between two exports of metrics.
    pub metrics_interval: u64,
    /// Tells replicas of one role apart, such as the pod's name; empty says the process id.
    pub instance: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            log: "info".to_owned(),
            format: Format::Auto,
            endpoint: String::new(),
            // One percent costs nothing measurable; everything costs a third of the CPU.
            sample: 0.01,
            metrics_interval: 10,
            instance: String::new(),
        }
    }
}

impl Config {
    /// The collector's address, where one is named.
    pub fn exporting(&self) -> Option<&str> {
        let endpoint = self.endpoint.trim();
        (!endpoint.is_empty()).then_some(endpoint)
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// For people on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}
