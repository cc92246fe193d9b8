//! Clearance through its generated client, in process, on every database, with peers of the test.

mod bad_input;
mod cases;
mod certificates;
mod decisions;
mod house;
mod licences;
mod peers;
