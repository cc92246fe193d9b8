//! Clearance through its generated client, in process, on every database, with peers of the test.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where it breaks"
)]

mod bad_input;
mod cases;
mod certificates;
mod decisions;
mod house;
mod kill;
mod late;
mod licences;
mod mandates;
mod model;
mod peers;
mod reminders;
mod rivals;
mod trust;
mod watched;
