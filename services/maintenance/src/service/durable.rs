//! What the worker does with durable lookups: claim, attempt, record; and erasing by policy.

use std::time::Duration;

use time::OffsetDateTime;

use super::{LONGEST_WAIT, Service};
use crate::domain::history::Answer;
use crate::error::Error;
use crate::store::{Claimed, Erased};

impl Service {
    /// Waits until there may be work.
    pub(crate) async fn idle(&self) {
        let tick = Duration::from_millis(self.0.config.worker_tick_ms.max(10));
        let _woken = tokio::time::timeout(tick, self.0.wake.notified()).await;
    }

    /// Lookups that are due, claimed for one worker.
    pub(crate) async fn claim(&self, owner: &str) -> Result<Vec<Claimed>, Error> {
        let now = self.0.world.clock.now();
        let lease = now + time::Duration::minutes(2);
        Ok(self
            .0
            .store
            .claim(
                owner,
                now,
                lease,
                self.0.config.worker_parallel.max(1) as u32,
            )
            .await?)
    }

    /// One attempt at a claimed lookup; false where the claim was lost meanwhile.
    pub(crate) async fn attempt(&self, claimed: &Claimed) -> Result<bool, Error> {
        let ask = claimed.lookup.ask.clone();
        let sources = self.choose(&ask).unwrap_or_else(|_| ask.sources.clone());
        let told = self
            .gather(&claimed.tenant, ask, &sources, LONGEST_WAIT)
            .await?;
        let mut failures: Vec<Answer> = Vec::new();
        let mut outcomes = Vec::new();
        for used in &told.view.history.sources {
            let newest = used.refresh.as_ref().unwrap_or(&used.answer);
            outcomes.push(newest.outcome);
            if !newest.outcome.is_answer() {
                failures.push(Answer::clone(newest));
            }
        }
        let first = time::Duration::seconds(i64::from(self.0.config.park_s.max(1)));
        let lookup = claimed.lookup.clone().after_attempt(
            told.view.history.outcome,
            &outcomes,
            failures,
            first,
            self.0.world.clock.now(),
        );
        self.0
            .store
            .record_attempt(claimed, &lookup, self.0.world.ids.next())
            .await
    }

    /// Erases by policy.
    pub(crate) async fn erase_old(&self) -> Result<Erased, Error> {
        let now = self.0.world.clock.now();
        let days = |days: u32| time::Duration::days(i64::from(days));
        Ok(self
            .0
            .store
            .erase_old(
                now - days(self.0.config.raw_days),
                now - days(self.0.config.answer_days),
            )
            .await?)
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.0.world.clock.now()
    }

    pub(crate) fn parallel(&self) -> usize {
        self.0.config.worker_parallel.max(1)
    }
}
