//! What the certificate library promises, tried from outside.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

#[expect(
    dead_code,
    reason = "shared with the benchmark and the generator, which use other parts"
)]
mod sample;

mod bytes;
mod issue;
mod log;
mod manifest;
mod picture;
mod pictures;
mod renderings;
mod trust;
mod vectors;
mod verdicts;
