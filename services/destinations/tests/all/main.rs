//! Destination rules through their generated client, on every database, and the packs themselves.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a broken set-up should stop the test where it stands"
)]

mod api;
mod bad_input;
mod garbage;
mod matrix;
mod mutations;
mod packs;
mod publishing;
mod support;
