//! What is wrong with a pack, and where.

use std::fmt;

use serde::Serialize;

/// One problem of a pack. A pack with any problem is refused whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which part, such as `rules.KE-AGE-1.require`.
    pub path: String,
    /// Line in the YAML text, from 1; 0 where the problem has no place.
    pub line: u64,
    /// Column in the YAML text, from 1; 0 where the problem has no place.
    pub column: u64,
    /// What is wrong, with the nearest known name where one was mistyped.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}: {}",
            self.line, self.column, self.path, self.message
        )
    }
}
