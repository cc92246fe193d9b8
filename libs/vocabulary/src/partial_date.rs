//! Civil dates whose month or day may be unknown, held as the interval of days they could mean.
//!
//! Chinese and foreign papers often give a month or only a year of manufacture. A `PartialDate`
//! keeps exactly what was written; its [`PartialDate::first`] and [`PartialDate::last`] bound what
//! it may mean. The wire form is `google.type.Date`, where a zero month or day means unknown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::{Date, Month};

/// A Gregorian date known to the day, the month, or only the year.
///
/// Years run from 1886 (the first motor vehicle) to 2199. The text form is ISO 8601 of the known
/// precision: `2024`, `2024-03`, `2024-03-15`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartialDate {
    year: u16,
    month: u8,
    day: u8,
}

/// Why a date was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PartialDateError {
    /// Not `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
    #[error("{text:?} is not a date of the form YYYY, YYYY-MM or YYYY-MM-DD")]
    Shape {
        /// What was given.
        text: String,
    },
    /// A year outside 1886–2199.
    #[error("year {year} is outside 1886 to 2199")]
    Year {
        /// What was given.
        year: i64,
    },
    /// A month or day the calendar does not have, or a day without a month.
    #[error("{year:04}-{month:02}-{day:02} is not in the calendar")]
    Calendar {
        /// Year given.
        year: i64,
        /// Month given, 0 where unknown.
        month: i64,
        /// Day given, 0 where unknown.
        day: i64,
    },
}

impl PartialDate {
    /// Builds from `google.type.Date` parts: a zero month or day means unknown.
    pub fn from_parts(year: i64, month: i64, day: i64) -> Result<Self, PartialDateError> {
        if !(1886..=2199).contains(&year) {
            return Err(PartialDateError::Year { year });
        }
        let wrong = PartialDateError::Calendar { year, month, day };
        if !(0..=12).contains(&month) || !(0..=31).contains(&day) || (month == 0 && day != 0) {
            return Err(wrong);
        }
        if day != 0 {
            let named = Month::try_from(month as u8).map_err(|_| wrong.clone())?;
            Date::from_calendar_date(year as i32, named, day as u8).map_err(|_| wrong)?;
        }
        Ok(Self {
            year: year as u16,
            month: month as u8,
            day: day as u8,
        })
    }

    /// The year, always known.
    pub fn year(self) -> i32 {
        i32::from(self.year)
    }

    /// The month 1–12, or 0 where unknown.
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, or 0 where unknown.
    pub fn day(self) -> u8 {
        self.day
    }

    /// The earliest day this can mean.
    pub fn first(self) -> Date {
        self.bound(1, 1)
    }

    /// The latest day this can mean.
    pub fn last(self) -> Date {
        self.bound(12, 31)
    }

    /// The day itself where it is known to the day.
    pub fn exact(self) -> Option<Date> {
        (self.day != 0).then(|| self.first())
    }

    /// Whether `day` is one of the days this can mean.
    pub fn covers(self, day: Date) -> bool {
        self.first() <= day && day <= self.last()
    }

    fn bound(self, month: u8, day: u8) -> Date {
        let month = if self.month == 0 { month } else { self.month };
        let named = Month::try_from(month).unwrap_or(Month::January);
        let length = named.length(self.year());
        let day = if self.day == 0 {
            day.min(length)
        } else {
            self.day
        };
        // The parts were checked on construction, so the calendar has this day.
        Date::from_calendar_date(self.year(), named, day).unwrap_or(Date::MIN)
    }
}

impl From<Date> for PartialDate {
    fn from(date: Date) -> Self {
        Self {
            year: date.year().clamp(1886, 2199) as u16,
            month: u8::from(date.month()),
            day: date.day(),
        }
    }
}

impl FromStr for PartialDate {
    type Err = PartialDateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || PartialDateError::Shape {
            text: text.to_owned(),
        };
        let mut parts = [0_i64; 3];
        let widths = [4, 2, 2];
        let mut count = 0;
        for (index, part) in text.split('-').enumerate() {
            let known = index < 3
                && part.len() == widths[index]
                && part.bytes().all(|b| b.is_ascii_digit());
            if !known {
                return Err(shape());
            }
            parts[index] = part.parse().map_err(|_| shape())?;
            count = index + 1;
        }
        let spelled_zero = parts[1..count].contains(&0);
        if spelled_zero {
            return Err(shape());
        }
        Self::from_parts(parts[0], parts[1], parts[2])
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.month, self.day) {
            (0, _) => write!(f, "{:04}", self.year),
            (month, 0) => write!(f, "{:04}-{month:02}", self.year),
            (month, day) => write!(f, "{:04}-{month:02}-{day:02}", self.year),
        }
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for PartialDate {
    type Error = PartialDateError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PartialDate> for String {
    fn from(date: PartialDate) -> Self {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_month_only_date_is_every_day_of_that_month() {
        let february: PartialDate = "2024-02".parse().unwrap();
        assert_eq!(february.first(), date!(2024 - 02 - 01));
        assert_eq!(february.last(), date!(2024 - 02 - 29));
        assert_eq!(february.exact(), None);
    }

    #[test]
    fn what_was_written_is_kept() {
        for text in ["1886", "2024-02", "2024-02-29"] {
            assert_eq!(text.parse::<PartialDate>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn days_the_calendar_lacks_are_refused() {
        for text in [
            "2023-02-29",
            "2024-13",
            "2024-00",
            "2024-1",
            "24",
            "1850",
            "2024-02-30",
            "",
            "2024-02-01-01",
            "２０２４",
        ] {
            assert!(text.parse::<PartialDate>().is_err(), "{text}");
        }
    }
}
