//! A copy of a database as of one moment, by the engine's own means.
//!
//! SQLite: `vacuum into`, which reads one snapshot while writers go on. PostgreSQL: `pg_dump` and `pg_restore`, found
//! on the path; the password travels in the environment, never in arguments that `ps` shows.

use std::path::Path;
use std::process::{Command, Output};

use crate::{Config, Database, On, connect};

/// Why a copy could not be made or read back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database can not be used.
    #[error("the database can not be used")]
    Database(#[from] crate::Error),
    /// The engine's program can not be started.
    #[error("{program} can not be started; is PostgreSQL's client installed?")]
    Start {
        /// Which.
        program: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// The engine's program failed.
    #[error("{program} failed: {message}")]
    Failed {
        /// Which.
        program: &'static str,
        /// What it said.
        message: String,
    },
    /// What is there already would be overwritten.
    #[error("{0} is not empty")]
    NotEmpty(String),
    /// A file can not be used.
    #[error("{path} can not be used")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

/// The ending of a copy's file: the engine's own format.
pub fn ending(config: &Config) -> &'static str {
    if is_postgres(config) { "dump" } else { "db" }
}

fn is_postgres(config: &Config) -> bool {
    config.url.starts_with("postgres:") || config.url.starts_with("postgresql:")
}

/// Writes a copy of the database, as of one moment, into a new file.
pub async fn back_up(config: &Config, into: &Path) -> Result<(), BackupError> {
    let into = into.display().to_string();
    if is_postgres(config) {
        return run(
            "pg_dump",
            &config.url,
            &["--format=custom", "--no-owner", "--file", &into],
        );
    }
    let database = connect(config).await?;
    if let On::Sqlite(pool) = &database {
        sqlx::query("vacuum into $1")
            .bind(into)
            .execute(pool)
            .await
            .map_err(crate::Error::from)?;
    }
    close(database).await;
    Ok(())
}

/// Reads a copy back into a database that is empty.
pub async fn restore(from: &Path, config: &Config) -> Result<(), BackupError> {
    if is_postgres(config) {
        const TABLES: &str = "select cast(count(table_name) as bigint) from information_schema.tables \
                              where table_schema = current_schema()";
        let database = connect(config).await?;
        let tables: i64 = crate::on!(&database, |pool| sqlx::query_scalar(TABLES)
            .fetch_one(pool)
            .await)?;
        close(database).await;
        if tables > 0 {
            return Err(BackupError::NotEmpty("the database".to_owned()));
        }
        let from = from.display().to_string();
        return run(
            "pg_restore",
            &config.url,
            &[
                "--no-owner",
                "--exit-on-error",
                "--single-transaction",
                &from,
            ],
        );
    }
    let path = config
        .url
        .trim_start_matches("sqlite:")
        .trim_start_matches("//");
    let path = Path::new(path.split('?').next().unwrap_or_default());
    let failed = |source| BackupError::File {
        path: path.display().to_string(),
        source,
    };
    if path.exists() {
        return Err(BackupError::NotEmpty(path.display().to_string()));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::copy(from, path).map_err(failed)?;
    std::fs::File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(failed)
}

async fn close(database: Database) {
    match database {
        On::Sqlite(pool) => pool.close().await,
        On::Postgres(pool) => pool.close().await,
    }
}

/// Runs one of PostgreSQL's own programs against a database.
fn run(program: &'static str, url: &str, arguments: &[&str]) -> Result<(), BackupError> {
    let (url, password) = without_password(url);
    let mut command = Command::new(program);
    command.args(arguments).arg("--dbname").arg(url);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    let Output { status, stderr, .. } = command
        .output()
        .map_err(|source| BackupError::Start { program, source })?;
    if status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&stderr).trim().to_owned();
    Err(BackupError::Failed { program, message })
}

/// The address without its password, and the password as it is meant (percent-decoded, RFC 3986).
fn without_password(url: &str) -> (String, Option<String>) {
    let Some((scheme, rest)) = url.split_once("://") else {
        return (url.to_owned(), None);
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let Some((user, host)) = rest[..end].rsplit_once('@') else {
        return (url.to_owned(), None);
    };
    let Some((name, password)) = user.split_once(':') else {
        return (url.to_owned(), None);
    };
    let bare = format!("{scheme}://{name}@{host}{}", &rest[end..]);
    (bare, Some(decoded(password)))
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = (*first == b'%').then(|| tail.get(..2)).flatten();
        let byte = hex
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = byte {
            out.push(byte);
            rest = &tail[2..];
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_stands_in_the_arguments() {
        let (url, password) = without_password("postgres://me:p%40ss%2@host:5432/db?options=-cx");
        assert_eq!(url, "postgres://me@host:5432/db?options=-cx");
        assert_eq!(password.as_deref(), Some("p@ss%2"));
        let (url, password) = without_password("postgres://me@host/db");
        assert_eq!((url.as_str(), password), ("postgres://me@host/db", None));
    }
}
