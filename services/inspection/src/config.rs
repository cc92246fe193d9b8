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

/// Whose reports must be signed; a signature that is given is always checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signatures {
    /// Nobody's.
    Optional,
    /// Those of bodies that have a key which is valid on the day they report.
    BodiesWithKeys,
    /// Everybody's.
    Everybody,
}

/// A bucket of an S3-compatible store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bucket {
    /// Its name; empty keeps evidence in the folder instead.
    pub name: String,
    /// The store's address such as `https://minio.example:9000`; empty is that of Amazon for the region.
    pub endpoint: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Put before every name, such as `inspection`.
    pub prefix: String,
    /// Who signs; empty asks the machine's instance role.
    pub access_key_id: String,
    /// The secret of `access_key_id`.
    pub secret_key: String,
}

impl Default for Bucket {
    fn default() -> Self {
        Self {
            name: String::new(),
            endpoint: String::new(),
            region: "us-east-1".to_owned(),
            prefix: String::new(),
            access_key_id: String::new(),
            secret_key: String::new(),
        }
    }
}

/// How the inspection intake is run; the defaults work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest request taken, bytes; an upload travels in several.
    pub max_message_bytes: usize,
    /// Folder that holds evidence by its SHA-256, made when first used.
    pub evidence_folder: PathBuf,
    /// The bucket that holds evidence instead of the folder.
    pub evidence_bucket: Bucket,
    /// Largest photograph or PDF taken, bytes.
    pub max_evidence_bytes: usize,
    /// Uploads that may run at once; each holds one piece of evidence in memory.
    pub max_uploads: usize,
    /// Whether a report is refused whose evidence is not stored here; else it carries a notice.
    pub evidence_must_be_stored: bool,
    /// Whether a report is refused that lacks one of the catalogue's shots; else it carries a notice.
    pub shots_must_be_complete: bool,
    /// Whose reports must be signed.
    pub signatures: Signatures,
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
            evidence_bucket: Bucket::default(),
            evidence_must_be_stored: false,
            shots_must_be_complete: false,
            signatures: Signatures::BodiesWithKeys,
            on_verdict_mismatch: Mismatch::Refuse,
            on_vehicle_mismatch: Mismatch::Refuse,
            anomalies: Thresholds::default(),
        }
    }
}
