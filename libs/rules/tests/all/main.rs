//! The language and its packs, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests stop where they cannot go on, and print what they count"
)]

mod answers;
mod conformance;
mod differential;
mod packs;
mod properties;
