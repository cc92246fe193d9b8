//! The breaker of one source: open after failures in a row, then one probe at a time. Pure; time comes from outside.

use time::{Duration, OffsetDateTime};

/// The longest the breaker stays open before the next probe: a source that came back is noticed within it.
const LONGEST: Duration = Duration::minutes(2);

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

    /// Until when the source is left alone, if a question must not be put now.
    pub(crate) fn refuses(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let open = self.open?;
        if now < open.until {
            Some(open.until)
        } else {
            open.probing
                .then(|| now + open.lasts.min(Duration::seconds(5)))
        }
    }

    /// Lets a question pass and says whether it is the probe, or says until when to leave the source alone.
    pub(crate) fn admit(&mut self, now: OffsetDateTime) -> Result<bool, OffsetDateTime> {
        if let Some(until) = self.refuses(now) {
            return Err(until);
        }
        Ok(match &mut self.open {
            None => false,
            Some(open) => {
                open.probing = true;
                true
            }
        })
    }

    /// The source answered, whatever it said.
    pub(crate) fn answered(&mut self) {
        self.failures = 0;
        self.open = None;
    }

    /// The source gave no answer, to the probe or to another exchange.
    pub(crate) fn failed(&mut self, now: OffsetDateTime, probe: bool) {
        self.failures = self.failures.saturating_add(1);
        let lasts = match self.open {
            Some(open) if probe => open.lasts.saturating_mul(2).min(LONGEST),
            None if self.failures >= self.threshold => self.first,
            // Not yet; or exchanges that were under way when it opened, which say nothing new.
            _ => return,
        };
        self.open = Some(Open {
            until: now + lasts,
            lasts,
            probing: false,
        });
    }

    /// The probe was never put, so that another question may be it.
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
            breaker.failed(start, false);
        }
        breaker.answered();
        for _ in 0..3 {
            assert_eq!(breaker.admit(start), Ok(false));
            breaker.failed(start, false);
        }
        assert_eq!(breaker.admit(start), Err(start + Duration::seconds(30)));
        let later = start + Duration::seconds(31);
        assert_eq!(breaker.admit(later), Ok(true), "the probe");
        assert!(breaker.admit(later).is_err(), "only one");
        breaker.failed(later, false);
        assert!(
            breaker.open_until(later).is_none(),
            "a straggler says nothing about the probe"
        );
        breaker.failed(later, true);
        assert_eq!(
            breaker.admit(later),
            Err(later + Duration::seconds(60)),
            "twice as long"
        );
        let much_later = later + Duration::seconds(61);
        assert_eq!(breaker.admit(much_later), Ok(true));
        breaker.withdrawn();
        assert_eq!(breaker.admit(much_later), Ok(true), "the next may be it");
        breaker.answered();
        assert_eq!(
            (breaker.admit(much_later), breaker.admit(much_later)),
            (Ok(false), Ok(false))
        );
    }

    #[test]
    fn a_source_that_came_back_is_noticed_within_two_minutes() {
        let mut now = datetime!(2026-03-02 04:00 UTC);
        let mut breaker = Breaker::new(1, Duration::seconds(30));
        breaker.failed(now, false);
        for _ in 0..20 {
            let until = breaker.admit(now).unwrap_err();
            assert!(until - now <= LONGEST);
            now = until;
            assert_eq!(breaker.admit(now), Ok(true));
            breaker.failed(now, true);
        }
    }
}
