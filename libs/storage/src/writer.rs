//! Group commit: whatever queued while the last commit ran is one transaction, acknowledged after it is durable.
//!
//! One commit costs the same for one command or five hundred, so a single writer per store is faster than many
//! connections that wait for each other's locks and for the disk. There is no timer: an idle writer commits a single
//! command at once, a busy one finds a queue.

use std::future::Future;
use std::time::Duration;

use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::SqlitePoolOptions;
use tokio::sync::{mpsc, oneshot};
use tokio::task::coop::unconstrained;

use crate::savepoint::is_outage;
use crate::{Database, Error, On, Tx, transaction};

/// Commands of one transaction at most.
const COMMANDS: usize = 512;
/// Rows of one transaction at most; a single larger command is a transaction of its own.
const ROWS: usize = 4_096;

/// What a store does with commands that queued: one transaction for all of them.
pub trait Group: Send + Sync + 'static {
    /// One write.
    type Command: Send + Sync + 'static;
    /// What it is answered.
    type Answer: Send + 'static;
    /// Why it was not done.
    type Error: std::error::Error + From<Error> + Send + 'static;

    /// About how many rows a command writes.
    fn weight(_command: &Self::Command) -> usize {
        1
    }

    /// Runs the commands in order inside `tx` and answers each by itself, those that fail too ([`savepoint!`]
    /// (crate::savepoint) undoes one alone). Must be re-runnable. An outer error ends the transaction.
    fn run(
        &self,
        tx: &mut Tx,
        commands: &[Self::Command],
    ) -> impl Future<Output = Answers<Self::Answer, Self::Error>> + Send;
}

/// One answer per command, in order; or why the transaction as a whole failed.
pub type Answers<A, E> = Result<Vec<Result<A, E>>, E>;

struct Job<G: Group> {
    command: G::Command,
    reply: oneshot::Sender<Result<G::Answer, G::Error>>,
}

/// The queue before a [`Committer`]; cheap to clone.
pub struct Writer<G: Group>(mpsc::Sender<Job<G>>);

impl<G: Group> Clone for Writer<G> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Takes commands from the queue and commits them; [`serve`](Self::serve) must run for a writer to answer.
pub struct Committer<G: Group> {
    queue: mpsc::Receiver<Job<G>>,
    group: G,
    database: Database,
    own: bool,
}

impl<G: Group> Writer<G> {
    /// A writer and what commits for it, on a connection of its own (in-memory SQLite has only one to share).
    pub fn new(database: &Database, group: G) -> (Self, Committer<G>) {
        let (sender, queue) = mpsc::channel(2 * COMMANDS);
        let own = connection(database);
        let committer = Committer {
            queue,
            group,
            own: own.is_some(),
            database: own.unwrap_or_else(|| database.clone()),
        };
        (Self(sender), committer)
    }

    /// Queues a command and waits until it is durable or refused. The command runs even if the caller goes away.
    /// Commands queue in the order in which these futures are first polled.
    pub async fn run(&self, command: G::Command) -> Result<G::Answer, G::Error> {
        let (reply, answer) = oneshot::channel();
        let gone = || Error::Unavailable(sqlx::Error::PoolClosed);
        // Unconstrained: a caller that polls many in one turn would be made to yield here, and be overtaken by its next.
        let queued = unconstrained(self.0.send(Job { command, reply })).await;
        queued.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// A pool of one connection to the same database.
fn connection(database: &Database) -> Option<Database> {
    match database {
        On::Sqlite(pool) if pool.options().get_max_connections() > 1 => {
            let options = SqlitePoolOptions::new()
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .acquire_timeout(Duration::from_secs(5))
                .test_before_acquire(false);
            let connect = pool.connect_options().as_ref().clone();
            Some(On::Sqlite(options.connect_lazy_with(connect)))
        }
        On::Sqlite(_) => None,
        On::Postgres(pool) => {
            let options = PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(Duration::from_secs(3))
                .test_before_acquire(false);
            let connect = pool.connect_options().as_ref().clone();
            Some(On::Postgres(options.connect_lazy_with(connect)))
        }
    }
}

impl<G: Group> Committer<G> {
    /// Commits until `stop` fires or every writer is gone; what is queued by then is still committed.
    pub async fn serve(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut stopped = false;
        loop {
            let first = tokio::select! {
                job = self.queue.recv() => job,
                () = &mut stop, if !stopped => {
                    stopped = true;
                    self.queue.close();
                    continue;
                }
            };
            let Some(first) = first else { break };
            let mut rows = G::weight(&first.command);
            let mut jobs = vec![first];
            while rows < ROWS
                && jobs.len() < COMMANDS
                && let Ok(job) = self.queue.try_recv()
            {
                rows += G::weight(&job.command);
                jobs.push(job);
            }
            self.commit(jobs).await;
        }
        if self.own {
            match &self.database {
                On::Sqlite(pool) => pool.close().await,
                On::Postgres(pool) => pool.close().await,
            }
        }
    }

    async fn commit(&self, jobs: Vec<Job<G>>) {
        let (commands, replies): (Vec<_>, Vec<_>) =
            jobs.into_iter().map(|job| (job.command, job.reply)).unzip();
        let alone = commands.len() == 1;
        let error = match self.transact(&commands).await {
            Ok(answers) => {
                for (reply, answer) in replies.into_iter().zip(answers) {
                    let _caller_gone = reply.send(answer);
                }
                return;
            }
            Err(error) => error,
        };
        if alone || is_outage(&error) {
            let mut error = Some(error);
            for reply in replies {
                let next = error
                    .take()
                    .unwrap_or_else(|| Error::Unavailable(sqlx::Error::WorkerCrashed).into());
                let _caller_gone = reply.send(Err(next));
            }
            return;
        }
        tracing::warn!(%error, "a group of {} commands failed; each is run by itself", commands.len());
        for (command, reply) in commands.iter().zip(replies) {
            let answers = self.transact(std::slice::from_ref(command)).await;
            let lost = || Err(Error::corrupt("writer", "a command without an answer").into());
            let answer = answers.and_then(|mut answers| answers.pop().unwrap_or_else(lost));
            let _caller_gone = reply.send(answer);
        }
    }

    async fn transact(&self, commands: &[G::Command]) -> Answers<G::Answer, G::Error> {
        let group: &G = &self.group;
        transaction!(self.database, |tx| { group.run(tx, commands).await })
    }
}
