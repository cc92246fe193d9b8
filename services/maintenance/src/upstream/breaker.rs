//! The breaker of one source: open after failures in a row, then one probe at a time. Pure; time comes from outside.

use time::{Duration, OffsetDateTime};

/// The longest the breaker stays open before the next probe.
const LONGEST: Duration = Duration::minutes(10);

/// Whether a source is asked.
#[derive(Debug, Clone)]
pub(crate) struct Breaker {
    threshold: u32,
    first: Duration,
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    until: OffsetDateTime,
    lasts: Duration,
    probing: bool,
}

impl Breaker {
    pub(crate) fn new(threshold: u32, first: Duration) -> Self {
        Self {
            threshold: threshold.max(1),
            first,
            failures: 0,
            open: None,
        }
    }

    /// Lets a question pass, or says until when to leave the source alone. After that time one question is the probe.
    pub(crate) fn admit(&mut self, now: OffsetDateTime) -> Result<(), OffsetDateTime> {
        match &mut self.open {
            None => Ok(()),
            Some(open) if now < open.until => Err(open.until),
            Some(open) if open.probing => Err(now + open.lasts.min(Duration::seconds(5))),
            Some(open) => {
                open.probing = true;
                Ok(())
            }
        }
    }

    /// The source answered, whatever it said.
    pub(crate) fn answered(&mut self) {
        self.failures = 0;
        self.open = None;
    }

    /// The source gave no answer.
    pub(crate) fn failed(&mut self, now: OffsetDateTime) {
        self.failures = self.failures.saturating_add(1);
        let lasts = match self.open {
            Some(Open {
                lasts,
                probing: true,
                ..
            }) => lasts.saturating_mul(2).min(LONGEST),
            None if self.failures >= self.threshold => self.first,
            // Not yet; or questions that were under way when it opened, which say nothing new.
            _ => return,
        };
        self.open = Some(Open {
            until: now + lasts,
            lasts,
            probing: false,
        });
    }

    /// The question was never put, so that a probe is free again.
    pub(crate) fn withdrawn(&mut self) {
        if let Some(open) = &mut self.open {
            open.probing = false;
        }
    }

    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Until when the source is left alone; nothing where it may be asked.
    pub(crate) fn open_until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.open
            .map(|open| open.until)
            .filter(|until| now < *until)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_after_one_good_probe() {
        let start = datetime!(2026-03-02 04:00 UTC);
        let mut breaker = Breaker::new(3, Duration::seconds(30));
        for _ in 0..2 {
            breaker.failed(start);
        }
        breaker.answered();
        for _ in 0..3 {
            assert!(breaker.admit(start).is_ok());
            breaker.failed(start);
        }
        assert_eq!(breaker.admit(start), Err(start + Duration::seconds(30)));
        let later = start + Duration::seconds(31);
        assert!(breaker.admit(later).is_ok(), "the probe");
        assert!(breaker.admit(later).is_err(), "only one");
        breaker.failed(later);
        assert_eq!(
            breaker.admit(later),
            Err(later + Duration::seconds(60)),
            "twice as long"
        );
        let much_later = later + Duration::seconds(61);
        assert!(breaker.admit(much_later).is_ok());
        breaker.answered();
        assert!(breaker.admit(much_later).is_ok() && breaker.admit(much_later).is_ok());
    }
}
