//! The inspection intake through its generated client, on every database.

mod anomalies;
mod bad_input;
mod bodies;
mod chain;
mod evidence;
mod house;
mod intake;
mod registry;
