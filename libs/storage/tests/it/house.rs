//! The house's own tables, with one table of a made-up service beside them.

use std::borrow::Cow;

use sqlx::migrate::Migrator;
use tongguan_storage::{Database, Migrations, execute, on};

/// No service: the house's own tables are made by `migrate` itself.
pub(crate) fn migrations() -> Migrations {
    let none = || Migrator {
        migrations: Cow::Borrowed(&[]),
        ..Migrator::DEFAULT
    };
    Migrations {
        sqlite: none(),
        postgres: none(),
    }
}

/// A table of words, each once.
pub(crate) async fn words(db: &Database) {
    let create = "create table words (word text not null primary key)";
    execute!(db, |pool| sqlx::query(create).execute(pool)).unwrap();
}

pub(crate) async fn stored(db: &Database) -> Vec<String> {
    let read = "select word from words order by word";
    on!(db, |pool| sqlx::query_scalar(read).fetch_all(pool).await).unwrap()
}
