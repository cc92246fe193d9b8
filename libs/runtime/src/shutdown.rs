//! How a process stops: softly, then hard, and at the second signal at once.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::Error;

/// Exit code of a process that was told twice: what a shell reports for SIGINT.
const ABORTED: i32 = 130;

/// Says when to stop taking work (soft) and when to drop what is left (hard). Cheap to clone.
#[derive(Clone, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
}

impl Shutdown {
    /// Stops only when told by [`Shutdown::stop`] and [`Shutdown::abandon`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for the soft stop: no new work, open calls finish.
    pub fn stop(&self) {
        self.soft.cancel();
    }

    /// Asks for the hard stop: what still runs is dropped.
    pub fn abandon(&self) {
        self.soft.cancel();
        self.hard.cancel();
    }

    /// Ends at the soft stop.
    pub async fn soft(&self) {
        self.soft.cancelled().await;
    }

    /// Ends at the hard stop.
    pub async fn hard(&self) {
        self.hard.cancelled().await;
    }

    pub(crate) fn hard_token(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Waits for `time`, or until the hard stop.
    pub(crate) async fn pause(&self, time: Duration) {
        self.hard
            .run_until_cancelled(tokio::time::sleep(time))
            .await;
    }
}

/// The signals that stop a process: SIGTERM and SIGINT.
pub(crate) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Takes the signals over from their default, which ends the process on the spot.
    pub(crate) fn install() -> Result<Self, Error> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                terminate: signal(SignalKind::terminate()).map_err(Error::Signals)?,
                interrupt: signal(SignalKind::interrupt()).map_err(Error::Signals)?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The first signal stops softly; the second ends the process.
    pub(crate) async fn obey(mut self, shutdown: Shutdown) {
        self.next().await;
        tracing::info!("stopping; a second signal aborts");
        shutdown.stop();
        self.next().await;
        tracing::warn!("aborted");
        std::process::exit(ABORTED);
    }
}
