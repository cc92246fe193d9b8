//! The expression language: CEL in syntax, typed at load, three-valued at run time.
//!
//! `parse` guards and parses, `check` types and compiles, `code` is the compiled form, `eval` runs it.

pub(crate) mod check;
pub(crate) mod code;
pub(crate) mod eval;
mod functions;
mod names;
pub(crate) mod parse;
mod relations;
mod types;

pub use parse::{MAX_BYTES, MAX_NESTING, MAX_TOKENS};
