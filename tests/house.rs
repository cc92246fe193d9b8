//! The rules of the house, checked: who may import whom, how files look, and that the deployment files fit the product.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a check that cannot read the tree has failed"
)]

mod boundaries;
mod deploy;
