//! The expression language: CEL in syntax, typed at load, three-valued at run time.
//!
//! `parse` guards and parses, `check` types and compiles, `code` is the compiled form,
//! `eval` runs it, `branch` is its fast form.

pub(crate) mod branch;
pub(crate) mod check;
pub(crate) mod code;
pub(crate) mod eval;
mod functions;
mod leaf;
mod names;
pub(crate) mod parse;
mod relations;
mod types;

pub use parse::{MAX_BYTES, MAX_NESTING, MAX_TOKENS};

#[cfg(test)]
mod tests;
