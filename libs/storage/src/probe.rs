//! What a database can do at best: plain rows, many to a statement, many to a commit, fully durable.
//!
//! Load runs print their figures as ratios to this limit, measured on the same machine in the same run.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, QueryBuilder};
use uuid::Uuid;

use crate::{Database, On, Result, begin, commit, execute};

/// Rows to a statement.
const STATEMENT: usize = 256;

/// Makes the table the probe writes into, in a database of its own.
pub async fn prepare(database: &Database) -> Result<()> {
    const SQLITE: &str = "create table if not exists probe (id blob primary key, body blob not null) strict, without rowid";
    const POSTGRES: &str =
        "create table if not exists probe (id uuid primary key, body bytea not null)";
    // The engines name bytes differently.
    match database {
        On::Sqlite(pool) => sqlx::query(SQLITE).execute(pool).await.map(|_| ())?,
        On::Postgres(pool) => sqlx::query(POSTGRES).execute(pool).await.map(|_| ())?,
    }
    Ok(())
}

/// Writes rows in one durable commit.
pub async fn write(database: &Database, rows: &[(Uuid, Vec<u8>)]) -> Result<()> {
    const INSERT: &str = "insert into probe (id, body) ";
    let mut tx = begin(database).await?;
    for rows in rows.chunks(STATEMENT) {
        execute!(&mut tx, |c| QueryBuilder::new(INSERT)
            .push_values(rows, |mut row, (id, body)| {
                row.push_bind(id).push_bind(body.as_slice());
            })
            .build()
            .execute(&mut **c))?;
    }
    commit(tx).await
}

/// Makes a schema in a PostgreSQL database; answers the address under which it is the only one seen. For load runs and
/// tests, which want a place of their own.
///
/// `schema` must be letters, digits and `_`.
pub async fn fresh_schema(url: &str, schema: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if schema.is_empty() || !schema.chars().all(plain) {
        return Err(crate::Error::corrupt("schema", "not a plain name"));
    }
    let mut connection = PgConnection::connect(url).await?;
    let create = AssertSqlSafe(format!("create schema {schema}"));
    connection.execute(create).await?;
    connection.close().await?;
    let separator = if url.contains('?') { '&' } else { '?' };
    Ok(format!("{url}{separator}options=-csearch_path%3D{schema}"))
}
