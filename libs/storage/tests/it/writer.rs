//! Group commit: each command is answered by itself, after the commit, and one that fails takes nobody with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::{join, join_all};
use futures::poll;
use tokio::task::coop::{consume_budget, has_budget_remaining};
use tokio_util::sync::CancellationToken;
use tongguan_storage::{Answers, Database, Error, Group, Tx, Writer, execute, savepoint};
use tongguan_testkit::on_every_database;

use crate::house::{stored, words};

on_every_database! { crate::house::migrations();
    commands_that_queue_share_a_commit_and_fail_alone,
    a_group_that_fails_as_a_whole_is_run_one_by_one,
    what_is_queued_when_it_stops_is_still_committed,
    commands_queue_in_the_order_they_were_first_polled_in,
}

/// Writes words; counts its transactions, and fails a whole group that holds the word `poison`.
struct Words(Arc<AtomicU32>);

impl Group for Words {
    type Command = String;
    type Answer = usize;
    type Error = Error;

    async fn run(&self, tx: &mut Tx, commands: &[String]) -> Answers<usize, Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let mut answers = Vec::new();
        for word in commands {
            if word == "poison" {
                return Err(Error::corrupt("words.word", "poison"));
            }
            answers.push(savepoint!(tx, Error, |tx| {
                execute!(&mut *tx, |c| sqlx::query(
                    "insert into words (word) values ($1)"
                )
                .bind(word)
                .execute(&mut **c))?;
                Ok(word.len())
            })?);
        }
        Ok(answers)
    }
}

/// What the words came to, and in how many transactions; every word is queued before the first is committed.
async fn write(db: &Database, given: &[&str]) -> (u32, Vec<Result<usize, Error>>) {
    words(db).await;
    let transactions = Arc::new(AtomicU32::new(0));
    let (writer, committer) = Writer::new(db, Words(transactions.clone()));
    let stop = CancellationToken::new();
    let commands = given.iter().map(|word| writer.run((*word).to_owned()));
    let queued = async {
        let answers = join_all(commands).await;
        stop.cancel();
        answers
    };
    // Polled in this order: the queue is full before the committer looks.
    let (answers, ()) = join(queued, committer.serve(stop.cancelled())).await;
    (transactions.load(Ordering::SeqCst), answers)
}

async fn commands_that_queue_share_a_commit_and_fail_alone(db: Database) {
    let (transactions, answers) = write(&db, &["one", "two", "one", "three"]).await;
    assert_eq!(transactions, 1);
    let lengths: Vec<Option<usize>> = answers.iter().map(|a| a.as_ref().ok().copied()).collect();
    assert_eq!(lengths, [Some(3), Some(3), None, Some(5)]);
    assert!(answers[2].as_ref().unwrap_err().is_unique());
    assert_eq!(stored(&db).await, ["one", "three", "two"]);
}

async fn a_group_that_fails_as_a_whole_is_run_one_by_one(db: Database) {
    let (transactions, answers) = write(&db, &["one", "poison", "two"]).await;
    assert_eq!(transactions, 4);
    assert!(answers[0].is_ok() && answers[2].is_ok());
    assert!(matches!(answers[1], Err(Error::Corrupt { .. })));
    assert_eq!(stored(&db).await, ["one", "two"]);
}

async fn what_is_queued_when_it_stops_is_still_committed(db: Database) {
    words(&db).await;
    let (writer, committer) = Writer::new(&db, Words(Arc::default()));
    let stop = CancellationToken::new();
    stop.cancel();
    let queued = writer.run("late".to_owned());
    let (answer, ()) = join(queued, committer.serve(stop.cancelled())).await;
    assert_eq!(answer.unwrap(), 4);
    assert_eq!(stored(&db).await, ["late"]);
    let after = writer.run("too late".to_owned()).await;
    assert!(matches!(after, Err(Error::Unavailable(_))));
}

async fn commands_queue_in_the_order_they_were_first_polled_in(db: Database) {
    words(&db).await;
    let (writer, committer) = Writer::new(&db, Words(Arc::default()));
    let stop = CancellationToken::new();
    let queued = async {
        let mut first = Box::pin(writer.run("one".to_owned()));
        // Who polls much in one turn is told by tokio to yield: that must not let the next command pass.
        while has_budget_remaining() {
            let _used_up = poll!(Box::pin(consume_budget()));
        }
        assert!(poll!(&mut first).is_pending());
        tokio::task::yield_now().await;
        let (second, first) = join(writer.run("one".to_owned()), first).await;
        stop.cancel();
        (first, second)
    };
    let ((first, second), ()) = join(queued, committer.serve(stop.cancelled())).await;
    assert_eq!(first.unwrap(), 3);
    assert!(second.unwrap_err().is_unique());
}
