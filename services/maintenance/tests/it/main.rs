//! The maintenance lookup through its generated client, against the simulated national system.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a broken test should stop where it stands"
)]

mod api;
mod durable;
mod privacy;
mod stage;
mod storm;
