//! An enum of two pools, and two macros that write each body once and let the compiler type it twice.

use std::str::FromStr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use crate::{Error, Result};

/// The same thing for either engine.
#[derive(Debug, Clone)]
pub enum On<S, P> {
    /// SQLite, the embedded default.
    Sqlite(S),
    /// PostgreSQL, production.
    Postgres(P),
}

/// A pool of either engine; cheap to clone.
pub type Database = On<SqlitePool, PgPool>;

/// A transaction of either engine.
pub type Tx = On<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>;

/// Runs one body on whichever engine `$db` is; the body ends in `.await` and yields sqlx's result,
/// the macro yields [`Result`].
#[macro_export]
macro_rules! on {
    ($db:expr, |$connection:ident| $body:expr) => {
        match $db {
            $crate::On::Sqlite($connection) => $body.map_err($crate::Error::from),
            $crate::On::Postgres($connection) => $body.map_err($crate::Error::from),
        }
    };
}

/// Runs one statement that returns no rows on whichever engine `$db` is; the body ends in `.execute(…)`,
/// the macro yields the number of rows changed.
#[macro_export]
macro_rules! execute {
    ($db:expr, |$connection:ident| $body:expr) => {
        match $db {
            $crate::On::Sqlite($connection) => $body
                .await
                .map(|done| done.rows_affected())
                .map_err($crate::Error::from),
            $crate::On::Postgres($connection) => $body
                .await
                .map(|done| done.rows_affected())
                .map_err($crate::Error::from),
        }
    };
}

/// Runs one transaction and commits it; begins again where another writer was in the way.
///
/// The body sees `$tx: &mut Tx`, must be re-runnable and yields `Result<T, E>` with
/// `E: Error + From<storage::Error>`. An error rolls everything back. Where the body returns early the
/// error's type must be named: `transaction!(db, Error, |tx| { … })`.
#[macro_export]
macro_rules! transaction {
    ($db:expr, $error:ty, |$tx:ident| $body:block) => {
        $crate::transaction!($db, |$tx| {
            let outcome: ::std::result::Result<_, $error> =
                (async || -> ::std::result::Result<_, $error> { $body })().await;
            outcome
        })
    };
    ($db:expr, |$tx:ident| $body:block) => {{
        let mut attempt: u32 = 0;
        loop {
            let outcome = async {
                let mut begun = $crate::begin(&$db).await?;
                let value = {
                    let $tx = &mut begun;
                    let run = async { $body };
                    run.await?
                };
                $crate::commit(begun).await?;
                Ok(value)
            };
            match outcome.await {
                Err(error) if attempt < 8 && $crate::is_contended(&error) => attempt += 1,
                finished => break finished,
            }
        }
    }};
}

/// The statement that reads rows in `$tx` and keeps others from changing them until it ends.
///
/// `locking!(tx, "select a from t where id = $1")` adds `for update` on PostgreSQL. On SQLite the transaction, begun
/// `immediate`, is the lock, and touching the row would write its pages anew. Yields `&'static str`; lock rows that
/// are locked together in one order everywhere.
#[macro_export]
macro_rules! locking {
    ($tx:expr, $read:literal) => {
        match &*$tx {
            $crate::On::Sqlite(_) => $read,
            $crate::On::Postgres(_) => concat!($read, " for update"),
        }
    };
}

/// Where a database is and how it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `sqlite://path/to/file.db`, `sqlite::memory:` or `postgres://user:password@host/database`.
    pub url: String,
    /// Connections at most.
    pub max_connections: u32,
    /// Whether PostgreSQL schemas are migrated at start; SQLite always is.
    pub auto_migrate: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: String::new(),
            max_connections: 8,
            auto_migrate: false,
        }
    }
}

impl Config {
    /// The default with a file for one service.
    pub fn file(path: &std::path::Path) -> Self {
        Self {
            url: format!("sqlite://{}", path.display()),
            ..Self::default()
        }
    }
}

/// Opens a pool. SQLite files are created; full durability is set, never weakened.
pub async fn connect(config: &Config) -> Result<Database> {
    let url = config.url.as_str();
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        let options = PgConnectOptions::from_str(url)?;
        let pool = PgPoolOptions::new()
            .max_connections(config.max_connections)
            .acquire_timeout(Duration::from_secs(3))
            .test_before_acquire(false)
            .connect_lazy_with(options);
        return Ok(On::Postgres(pool));
    }
    let memory = url.contains(":memory:");
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5));
    if !memory && let Some(folder) = options.get_filename().parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Error::Unavailable(sqlx::Error::Io(error)))?;
    }
    let pool = SqlitePoolOptions::new()
        .max_connections(if memory {
            1
        } else {
            config.max_connections.clamp(2, 8)
        })
        .min_connections(u32::from(memory))
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        .connect_with(options)
        .await?;
    Ok(On::Sqlite(pool))
}

/// Begins a write: `begin immediate` on SQLite, so that contended writers wait instead of losing.
pub async fn begin(database: &Database) -> Result<Tx> {
    let asked = Instant::now();
    let begun = match database {
        On::Sqlite(pool) => On::Sqlite(pool.begin_with("begin immediate").await?),
        On::Postgres(pool) => On::Postgres(pool.begin_with("begin").await?),
    };
    tongguan_meters::BEGIN.record(asked.elapsed().as_secs_f64(), &[]);
    Ok(begun)
}

/// How many connections a pool has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// In use now.
    pub used: u32,
    /// Open and free.
    pub idle: u32,
    /// At most.
    pub most: u32,
}

/// How many connections the database's pool has now.
pub fn pool(database: &Database) -> Pool {
    let (size, idle, most) = match database {
        On::Sqlite(pool) => (
            pool.size(),
            pool.num_idle(),
            pool.options().get_max_connections(),
        ),
        On::Postgres(pool) => (
            pool.size(),
            pool.num_idle(),
            pool.options().get_max_connections(),
        ),
    };
    let idle = u32::try_from(idle).unwrap_or(u32::MAX).min(size);
    Pool {
        used: size - idle,
        idle,
        most,
    }
}

/// Commits.
pub async fn commit(tx: Tx) -> Result<()> {
    match tx {
        On::Sqlite(tx) => tx.commit().await?,
        On::Postgres(tx) => tx.commit().await?,
    }
    Ok(())
}

/// Whether the error, or a cause of it, says that another writer was in the way.
pub fn is_contended<E: std::error::Error + 'static>(error: &E) -> bool {
    let mut current: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = current {
        if let Some(ours) = cause.downcast_ref::<Error>() {
            return matches!(ours, Error::Contended(_));
        }
        current = cause.source();
    }
    false
}

/// Whether the database answers now.
pub async fn ping(database: &Database) -> Result<()> {
    let one: i64 = on!(database, |pool| sqlx::query_scalar(
        "select cast(1 as bigint)"
    )
    .fetch_one(pool)
    .await)?;
    debug_assert_eq!(one, 1);
    Ok(())
}
