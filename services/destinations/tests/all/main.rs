//! Destination rules through their generated client, on every database, and the packs themselves.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a broken set-up should stop the test where it stands"
)]

mod api;
mod matrix;
mod packs;
mod publishing;
mod support;
