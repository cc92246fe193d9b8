//! The registry's section of the configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How the registry is run; the defaults work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest request taken, bytes; batches of 1,000 vehicles fit.
    pub max_message_bytes: usize,
    /// How often a watch looks for new events, milliseconds.
    pub watch_interval_ms: u64,
    /// The master key of the vault that holds owners, 64 hex digits, the same in every process; wins over
    /// `vault_key_file`.
    pub vault_key: String,
    /// A file that holds the master key; made with a random key where it is missing. Without key and file what is put
    /// into the vault can not be read after the process ends.
    pub vault_key_file: Option<PathBuf>,
    /// Master keys that were current before, the latest first, 64 hex digits each: what they wrapped is wrapped anew under
    /// the current key, in the background after each start, and they can go once the log says that all is done.
    pub vault_old_key: Vec<String>,
    /// Files that hold master keys that were current before, the latest first; they must be there.
    pub vault_old_key_files: Vec<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_message_bytes: 2 << 20,
            watch_interval_ms: 250,
            vault_key: String::new(),
            vault_key_file: None,
            vault_old_key: Vec::new(),
            vault_old_key_files: Vec::new(),
        }
    }
}
