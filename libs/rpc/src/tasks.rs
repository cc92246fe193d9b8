//! Background work that shutdown waits for, and work that outlives its caller.

use std::future::Future;

use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tongguan_vocabulary::Shift;
use tracing::Instrument;

/// Tracks every task of the process; cheap to clone.
#[derive(Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// Fresh, with nothing running.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `work` until it ends; long loops must also watch [`Tasks::stopping`].
    pub fn spawn<F>(&self, name: &'static str, work: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.tracker
            .spawn(work.instrument(tracing::info_span!("task", name)));
    }

    /// Runs `work` to its end even if the caller is dropped, as tonic drops handlers at their deadline:
    /// a commit that was begun is finished.
    pub async fn shield<F>(&self, work: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // What works for a sandbox goes on under that sandbox's clock.
        let work = Shift::present().around(work);
        match self.tracker.spawn(work.in_current_span()).await {
            Ok(output) => output,
            // The guard around every server turns the panic into INTERNAL.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// A stream fed by a task of its own, so that a reader that pauses holds no database connection.
    ///
    /// `work` gets the sender; it should end when sending fails (the reader is gone) and is ended when the
    /// process stops.
    pub fn feed<T, F, W>(&self, name: &'static str, work: W) -> BoxStream<'static, T>
    where
        T: Send + 'static,
        F: Future<Output = ()> + Send + 'static,
        W: FnOnce(mpsc::Sender<T>) -> F,
    {
        let (sender, receiver) = mpsc::channel(64);
        let work = Shift::present().around(work(sender));
        let stopping = self.stopping();
        self.spawn(name, async move {
            tokio::select! {
                () = work => {}
                () = stopping.cancelled() => {}
            }
        });
        Box::pin(stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|item| (item, receiver))
        }))
    }

    /// Fires when the process stops taking work.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Says that the process stops, and waits for every task to end.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
