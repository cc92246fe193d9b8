//! Signing beside the executor: a token may take its time, and other calls go on meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::Error;

/// Signatures that may wait at a time for one key; more would come too late for whoever asks.
pub(super) const DEPTH: usize = 64;
/// How long a signature is waited for: longer than any token takes that is well.
const PATIENCE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce() + Send>;

/// One thread that does what signs with one key, in order.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: SyncSender<Job>,
    waiting: Arc<AtomicUsize>,
    patience: Duration,
}

impl Queue {
    /// A thread for the key of this name; it ends with the last handle to it.
    pub(super) fn start(name: &str) -> std::io::Result<Self> {
        let (jobs, taken) = sync_channel::<Job>(DEPTH);
        let work = move || {
            for job in taken {
                // A fault of one signature is told to whoever asked for it, by silence; the next one is another.
                let _told_by_silence = catch_unwind(AssertUnwindSafe(job));
            }
        };
        thread::Builder::new()
            .name(format!("sign {name}"))
            .spawn(work)?;
        Ok(Self {
            jobs,
            waiting: Arc::default(),
            patience: PATIENCE,
        })
    }

    /// Does something on the thread and waits for it; refused at once where too many wait already.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let place = Place::take(&self.waiting);
        let job = move || {
            let _place = place;
            // Where whoever asked went away, the token is spared.
            if !answer.is_closed() {
                let _went_away_now = answer.send(work());
            }
        };
        if self.jobs.try_send(Box::new(job)).is_err() {
            let waiting = self.waiting.load(Ordering::Relaxed);
            return Err(Error::SignerBusy { waiting });
        }
        if let Ok(Ok(done)) = tokio::time::timeout(self.patience, answered).await {
            return Ok(done);
        }
        let problem = format!("no signature in {:?}", self.patience);
        Err(tongguan_certificate::Error::SignerUnavailable(problem).into())
    }
}

/// A place in the queue, counted as long as it is held.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use futures::FutureExt as _;
    use tongguan_rpc::Failure as _;
    use tonic::Code;

    use super::*;

    #[tokio::test]
    async fn what_waits_for_a_slow_token_keeps_nobody_else_waiting() {
        let queue = Queue::start("slow").unwrap();
        let (go, may) = channel::<()>();
        let mut slow = Box::pin(queue.run(move || may.recv().is_ok()));
        // One thread runs everything here: had the token kept it, nothing below would come about.
        assert!(slow.as_mut().now_or_never().is_none());
        let other = Queue::start("quick").unwrap();
        assert_eq!(other.run(|| 7).await.unwrap(), 7);
        go.send(()).unwrap();
        assert!(slow.await.unwrap());
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_takes_again_when_there_is_room() {
        let queue = Queue::start("full").unwrap();
        let (began, begun) = channel::<()>();
        let (go, may) = channel::<()>();
        let mut first = Box::pin(queue.run(move || {
            began.send(()).unwrap();
            may.recv().is_ok()
        }));
        assert!(first.as_mut().now_or_never().is_none());
        begun.recv().unwrap();
        let mut waiting: Vec<_> = (0..DEPTH).map(|n| Box::pin(queue.run(move || n))).collect();
        for one in &mut waiting {
            assert!(one.as_mut().now_or_never().is_none());
        }
        let refused = queue.run(|| 0).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        assert!(refused.retry_after().is_some());
        // Whoever goes away is not signed for.
        let gone = waiting.pop();
        drop(gone);
        go.send(()).unwrap();
        assert!(first.await.unwrap());
        for (n, one) in waiting.into_iter().enumerate() {
            assert_eq!(one.await.unwrap(), n);
        }
        assert_eq!(queue.run(|| 9).await.unwrap(), 9);
    }

    #[tokio::test]
    async fn a_token_that_never_answers_is_an_outage() {
        let queue = Queue {
            patience: Duration::from_millis(20),
            ..Queue::start("never").unwrap()
        };
        let (_go, may) = channel::<()>();
        let late = queue.run(move || may.recv().is_ok()).await.unwrap_err();
        assert_eq!(late.code(), Code::Unavailable);
    }

    #[tokio::test]
    async fn a_fault_of_one_signature_is_not_that_of_the_next() {
        let queue = Queue::start("faulty").unwrap();
        let failed = queue.run(|| -> u8 { panic!("a module that fails") }).await;
        assert_eq!(failed.unwrap_err().code(), Code::Unavailable);
        assert_eq!(queue.run(|| 9).await.unwrap(), 9);
    }
}
