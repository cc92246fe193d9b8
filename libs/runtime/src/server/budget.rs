//! What one connection may ask of us before it is told to go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio_util::sync::CancellationToken;

/// Frames without a call that a call earns its connection: clients measure the line with a PING while they stream.
const FRAMES_OF_A_CALL: u64 = 8;

/// Counts the calls of a connection and those its client gave up; cheap to clone.
#[derive(Clone)]
pub(super) struct Budget(Arc<Inner>);

struct Inner {
    calls: AtomicU64,
    cancellations: AtomicU64,
    frames: AtomicU64,
    spent: CancellationToken,
}

impl Budget {
    pub(super) fn new(calls: u64, cancellations: u64, frames: u64) -> Self {
        Self(Arc::new(Inner {
            calls: AtomicU64::new(calls),
            cancellations: AtomicU64::new(cancellations),
            frames: AtomicU64::new(frames),
            spent: CancellationToken::new(),
        }))
    }

    /// Counts a call; the value says when it was answered, or else was given up.
    pub(super) fn call(&self) -> Call {
        self.spend(&self.0.calls);
        // Whoever has no limit keeps it: a sum that wraps would cut off the connection at its first call.
        let earned = |left: u64| Some(left.saturating_add(FRAMES_OF_A_CALL));
        let _always_some = self
            .0
            .frames
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, earned);
        Call {
            budget: self.clone(),
            answered: false,
        }
    }

    /// Takes a frame that carries no call; false where the connection has had its share of them.
    pub(super) fn frame(&self) -> bool {
        let left = self
            .0
            .frames
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        left.is_ok()
    }

    /// Ends when the connection has used what it had.
    pub(super) async fn spent(&self) {
        self.0.spent.cancelled().await;
    }

    fn spend(&self, left: &AtomicU64) {
        let before = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        if before.is_err() {
            self.0.spent.cancel();
        }
    }
}

/// A call in work.
pub(super) struct Call {
    budget: Budget,
    answered: bool,
}

impl Call {
    pub(super) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.answered {
            self.budget.spend(&self.budget.0.cancellations);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn calls_given_up_are_counted_and_answered_ones_are_not() {
        let budget = Budget::new(100, 1, 0);
        for _ in 0..50 {
            budget.call().answered();
        }
        drop(budget.call());
        assert!(budget.spent().now_or_never().is_none());
        drop(budget.call());
        assert!(budget.spent().now_or_never().is_some());
    }

    #[test]
    fn frames_without_a_limit_stay_without_one() {
        let budget = Budget::new(100, 100, u64::MAX);
        budget.call().answered();
        assert!(budget.frame());
        let few = Budget::new(100, 100, 0);
        assert!(!few.frame());
        few.call().answered();
        assert_eq!(
            (0..100).filter(|_| few.frame()).count() as u64,
            FRAMES_OF_A_CALL
        );
    }
}
