//! Days packed into integers in calendar order, and the ways of counting between them.
//!
//! A day is `year * 512 + month * 32 + day`: comparing days is comparing integers, and the year is a
//! shift away. Every count below rises with its second argument and falls with its first, so over
//! intervals it is enough to look at the corners.

use time::{Date, Month};
use tongguan_vocabulary::PartialDate;

use crate::slot::Slot;

/// 1 January 1886, the first day a [`PartialDate`] can mean.
pub const MIN: i64 = pack(1886, 1, 1);
/// 31 December 2199, the last day a [`PartialDate`] can mean.
pub const MAX: i64 = pack(2199, 12, 31);

/// Packs year, month and day.
#[inline]
pub const fn pack(year: i64, month: i64, day: i64) -> i64 {
    year << 9 | month << 5 | day
}

/// The year of a packed day.
#[inline]
pub const fn year(day: i64) -> i64 {
    day >> 9
}

/// The month of a packed day, 1 to 12.
#[inline]
pub const fn month(day: i64) -> i64 {
    day >> 5 & 15
}

/// The day of the month of a packed day.
#[inline]
pub const fn day_of_month(day: i64) -> i64 {
    day & 31
}

/// Packs a civil date.
pub fn from_date(date: Date) -> i64 {
    pack(
        i64::from(date.year()),
        i64::from(u8::from(date.month())),
        i64::from(date.day()),
    )
}

/// The civil date of a packed day; `None` outside the calendar of the `time` crate.
pub fn to_date(day: i64) -> Option<Date> {
    let month = Month::try_from(month(day) as u8).ok()?;
    Date::from_calendar_date(year(day) as i32, month, day_of_month(day) as u8).ok()
}

/// The interval of days a partial date may mean.
pub fn interval(date: PartialDate) -> Slot {
    Slot {
        lo: from_date(date.first()),
        hi: from_date(date.last()),
    }
}

/// Writes an interval of days as the shortest partial date, or as `first..last`.
pub fn show(slot: Slot) -> String {
    let Slot { lo, hi } = slot;
    let (y, m, d) = (year(lo), month(lo), day_of_month(lo));
    if lo == hi {
        format!("{y:04}-{m:02}-{d:02}")
    } else if lo == pack(y, m, 1) && hi == pack(y, m, month_length(y, m)) {
        format!("{y:04}-{m:02}")
    } else if lo == pack(y, 1, 1) && hi == pack(y, 12, 31) {
        format!("{y:04}")
    } else {
        format!("{}..{}", show(Slot::exact(lo)), show(Slot::exact(hi)))
    }
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn month_length(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1 March of year 0 (Howard Hinnant's civil calendar algorithm), for years after that.
#[inline]
pub fn number(day: i64) -> i64 {
    // Packed days lie between 1886 and 2199, so unsigned division does.
    let (y, m, d) = (
        year(day) as u32,
        month(day) as u32,
        day_of_month(day) as u32,
    );
    let (y, from_march) = if m <= 2 { (y - 1, m + 9) } else { (y, m - 3) };
    i64::from(y * 365 + y / 4 - y / 100 + y / 400 + (153 * from_march + 2) / 5 + d - 1)
}

/// The packed day with this [`number`].
fn from_number(number: i64) -> i64 {
    let era = number.div_euclid(146_097);
    let in_era = number.rem_euclid(146_097);
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    pack(year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The day `days` later; kept inside [`MIN`]..[`MAX`].
pub fn plus_days(day: i64, days: i64) -> i64 {
    let wanted = number(day).saturating_add(days);
    if wanted <= number(MIN) {
        MIN
    } else if wanted >= number(MAX) {
        MAX
    } else {
        from_number(wanted)
    }
}

/// The same day `months` later, clamped to the end of a shorter month.
pub fn plus_months(day: i64, months: i64) -> i64 {
    let index = (year(day) * 12 + month(day) - 1).saturating_add(months);
    let (y, m) = (index.div_euclid(12), index.rem_euclid(12) + 1);
    if y < 1886 {
        return MIN;
    }
    if y > 2199 {
        return MAX;
    }
    pack(y, m, day_of_month(day).min(month_length(y, m)))
}

/// Age in thousandths of a year from `a` to `b`: whole years on an anniversary, and half a year more
/// on every day between two anniversaries.
///
/// So `years(a, b) <= 5` holds up to and on the fifth anniversary, and `years(a, b) < 5` to the day before.
#[inline]
pub fn years(a: i64, b: i64) -> i64 {
    let whole = year(b) - year(a);
    let anniversary = if a & 511 == pack(0, 2, 29) && !is_leap(year(b)) {
        pack(year(b), 2, 28)
    } else {
        pack(year(b), 0, 0) | a & 511
    };
    stand(whole, anniversary, b)
}

/// Age in thousandths of a month from `a` to `b`, counted like [`years`].
#[inline]
pub fn months(a: i64, b: i64) -> i64 {
    let whole = (year(b) - year(a)) * 12 + month(b) - month(a);
    let day = day_of_month(a).min(month_length(year(b), month(b)));
    stand(whole, pack(year(b), month(b), day), b)
}

/// `whole` on the anniversary itself, half a unit less before it, half a unit more after it.
#[inline]
fn stand(whole: i64, anniversary: i64, day: i64) -> i64 {
    whole * 1_000 + 500 * (day - anniversary).signum()
}

/// Days from `a` to `b`; the same day is 0.
#[inline]
pub fn days(a: i64, b: i64) -> i64 {
    number(b) - number(a)
}

/// The year of `b` less the year of `a`.
#[inline]
pub fn calendar_years(a: i64, b: i64) -> i64 {
    year(b) - year(a)
}

/// Like [`calendar_years`] for years that begin on the first of `start_month`.
#[inline]
pub fn fiscal_years(a: i64, b: i64, start_month: i64) -> i64 {
    let fiscal = |day: i64| year(day) + i64::from(month(day) >= start_month);
    fiscal(b) - fiscal(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> i64 {
        interval(text.parse().unwrap()).lo
    }

    #[test]
    fn the_anniversary_is_the_last_good_day_of_not_older_than() {
        let born = day("2018-03-15");
        assert_eq!(years(born, day("2023-03-15")), 5_000);
        assert!(years(born, day("2023-03-16")) > 5_000);
        assert!(years(born, day("2023-03-14")) < 5_000);
        assert_eq!(years(day("2020-02-29"), day("2021-02-28")), 1_000);
        assert_eq!(years(day("2020-02-29"), day("2024-02-29")), 4_000);
        assert!(years(day("2023-03-15"), born) == -5_000);
    }

    #[test]
    fn months_clamp_to_the_end_of_the_month() {
        assert_eq!(months(day("2024-01-31"), day("2024-02-29")), 1_000);
        assert!(months(day("2024-01-31"), day("2024-03-01")) > 1_000);
        assert_eq!(plus_months(day("2024-01-31"), 1), day("2024-02-29"));
        assert_eq!(plus_months(day("2024-02-29"), 12), day("2025-02-28"));
    }

    #[test]
    fn the_day_of_registration_is_day_zero() {
        let registered = day("2026-01-01");
        assert_eq!(days(registered, registered), 0);
        assert_eq!(plus_days(registered, 180), day("2026-06-30"));
        assert_eq!(days(registered, day("2026-06-30")), 180);
    }

    #[test]
    fn a_fiscal_year_turns_on_its_first_day() {
        assert_eq!(fiscal_years(day("2014-03-01"), day("2019-06-30"), 7), 5);
        assert_eq!(fiscal_years(day("2014-03-01"), day("2019-07-01"), 7), 6);
    }

    #[test]
    fn numbers_and_days_agree_with_the_time_crate() {
        let mut date = to_date(MIN).unwrap();
        let start = number(MIN);
        for step in 0..114_000 {
            let packed = from_date(date);
            assert_eq!(number(packed) - start, step);
            assert_eq!(from_number(number(packed)), packed);
            assert_eq!(to_date(packed), Some(date));
            date = date.next_day().unwrap();
        }
    }

    #[test]
    fn intervals_are_shown_as_they_were_written() {
        for text in ["2024", "2024-02", "2024-02-29"] {
            assert_eq!(show(interval(text.parse().unwrap())), text);
        }
    }
}
