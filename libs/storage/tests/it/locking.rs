//! A row that is locked with its read is changed by one transaction after the other.

use futures::future::join_all;
use tongguan_storage::{Database, Error, execute, locking, on, transaction};
use tongguan_testkit::on_every_database;

use crate::house::{stored, words};

on_every_database! { crate::house::migrations();
    what_is_read_to_be_changed_is_not_changed_in_between,
    the_lock_is_the_read_on_sqlite_and_for_update_on_postgres,
}

/// Reads the one word and writes it one letter longer.
async fn lengthen(db: &Database) -> Result<(), Error> {
    transaction!(db, Error, |tx| {
        let read = locking!(tx, "select word from words where word > $1");
        let word: String = on!(&mut *tx, |c| sqlx::query_scalar(read)
            .bind("")
            .fetch_one(&mut **c)
            .await)?;
        // Others run here, if the lock lets them.
        tokio::task::yield_now().await;
        let write = "update words set word = $1";
        execute!(&mut *tx, |c| sqlx::query(write)
            .bind(format!("{word}a"))
            .execute(&mut **c))?;
        Ok(())
    })
}

async fn what_is_read_to_be_changed_is_not_changed_in_between(db: Database) {
    words(&db).await;
    let first = "insert into words (word) values ('a')";
    execute!(&db, |pool| sqlx::query(first).execute(pool)).unwrap();
    for done in join_all((0..20).map(|_| lengthen(&db))).await {
        done.unwrap();
    }
    assert_eq!(stored(&db).await, ["a".repeat(21)]);
}

async fn the_lock_is_the_read_on_sqlite_and_for_update_on_postgres(db: Database) {
    let text: Result<&str, Error> = transaction!(&db, Error, |tx| {
        Ok(locking!(tx, "select word from words"))
    });
    let expected = match &db {
        Database::Sqlite(_) => "select word from words",
        Database::Postgres(_) => "select word from words for update",
    };
    assert_eq!(text.unwrap(), expected);
}
