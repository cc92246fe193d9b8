//! The language and its packs, from outside.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests stop where they cannot go on"
)]

mod answers;
mod conformance;
mod differential;
mod packs;
mod properties;
