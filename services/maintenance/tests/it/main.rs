//! The maintenance lookup through its generated client, against the simulated national system.

mod api;
mod durable;
mod stage;
