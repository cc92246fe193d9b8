//! The gateway's section of the configuration.

mod quotas;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use quotas::{Quota, Quotas, Raised, RaisedError};

/// How the gateway is run; the defaults work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest JSON body taken, bytes; batches of 1,000 vehicles fit.
    pub max_json_bytes: usize,
    /// Largest gRPC request taken by the gateway's own services, bytes.
    pub max_message_bytes: usize,
    /// Origins whose scripts may call; `*` is safe, since tokens travel in a header and never in a cookie.
    pub cors_origins: Vec<String>,
    /// How long CheckReadiness waits where the caller does not say, milliseconds.
    pub readiness_wait_ms: u64,
    /// Cars of one stream that are checked at the same time.
    pub readiness_parallel: usize,
    /// Whether webhooks may go to plain HTTP and into private networks; for tests and closed networks only.
    pub webhook_private_addresses: bool,
    /// The key that seals webhook signing keys at rest: 64 hex digits, the same for every replica; wins over the file.
    pub webhook_key: String,
    /// A file with that key, made with a random one where it is missing; the embedded default puts it into the data folder.
    pub webhook_key_file: Option<PathBuf>,
    /// Days that webhook deliveries which are over are kept.
    pub keep_deliveries_days: u32,
    /// Days that events are kept, from when they were recorded; 0 keeps them for ever. A reader's cursor that is older is
    /// answered OUT_OF_RANGE with the oldest one.
    pub keep_events_days: u32,
    /// Events of a tenant that are kept, the newest; 0 keeps all.
    pub keep_events: u64,
    /// Different subjects shown abroad in a year from which on a standard contract or a certification is needed; 100,000
    /// for ordinary personal data (CAC Order No. 16 of 2024, article 8). A VIN of an identifiable owner is such data.
    pub export_contract_threshold: u64,
    /// The same for a security assessment; 1,000,000 (article 7).
    pub export_assessment_threshold: u64,
    /// How much each tenant may ask for.
    pub quotas: Quotas,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_json_bytes: 2 << 20,
            max_message_bytes: 2 << 20,
            cors_origins: vec!["*".to_owned()],
            readiness_wait_ms: 2_000,
            readiness_parallel: 16,
            webhook_private_addresses: false,
            webhook_key: String::new(),
            webhook_key_file: None,
            keep_deliveries_days: 90,
            keep_events_days: 400,
            keep_events: 0,
            export_contract_threshold: 100_000,
            export_assessment_threshold: 1_000_000,
            quotas: Quotas::default(),
        }
    }
}
