//! Opening hours of a source in China time.

use time::macros::offset;
use time::{Duration, OffsetDateTime, Time};

/// Hours such as `08:00-20:00`; `22:00-06:00` passes midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hours {
    from: Time,
    to: Time,
}

impl Hours {
    /// Reads `HH:MM-HH:MM`; empty means always open, anything else is an error.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        let wrong = || format!("{text:?} are no opening hours of the form HH:MM-HH:MM");
        let time = |text: &str| {
            let (hour, minute) = text.trim().split_once(':')?;
            Time::from_hms(hour.parse().ok()?, minute.parse().ok()?, 0).ok()
        };
        let (from, to) = text.split_once('-').ok_or_else(wrong)?;
        let hours = time(from).zip(time(to)).map(|(from, to)| Self { from, to });
        hours.map(Some).ok_or_else(wrong)
    }

    /// How long until it opens; nothing while it is open.
    pub(crate) fn closed_for(&self, now: OffsetDateTime) -> Option<Duration> {
        let time = now.to_offset(offset!(+8)).time();
        let open = if self.from <= self.to {
            self.from <= time && time < self.to
        } else {
            time >= self.from || time < self.to
        };
        if open {
            return None;
        }
        let wait = self.from - time;
        Some(if wait.is_negative() {
            wait + Duration::DAY
        } else {
            wait
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_closed_source_says_when_it_opens() {
        let hours = Hours::parse("08:30-20:00").unwrap().unwrap();
        // 04:00 UTC is noon in China.
        assert_eq!(hours.closed_for(datetime!(2026-03-02 04:00 UTC)), None);
        assert_eq!(
            hours.closed_for(datetime!(2026-03-02 12:30 UTC)),
            Some(Duration::hours(12))
        );
        let night = Hours::parse("22:00-06:00").unwrap().unwrap();
        assert_eq!(night.closed_for(datetime!(2026-03-02 20:00 UTC)), None);
        assert_eq!(
            night.closed_for(datetime!(2026-03-02 04:00 UTC)),
            Some(Duration::hours(10))
        );
        assert!(Hours::parse("8-20").is_err() && Hours::parse("25:00-26:00").is_err());
    }
}
