//! The registry's section of the configuration.

use serde::{Deserialize, Serialize};

/// How the registry is run; the defaults work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest request taken, bytes; batches of 1,000 vehicles fit.
    pub max_message_bytes: usize,
    /// How often a watch looks for new events, milliseconds.
    pub watch_interval_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message_bytes: 2 << 20,
            watch_interval_ms: 250,
        }
    }
}
