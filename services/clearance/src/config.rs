//! The section of clearance in the configuration.

use serde::{Deserialize, Serialize};

/// How clearance is run; the defaults work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the issuer's keys, created with fresh keys on first start; empty keeps them in memory only
    /// (then certificates do not outlive the process: for tests).
    pub keys: String,
    /// The issuer's name, as it stands in certificates and in the trust bundle, 1 to 64 bytes.
    pub issuer: String,
    /// Whether the issuer is simulated: said on every certificate. Only an operator who is a real issuer says false.
    pub simulated: bool,
    /// Certificates on one status list.
    pub status_list_size: u32,
    /// How long verifiers may use a status list, seconds.
    pub status_list_ttl: u64,
    /// How long a trust bundle is trusted, days.
    pub trust_bundle_days: i64,
    /// How long a worker holds a case, seconds.
    pub lease_seconds: i64,
    /// How long a call to a peer may take, milliseconds.
    pub peer_timeout_ms: u64,
    /// How long sources of maintenance records are waited for, milliseconds.
    pub maintenance_wait_ms: u32,
    /// First pause of a parked case, seconds; it doubles up to an hour.
    pub retry_seconds: i64,
    /// How long the worker sleeps at most when nothing is due, milliseconds.
    pub worker_interval_ms: u64,
    /// How often packs in force are compared with those cases were decided on, milliseconds.
    pub pack_interval_ms: u64,
    /// The longest pause before a stream of a peer that ended or broke is followed again, milliseconds.
    pub follow_interval_ms: u64,
    /// Days before the last day of the deregistration on which the exporter is reminded; once more the day after.
    pub deregistration_reminder_days: Vec<u16>,
    /// How often a watch looks for new events, milliseconds.
    pub watch_interval_ms: u64,
    /// Largest request taken, bytes; a manifest of 5,000 QR texts is larger than this and is sent in parts.
    pub max_message_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keys: "data/clearance-keys".to_owned(),
            issuer: "tongguan-simulated".to_owned(),
            simulated: true,
            status_list_size: 1 << 17,
            status_list_ttl: 300,
            trust_bundle_days: 90,
            lease_seconds: 30,
            peer_timeout_ms: 5_000,
            maintenance_wait_ms: 3_000,
            retry_seconds: 30,
            worker_interval_ms: 1_000,
            pack_interval_ms: 15_000,
            follow_interval_ms: 5_000,
            deregistration_reminder_days: vec![30, 14, 3],
            watch_interval_ms: 250,
            max_message_bytes: 8 << 20,
        }
    }
}
