//! The transparency log: an append-only Merkle tree that anyone can check (RFC 9162, C2SP tlog-tiles).
//!
//! Every certificate is an entry; a signature outside the log is not a certificate. The tree, its
//! proofs and its tiles are pure values here; storing entries and serving tiles is the caller's.

pub mod audit;
pub mod checkpoint;
pub mod entry;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;
pub mod witness;

pub use audit::{Finding, audit};
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use note::{NoteKey, NoteKeyKind};
pub use proof::LogProof;
pub use tree::Tree;
pub use witness::Witness;

/// A hash of the tree.
pub type Hash = crate::values::Digest;
