//! The door: JSON and gRPC for integrators, composition, identity.

mod config;
pub mod door;

pub use config::Config;
pub use door::{Door, door};
