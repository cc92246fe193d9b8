//! The registry through its generated client, in process, on every database.

mod api;
mod bad_input;
mod house;
