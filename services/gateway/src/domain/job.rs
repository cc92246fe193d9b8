//! A durable check of many cars as a state machine: rows in, answers out, one end.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Cars are being checked, or more are to come.
    Running,
    /// Every car is answered.
    Succeeded,
    /// Ended by the caller.
    Cancelled,
}

impl JobState {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a job does not take a part.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobRefusal {
    /// It takes no more cars.
    #[error("the job takes no more cars: it is {}", .0.as_str())]
    Over(JobState),
    /// Its last part was handed in.
    #[error("the job takes no more cars: its last part was handed in")]
    Closed,
    /// Cars are missing between what is there and this part.
    #[error("the job has {have} cars, so the next part begins with row {have}, not {got}")]
    Gap {
        /// Cars that are there.
        have: u64,
        /// Where the part begins.
        got: u64,
    },
}

/// A part of a job's cars, as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    pub(crate) job: Uuid,
    /// Number of its first car in the job.
    pub(crate) first: u64,
    pub(crate) rows: Vec<Value>,
    /// Whether further parts follow.
    pub(crate) open: bool,
}

/// A job; answered rows are always the first ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: Uuid,
    pub(crate) markets: Vec<String>,
    pub(crate) state: JobState,
    /// Whether more cars are taken.
    pub(crate) open: bool,
    pub(crate) rows: u64,
    pub(crate) done: u64,
    pub(crate) refused: u64,
    pub(crate) created: OffsetDateTime,
    pub(crate) updated: OffsetDateTime,
}

impl Job {
    pub(crate) fn start(
        id: Uuid,
        markets: Vec<String>,
        rows: u64,
        open: bool,
        now: OffsetDateTime,
    ) -> Self {
        let state = JobState::Running;
        let job = Self {
            id,
            markets,
            state,
            open,
            rows,
            done: 0,
            refused: 0,
            created: now,
            updated: now,
        };
        job.settled()
    }

    /// Takes a part that begins with `first`; answers how many of its cars are there already.
    pub(crate) fn add(
        mut self,
        first: u64,
        count: u64,
        open: bool,
        now: OffsetDateTime,
    ) -> Result<(Self, u64), JobRefusal> {
        if first > self.rows {
            return Err(JobRefusal::Gap {
                have: self.rows,
                got: first,
            });
        }
        let there = (self.rows - first).min(count);
        if there == count && open {
            return Ok((self, there));
        }
        match self.state {
            JobState::Running if self.open => {}
            JobState::Running => return Err(JobRefusal::Closed),
            over => return Err(JobRefusal::Over(over)),
        }
        self.rows += count - there;
        self.open = open;
        self.updated = now;
        Ok((self.settled(), there))
    }

    /// The next `count` rows are answered, `refused` of them with a refusal.
    pub(crate) fn progress(mut self, count: u64, refused: u64, now: OffsetDateTime) -> Self {
        self.done = (self.done + count).min(self.rows);
        self.refused += refused;
        self.updated = now;
        self.settled()
    }

    /// Ends the job; one that is over stays as it is.
    pub(crate) fn cancel(mut self, now: OffsetDateTime) -> Self {
        if self.state == JobState::Running {
            self.state = JobState::Cancelled;
            self.open = false;
            self.updated = now;
        }
        self
    }

    fn settled(mut self) -> Self {
        if self.state == JobState::Running && !self.open && self.done == self.rows {
            self.state = JobState::Succeeded;
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(rows: u64, open: bool) -> Job {
        Job::start(
            Uuid::nil(),
            vec!["KE".into()],
            rows,
            open,
            OffsetDateTime::UNIX_EPOCH,
        )
    }

    #[test]
    fn a_job_ends_when_its_last_part_is_answered() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let open = job(2, true).progress(2, 1, now);
        assert_eq!(
            (open.state, open.done, open.refused),
            (JobState::Running, 2, 1)
        );
        let (closed, there) = open.add(2, 1, false, now).unwrap();
        assert_eq!(
            (closed.state, closed.rows, there),
            (JobState::Running, 3, 0)
        );
        let over = closed.progress(1, 0, now);
        assert_eq!(over.state, JobState::Succeeded);
        assert_eq!(
            over.clone().cancel(now).state,
            JobState::Succeeded,
            "what is over stays so"
        );
        assert_eq!(
            over.add(3, 1, false, now),
            Err(JobRefusal::Over(JobState::Succeeded))
        );
    }

    #[test]
    fn a_part_sent_twice_is_skipped_and_a_gap_is_refused() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let (same, there) = job(5, true).add(2, 3, true, now).unwrap();
        assert_eq!((same.rows, there), (5, 3));
        let (more, there) = same.add(4, 3, true, now).unwrap();
        assert_eq!((more.rows, there), (7, 1), "the overlap is skipped");
        assert_eq!(
            more.add(9, 1, true, now),
            Err(JobRefusal::Gap { have: 7, got: 9 })
        );
        assert_eq!(job(1, false).add(1, 1, false, now), Err(JobRefusal::Closed));
        assert_eq!(
            job(0, false).state,
            JobState::Succeeded,
            "nothing to do is done"
        );
    }
}
