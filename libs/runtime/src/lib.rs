//! What a process needs around its services: config layers, the hardened server, shutdown.
//!
//! A binary reads its settings with [`config::Layers`], takes its ports with [`Process::bind`], builds its roles, and
//! hands one service to [`Process::serve`]. Nothing here knows a role.

mod admin;
mod channel;
pub mod config;
pub mod duration;
mod error;
mod health;
pub mod issuers;
pub mod limit;
mod run;
pub mod server;
mod shutdown;

pub use admin::{Admin, reflection};
pub use config::ConfigError;
pub use error::Error;
pub use health::{Health, Readiness};
pub use run::{Process, RuntimeConfig, ShutdownConfig};
pub use server::{Server, ServerConfig, TlsConfig};
pub use shutdown::Shutdown;
