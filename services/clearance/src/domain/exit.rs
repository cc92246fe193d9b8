//! After the border: two months for the deregistration, and how well an exporter keeps them.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, Month, OffsetDateTime, Time};

/// The exit as recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Day of export clearance.
    pub date: Date,
    /// Number of the export declaration.
    pub declaration: String,
    /// Exit port.
    pub port: String,
}

/// The same day `months` later; the month's last day where it has no such day.
pub fn plus_months(day: Date, months: u8) -> Date {
    let index = i32::from(u8::from(day.month())) - 1 + i32::from(months);
    let year = day.year() + index / 12;
    let month = Month::try_from((index % 12 + 1) as u8).unwrap_or(Month::January);
    let last = month.length(year);
    Date::from_calendar_date(year, month, day.day().min(last)).unwrap_or(Date::MAX)
}

/// Last day for the deregistration: within two months after export clearance (注销登记).
pub fn deregister_by(exit: Date) -> Date {
    plus_months(exit, 2)
}

/// The hour in China at which reminders go out.
const HOUR: Time = time::macros::time!(09:00);

/// When the exporter is reminded next after `after`: so many days before the last day, and once on the day
/// after it. `None` once that was told.
pub fn next_reminder(
    by: Date,
    days_before: &[u16],
    after: OffsetDateTime,
) -> Option<OffsetDateTime> {
    let at = |day: Date| {
        day.with_time(HOUR)
            .assume_offset(time::macros::offset!(+8))
            .to_offset(time::UtcOffset::UTC)
    };
    let days = days_before
        .iter()
        .map(|days| -i64::from(*days))
        .chain([1])
        .map(|days| at(by.saturating_add(Duration::days(days))));
    days.filter(|instant| *instant > after).min()
}

/// What a reminder says on a day: its kind and its sentence.
pub fn reminder(by: Date, today: Date) -> (&'static str, String) {
    let left = (by - today).whole_days();
    if left < 0 {
        (
            "DEREGISTRATION_OVERDUE",
            format!("the deregistration was due by {by}, {} days ago", -left),
        )
    } else {
        (
            "DEREGISTRATION_DUE",
            format!("{left} days are left to deregister the vehicle, by {by}"),
        )
    }
}

/// How an exporter's movements were closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// Not closed yet.
    pub open: u64,
    /// Of these, past their last day.
    pub overdue: u64,
    /// Closed by their last day.
    pub closed_in_time: u64,
    /// Closed later.
    pub closed_late: u64,
}

impl Score {
    /// Counts one movement.
    pub fn add(&mut self, by: Date, closed: Option<Date>, today: Date) {
        match closed {
            Some(day) if day <= by => self.closed_in_time += 1,
            Some(_) => self.closed_late += 1,
            None => {
                self.open += 1;
                self.overdue += u64::from(today > by);
            }
        }
    }

    /// Share of due movements that were closed in time, 0 to 100; `None` while none is due.
    pub fn percent(self) -> Option<f64> {
        let due = self.overdue + self.closed_in_time + self.closed_late;
        (due > 0).then(|| self.closed_in_time as f64 * 100.0 / due as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn two_months_end_on_the_same_day_or_the_last_of_the_month() {
        assert_eq!(deregister_by(date!(2026 - 03 - 15)), date!(2026 - 05 - 15));
        assert_eq!(deregister_by(date!(2026 - 12 - 31)), date!(2027 - 02 - 28));
        assert_eq!(deregister_by(date!(2027 - 12 - 30)), date!(2028 - 02 - 29));
    }

    #[test]
    fn reminders_come_before_the_last_day_and_once_after_it() {
        let by = date!(2026 - 05 - 10);
        let mut now = time::macros::datetime!(2026-03-10 04:00 UTC);
        let mut told = Vec::new();
        while let Some(next) = next_reminder(by, &[3, 30, 14], now) {
            let day = next.to_offset(time::macros::offset!(+8)).date();
            told.push((day, reminder(by, day).0));
            now = next;
        }
        assert_eq!(
            told,
            [
                (date!(2026 - 04 - 10), "DEREGISTRATION_DUE"),
                (date!(2026 - 04 - 26), "DEREGISTRATION_DUE"),
                (date!(2026 - 05 - 07), "DEREGISTRATION_DUE"),
                (date!(2026 - 05 - 11), "DEREGISTRATION_OVERDUE"),
            ]
        );
    }

    #[test]
    fn movements_that_are_not_due_do_not_count() {
        let mut score = Score::default();
        let today = date!(2026 - 06 - 01);
        score.add(date!(2026 - 07 - 01), None, today);
        assert_eq!(score.percent(), None);
        score.add(date!(2026 - 05 - 31), None, today);
        score.add(date!(2026 - 05 - 01), Some(date!(2026 - 05 - 01)), today);
        score.add(date!(2026 - 05 - 01), Some(date!(2026 - 05 - 02)), today);
        score.add(date!(2026 - 05 - 01), Some(date!(2026 - 04 - 02)), today);
        assert_eq!((score.open, score.overdue), (2, 1));
        assert_eq!(score.percent(), Some(50.0));
    }
}
