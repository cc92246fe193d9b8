//! Database errors, classified once. The text never leaves the process; the causes are logged.

use sqlx::error::{DatabaseError, ErrorKind};
use tongguan_vocabulary::Trouble;

/// Why a store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database is not reachable now.
    #[error("the store is not reachable")]
    Unavailable(#[source] sqlx::Error),
    /// Another writer was in the way; the transaction can be run again.
    #[error("the store is contended")]
    Contended(#[source] sqlx::Error),
    /// A unique constraint holds already; names its columns or constraint.
    #[error("exists already")]
    Taken {
        /// What the engine says was violated, such as `vehicles.vin` or `vehicles_pkey`.
        constraint: String,
    },
    /// The idempotency key came with another body before.
    #[error("the request id was used for another request")]
    KeyReused,
    /// A row does not decode: a fault of ours.
    #[error("a stored row is damaged")]
    Corrupt {
        /// Table and column.
        place: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A key is unusable, or sealed bytes do not open under it.
    #[error("{0}")]
    Key(&'static str),
    /// What the vault holds is wrapped under a master key that this process does not have.
    #[error(
        "the vault needs the master key {needed} and this process has {known}: configure it as an older key until all is \
         wrapped anew"
    )]
    MasterKey {
        /// Id of the key that wrapped it.
        needed: String,
        /// Ids of the keys there are.
        known: String,
    },
    /// A key file can not be read or made.
    #[error("the key file can not be used")]
    KeyFile(#[source] std::io::Error),
    /// Anything else: a fault of ours.
    #[error("a fault of the store")]
    Internal(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the schema could not be migrated")]
    Migration(#[source] Box<sqlx::migrate::MigrateError>),
}

/// A store's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A row that does not decode; `place` is `table.column`.
    pub fn corrupt(place: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Corrupt {
            place,
            reason: reason.to_string(),
        }
    }

    /// Whether a unique constraint was violated.
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Taken { .. })
    }

    /// The kind of trouble, in words every layer knows.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Unavailable(_) => Trouble::Unavailable,
            Self::Contended(_) => Trouble::Contended,
            Self::Taken { .. } => Trouble::Taken,
            Self::KeyReused => Trouble::KeyReused,
            Self::Corrupt { .. }
            | Self::Key(_)
            | Self::MasterKey { .. }
            | Self::KeyFile(_)
            | Self::Internal(_)
            | Self::Migration(_) => Trouble::Internal,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) => match classify(cause.as_ref()) {
                Kind::Taken(constraint) => Self::Taken { constraint },
                Kind::Contended => Self::Contended(error),
                Kind::Unavailable => Self::Unavailable(error),
                Kind::Other => Self::Internal(error),
            },
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Internal(error),
        }
    }
}

enum Kind {
    Taken(String),
    Contended,
    Unavailable,
    Other,
}

fn classify(error: &(dyn DatabaseError + 'static)) -> Kind {
    if error.kind() == ErrorKind::UniqueViolation {
        let message = error.message();
        let named = error
            .constraint()
            .or_else(|| message.rsplit_once("failed: ").map(|(_, columns)| columns));
        return Kind::Taken(named.unwrap_or_default().to_owned());
    }
    match error.code().as_deref() {
        // PostgreSQL: serialisation, deadlock, lock not available. SQLite: BUSY and LOCKED with their extended codes.
        Some("40001" | "40P01" | "55P03" | "5" | "6" | "261" | "517" | "262") => Kind::Contended,
        // PostgreSQL: connection exceptions and shut-down. SQLite: IOERR, CANTOPEN, FULL.
        Some("57P01" | "57P02" | "57P03" | "53300" | "10" | "13" | "14") => Kind::Unavailable,
        Some(code) if code.starts_with("08") => Kind::Unavailable,
        _ => Kind::Other,
    }
}
