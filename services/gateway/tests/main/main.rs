//! The gateway through its door: gRPC, gRPC-Web and JSON, with peers that answer, refuse and hang.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a broken test set-up should stop the test where it stands"
)]

mod documents;
mod door;
mod errors;
mod events;
mod fakes;
mod governed;
mod jobs;
mod json;
mod readiness;
mod retention;
mod sandbox;
mod webhooks;
