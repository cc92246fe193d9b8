//! The registry through its generated client, in process, on every database.
#![expect(
    clippy::unwrap_used,
    reason = "a broken step fails the test where it stands"
)]

mod amend;
mod api;
mod bad_input;
mod bulk;
mod filters;
mod house;
mod identity;
mod owners;
mod rotation;
mod shared;
mod status;
mod upgrade;
