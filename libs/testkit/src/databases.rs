//! Fresh databases for tests: SQLite in memory, PostgreSQL in a schema of its own.

use tongguan_storage::{Config, Database, Migrations, connect, migrate, probe};
use tongguan_vocabulary::Ids;

/// SQLite in memory, migrated.
pub async fn sqlite(migrations: &Migrations) -> Database {
    fresh("sqlite::memory:".to_owned(), migrations).await
}

/// A schema of its own in the cluster that `TONGGUAN_TEST_POSTGRES` names, migrated.
pub async fn postgres(migrations: &Migrations) -> Database {
    fresh(postgres_url().await, migrations).await
}

/// The address of a fresh schema, for processes that connect by themselves.
pub async fn postgres_url() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests are told of their cluster by tests/run"
    )]
    let base = std::env::var("TONGGUAN_TEST_POSTGRES").expect(
        "TONGGUAN_TEST_POSTGRES names no cluster: run tests/run, or leave the ignored tests out",
    );
    let schema = format!("t_{}", Ids::random().next().simple());
    probe::fresh_schema(&base, &schema)
        .await
        .expect("the test cluster answers, and a schema can be created")
}

async fn fresh(url: String, migrations: &Migrations) -> Database {
    let config = Config {
        url,
        max_connections: 4,
        auto_migrate: true,
    };
    let database = connect(&config).await.expect("the database opens");
    migrate(&database, migrations)
        .await
        .expect("the migrations run");
    database
}
