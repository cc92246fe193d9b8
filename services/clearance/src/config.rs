//! The section of clearance in the configuration.

use serde::{Deserialize, Serialize};

/// How clearance is run; the defaults work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Folder of the issuer's keys, created with fresh keys on first start; empty keeps them in memory only
    /// (then certificates do not outlive the process: for tests).
    pub keys: String,
    /// A PKCS#11 token that holds keys in place of the folder.
    pub pkcs11: Pkcs11,
    /// Who watches the log: each is shown every checkpoint, and cosigns what continues the one before.
    pub witnesses: Vec<Witness>,
    /// How many of them must have cosigned a checkpoint that is published.
    pub witness_quorum: u64,
    /// How often witnesses are shown what is new, milliseconds.
    pub witness_interval_ms: u64,
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
            pkcs11: Pkcs11::default(),
            witnesses: Vec::new(),
            witness_quorum: 0,
            witness_interval_ms: 1_000,
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

impl Config {
    /// Certificates on one status list, within what a list can hold.
    pub(crate) fn list_size(&self) -> u32 {
        self.status_list_size
            .clamp(4, tongguan_certificate::status::MAX_STATUSES)
    }
}

/// A PKCS#11 token; without a module every key is a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pkcs11 {
    /// The module, such as `/usr/lib/softhsm/libsofthsm2.so`; empty means that keys are files.
    pub module: String,
    /// The token's label.
    pub label: String,
    /// The user's PIN; better given by the environment or by `pin_file`.
    pub pin: String,
    /// A file with the user's PIN; wins over `pin`.
    pub pin_file: String,
    /// Label of the P-256 key pair that signs certificates and status lists; empty means the file.
    pub issuer: String,
    /// Label of the P-256 key pair that will sign them next, announced in the trust bundle.
    pub next_issuer: String,
    /// Label of the P-256 key pair that signs trust bundles; empty means the file.
    pub root: String,
    /// Label of the Ed25519 key pair that signs the log; empty means the file.
    pub log: String,
}

impl Default for Pkcs11 {
    fn default() -> Self {
        Self {
            module: String::new(),
            label: "tongguan".to_owned(),
            pin: String::new(),
            pin_file: String::new(),
            issuer: "tongguan-issuer".to_owned(),
            next_issuer: String::new(),
            root: String::new(),
            log: String::new(),
        }
    }
}

/// A witness of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Witness {
    /// Its key as it prints it at start: `name+id+base64`.
    pub vkey: String,
    /// Where it takes checkpoints, such as `http://witness:7070`.
    pub address: String,
}
