//! The binary `tongguan`.
fn main() {}
