//! What keeps a process from running.

use std::io;
use std::path::PathBuf;

use crate::ConfigError;

/// A failure of the process around its services.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A port is taken or an address is not ours.
    #[error("cannot listen on {listen}: {cause}")]
    Bind {
        /// The address configured.
        listen: String,
        /// What the system says.
        cause: io::Error,
    },
    /// A file of a listener's TLS cannot be used.
    #[error("{} cannot be used for TLS: {cause}", .file.display())]
    Tls {
        /// The file configured.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// The system gives no signals.
    #[error("signals cannot be received: {0}")]
    Signals(io::Error),
    /// The schema given for reflection is no descriptor set.
    #[error("the descriptors cannot be reflected: {0}")]
    Descriptors(#[from] tonic_reflection::server::Error),
    /// Telemetry cannot be set up.
    #[error(transparent)]
    Telemetry(#[from] tongguan_telemetry::Error),
}
