//! The inspection intake's section of the configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use crate::domain::anomaly::Thresholds;

/// What happens to a report that contradicts what we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mismatch {
    /// It is refused; nothing is stored.
    Refuse,
    /// It is stored, referred to a person at the least, and shown as an anomaly.
    Record,
}

/// How the inspection intake is run; the defaults work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest request taken, bytes; an upload travels in several.
    pub max_message_bytes: usize,
    /// Folder that holds evidence by its SHA-256, made when first used.
    pub evidence_folder: PathBuf,
    /// Largest photograph or PDF taken, bytes.
    pub max_evidence_bytes: usize,
    /// Uploads that may run at once; each holds one piece of evidence in memory.
    pub max_uploads: usize,
    /// Whether a report is refused whose evidence is not stored here; else it carries a notice.
    pub evidence_must_be_stored: bool,
    /// When the body's verdict contradicts the computed one.
    pub on_verdict_mismatch: Mismatch,
    /// When the vehicle found differs from the one registered.
    pub on_vehicle_mismatch: Mismatch,
    /// Figures beyond which a pattern is an anomaly.
    pub anomalies: Thresholds,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message_bytes: 2 << 20,
            evidence_folder: PathBuf::from("data/evidence"),
            max_evidence_bytes: 10 << 20,
            max_uploads: 16,
            evidence_must_be_stored: false,
            on_verdict_mismatch: Mismatch::Refuse,
            on_vehicle_mismatch: Mismatch::Refuse,
            anomalies: Thresholds::default(),
        }
    }
}
