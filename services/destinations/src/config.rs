//! The section of the configuration for destination rules.

use serde::{Deserialize, Serialize};

/// How destination rules are run; the defaults work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest request taken, bytes; a batch of 1,000 vehicles fits.
    pub max_message_bytes: usize,
    /// Hours between the second signature under a pack and its effect, outside the emergency lane.
    pub notice_hours: u32,
    /// How often packs published by other processes are looked for, seconds.
    pub refresh_seconds: u32,
    /// Batches of one matrix stream that are evaluated at the same time.
    pub matrix_parallel: usize,
    /// Recorded decisions a simulation without vehicles of its own runs over.
    pub simulation_sample: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message_bytes: 4 << 20,
            notice_hours: 48,
            refresh_seconds: 5,
            matrix_parallel: 4,
            simulation_sample: 1_000,
        }
    }
}
