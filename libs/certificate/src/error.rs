//! The one error of this crate, and the violations it carries.

use std::fmt;

/// One thing wrong with a field of a record, a list or a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Dotted path of the field, such as `vehicle.make`.
    pub field: String,
    /// What is wrong, lower case, no full stop.
    pub problem: String,
}

impl Violation {
    pub(crate) fn new(field: &str, problem: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            problem: problem.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.problem)
    }
}

/// Several violations in one line, separated by semicolons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violations(pub Vec<Violation>);

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{violation}")?;
        }
        Ok(())
    }
}

/// Why something could not be made, read or accepted.
///
/// Verification does not end in an error: it ends in a [`crate::Report`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The values break the rules of the format; all violations at once.
    #[error("invalid values: {0}")]
    Invalid(Violations),
    /// Bytes are not what FORMAT.md says; names the part and what was wrong.
    #[error("{part} is malformed: {problem}")]
    Malformed {
        /// Which structure, such as `certificate`.
        part: &'static str,
        /// What was wrong.
        problem: String,
    },
    /// A limit of the format was exceeded.
    #[error("{part} is larger than {limit} bytes")]
    TooLarge {
        /// Which structure.
        part: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// A key could not be parsed or used.
    #[error("key refused: {0}")]
    Key(String),
    /// The signer could not sign now; nothing was signed, try again.
    #[error("signer unavailable: {0}")]
    SignerUnavailable(String),
    /// A signature by a known key does not match.
    #[error("the signature of the {part} does not match")]
    SignatureMismatch {
        /// Which structure.
        part: &'static str,
    },
    /// A structure names a key that is not trusted.
    #[error("the {part} names key {key}, which is not trusted for it")]
    UnknownKey {
        /// Which structure.
        part: &'static str,
        /// The key id in hex, or the key's name.
        key: String,
    },
    /// A trust bundle is older than the one already held.
    #[error("trust bundle {offered} is not newer than {held}, which is already held")]
    BundleRolledBack {
        /// The version offered.
        offered: u64,
        /// The version held.
        held: u64,
    },
    /// Two different bundles carry one version: the root signed twice.
    #[error("two different trust bundles carry version {version}")]
    BundleForked {
        /// The version.
        version: u64,
    },
    /// A log was asked for something it does not hold, or grew in a way that is not append-only.
    #[error("log: {0}")]
    Log(String),
    /// A status may not change this way, or the index is outside the list.
    #[error("status list: {0}")]
    Status(String),
    /// No readable QR code in the picture.
    #[error("no readable QR code in the picture: {0}")]
    NoQrCode(String),
}

impl Error {
    pub(crate) fn malformed(part: &'static str, problem: impl Into<String>) -> Self {
        Self::Malformed {
            part,
            problem: problem.into(),
        }
    }

    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        Self::Invalid(Violations(violations))
    }
}

/// What this crate returns.
pub type Result<T> = std::result::Result<T, Error>;
