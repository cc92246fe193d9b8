//! The gateway's section of the configuration.

use serde::{Deserialize, Serialize};

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
        }
    }
}
