//! What an operator must know of a database before trusting it: reachable, durable, of the right schema, on time.

use std::collections::BTreeSet;

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use crate::{Database, Migrations, On, Result};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Examined {
    /// Engine and version, such as `PostgreSQL 15.18`.
    pub engine: String,
    /// Settings that can lose acknowledged writes, or that take writes away; empty is good.
    pub unsafe_settings: Vec<String>,
    /// What the engine's own check of its file says; empty is good. PostgreSQL has no cheap one.
    pub damage: Vec<String>,
    /// Migrations this program has and the database lacks.
    pub pending: Vec<i64>,
    /// Migrations the database has and this program does not know: a newer program made them.
    pub unknown: Vec<i64>,
    /// The database's clock, microseconds since 1970; nothing for SQLite, which has the process's own.
    pub clock_micros: Option<i64>,
}

/// Looks at a database without changing it.
pub async fn examine(database: &Database, service: &Migrations) -> Result<Examined> {
    let mut examined = match database {
        On::Sqlite(pool) => sqlite(pool).await?,
        On::Postgres(pool) => postgres(pool).await?,
    };
    let house = crate::migrations!();
    for (table, migrations) in [("_house_migrations", &house), ("_sqlx_migrations", service)] {
        let known = match database {
            On::Sqlite(_) => versions(&migrations.sqlite),
            On::Postgres(_) => versions(&migrations.postgres),
        };
        let applied = applied(database, table).await?;
        examined.pending.extend(known.difference(&applied));
        examined.unknown.extend(applied.difference(&known));
    }
    Ok(examined)
}

fn versions(migrator: &Migrator) -> BTreeSet<i64> {
    migrator.iter().map(|migration| migration.version).collect()
}

async fn applied(database: &Database, table: &str) -> Result<BTreeSet<i64>> {
    const SQLITE: &str = "select cast(count(name) as bigint) from sqlite_master where name = $1";
    const POSTGRES: &str =
        "select cast(count(relname) as bigint) from pg_class where oid = to_regclass($1)";
    // Catalogues of tables are the engines' own.
    let tables: i64 = match database {
        On::Sqlite(pool) => {
            sqlx::query_scalar(SQLITE)
                .bind(table)
                .fetch_one(pool)
                .await?
        }
        On::Postgres(pool) => {
            sqlx::query_scalar(POSTGRES)
                .bind(table)
                .fetch_one(pool)
                .await?
        }
    };
    if tables == 0 {
        return Ok(BTreeSet::new());
    }
    // One of two names of this module, never an outside text.
    let sql = format!("select version from {table} where success");
    let versions: Vec<i64> = crate::on!(database, |pool| sqlx::query_scalar(AssertSqlSafe(
        sql.as_str()
    ))
    .fetch_all(pool)
    .await)?;
    Ok(versions.into_iter().collect())
}

async fn sqlite(pool: &SqlitePool) -> Result<Examined> {
    let text = |sql: &'static str| async move {
        let value: String = sqlx::query_scalar(sql).fetch_one(pool).await?;
        crate::Result::<String>::Ok(value)
    };
    let synchronous: i64 = sqlx::query_scalar("pragma synchronous")
        .fetch_one(pool)
        .await?;
    let journal = text("pragma journal_mode").await?;
    let check: Vec<String> = sqlx::query_scalar("pragma quick_check(10)")
        .fetch_all(pool)
        .await?;
    let mut unsafe_settings = Vec::new();
    if synchronous < 2 {
        unsafe_settings.push(format!("synchronous = {synchronous}, must be full (2)"));
    }
    if !["wal", "memory"].contains(&journal.as_str()) {
        unsafe_settings.push(format!("journal_mode = {journal}, must be wal"));
    }
    Ok(Examined {
        engine: format!("SQLite {}", text("select sqlite_version()").await?),
        unsafe_settings,
        damage: check.into_iter().filter(|line| line != "ok").collect(),
        ..Examined::default()
    })
}

async fn postgres(pool: &PgPool) -> Result<Examined> {
    let setting = |name: &'static str| async move {
        let value: String = sqlx::query_scalar("select current_setting($1)")
            .bind(name)
            .fetch_one(pool)
            .await?;
        crate::Result::<String>::Ok(value)
    };
    let mut unsafe_settings = Vec::new();
    for name in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value = setting(name).await?;
        if value == "off" {
            unsafe_settings.push(format!("{name} = off"));
        }
    }
    let standby: bool = sqlx::query_scalar("select pg_is_in_recovery()")
        .fetch_one(pool)
        .await?;
    if standby || setting("transaction_read_only").await? == "on" {
        unsafe_settings.push("it takes no writes: a standby, or read-only".to_owned());
    }
    const CLOCK: &str = "select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)";
    Ok(Examined {
        engine: format!("PostgreSQL {}", setting("server_version").await?),
        unsafe_settings,
        clock_micros: Some(sqlx::query_scalar(CLOCK).fetch_one(pool).await?),
        ..Examined::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, connect, migrate};

    /// A service without tables of its own.
    fn bare() -> Migrations {
        Migrations {
            sqlite: Migrator::with_migrations(Vec::new()),
            postgres: Migrator::with_migrations(Vec::new()),
        }
    }

    async fn empty() -> Database {
        let config = Config {
            url: "sqlite::memory:".to_owned(),
            ..Config::default()
        };
        connect(&config).await.unwrap()
    }

    #[tokio::test]
    async fn a_fresh_database_lacks_every_migration_and_a_migrated_one_none() {
        let database = empty().await;
        let before = examine(&database, &bare()).await.unwrap();
        assert!(before.engine.starts_with("SQLite 3."), "{before:?}");
        assert!(!before.pending.is_empty());
        migrate(&database, &bare()).await.unwrap();
        let after = examine(&database, &bare()).await.unwrap();
        assert_eq!((after.pending, after.unknown), (vec![], vec![]));
        assert_eq!(
            (after.damage, after.unsafe_settings),
            (Vec::<String>::new(), vec![])
        );
    }

    #[tokio::test]
    async fn a_migration_of_a_newer_program_is_named() {
        let database = empty().await;
        migrate(&database, &bare()).await.unwrap();
        const NEWER: &str = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
                             values (9999, 'newer', 1, x'00', 0)";
        crate::execute!(&database, |pool| sqlx::query(NEWER).execute(pool)).unwrap();
        assert_eq!(examine(&database, &bare()).await.unwrap().unknown, [9999]);
    }
}
