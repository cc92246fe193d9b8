//! The binary as its user has it: started, killed, started again.
#![expect(
    clippy::unwrap_used,
    reason = "a broken step fails the test where it stands"
)]

mod backup;
mod doctor;
mod import_file;
mod import_kill;
mod kill;
