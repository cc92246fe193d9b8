//! Ratios of this crate to bare signatures.
fn main() {}
