//! Background work that shutdown waits for, and work that outlives its caller.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
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
        self.tracker.spawn(work.instrument(tracing::info_span!("task", name)));
    }

    /// Runs `work` to its end even if the caller is dropped, as tonic drops handlers at their deadline:
    /// a commit that was begun is finished.
    pub async fn shield<F>(&self, work: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.tracker.spawn(work.in_current_span()).await {
            Ok(output) => output,
            // The guard around every server turns the panic into INTERNAL.
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
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
