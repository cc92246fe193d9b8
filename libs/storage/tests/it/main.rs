//! What every store rests on, on every database.
#![expect(
    clippy::unwrap_used,
    reason = "a broken step fails the test where it stands"
)]

mod house;
mod locking;
mod outbox;
mod vault;
mod writer;
