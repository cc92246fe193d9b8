//! The inspection intake through its generated client, on every database.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod anomalies;
mod bad_input;
mod bodies;
mod bucket;
mod chain;
mod evidence;
mod house;
mod intake;
mod pictures;
mod registry;
mod reviews;
mod signatures;
