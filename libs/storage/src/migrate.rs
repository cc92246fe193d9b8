//! Schemas: the house's own tables, then the service's, each with its own record of versions.

use sqlx::migrate::Migrator;

use crate::{Database, Error, On, Result};

/// A service's migrations for both engines, made by [`migrations!`](crate::migrations).
pub struct Migrations {
    /// For SQLite.
    pub sqlite: Migrator,
    /// For PostgreSQL.
    pub postgres: Migrator,
}

/// The migrations in the calling crate's `migrations/sqlite` and `migrations/postgres`.
#[macro_export]
macro_rules! migrations {
    () => {
        $crate::Migrations {
            sqlite: $crate::sqlx::migrate!("./migrations/sqlite"),
            postgres: $crate::sqlx::migrate!("./migrations/postgres"),
        }
    };
}

/// Brings a database up to date: the house's tables first.
pub async fn migrate(database: &Database, service: &Migrations) -> Result<()> {
    let mut house = crate::migrations!();
    house.sqlite.dangerous_set_table_name("_house_migrations");
    house.postgres.dangerous_set_table_name("_house_migrations");
    for migrations in [&house, service] {
        let outcome = match database {
            On::Sqlite(pool) => migrations.sqlite.run(pool).await,
            On::Postgres(pool) => migrations.postgres.run(pool).await,
        };
        outcome.map_err(|error| Error::Migration(Box::new(error)))?;
    }
    Ok(())
}
