//! Reads the texts of repair records: dates in eight spellings, kilometres with or without unit, numbers, blanks.

use time::{Date, Month, OffsetDateTime};
use tongguan_vocabulary::{Odometer, OdometerUnit};

/// What a mileage text says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mileage {
    /// A number, as written or with the unit it names; `wan` where it was written in 万公里.
    Shows {
        /// The reading.
        odometer: Odometer,
        /// Whether it was written in ten thousand kilometres.
        wan: bool,
    },
    /// Nothing, or a filler for nothing.
    Blank,
    /// Something else.
    Unreadable,
}

/// The text with full-width digits and signs made plain and outer space removed.
pub fn plain(text: &str) -> String {
    let narrow = |character: char| match character {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(character as u32 - 0xFEE0).unwrap_or(character),
        '\u{3000}' => ' ',
        other => other,
    };
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}')
        .chars()
        .map(narrow)
        .collect::<String>()
        .trim()
        .to_owned()
}

/// A day from `yyyyMMdd`, `yyyy-MM-dd`, `yyyy/M/d`, `yyyy.MM.dd`, `yyyy年M月d日`, any of them followed by a time, or
/// milliseconds since 1970 (taken in China time).
pub fn day(text: &str) -> Option<Date> {
    let text = plain(text);
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match (digits, text.len()) {
        (true, 8 | 14) => calendar(
            text[..4].parse().ok()?,
            text[4..6].parse().ok()?,
            text[6..8].parse().ok()?,
        ),
        (true, 13) => {
            let seconds = text.parse::<i64>().ok()? / 1_000;
            let instant = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
            Some((instant + time::Duration::hours(8)).date())
        }
        (true, _) => None,
        (false, _) => {
            let mut parts = text
                .split(|c: char| !c.is_ascii_digit())
                .filter(|part| !part.is_empty());
            let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
            let shaped = year.len() == 4 && month.len() <= 2 && day.len() <= 2;
            let separated = text
                .get(4..)
                .is_some_and(|rest| rest.starts_with(['-', '/', '.', '年']));
            if shaped && separated {
                calendar(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
            } else {
                None
            }
        }
    }
}

fn calendar(year: i32, month: u8, day: u8) -> Option<Date> {
    let day = Date::from_calendar_date(year, Month::try_from(month).ok()?, day).ok()?;
    (1990..2100).contains(&day.year()).then_some(day)
}

/// Kilometres from texts such as `52310`, `52,310 km`, `5.2万公里`, `32000英里`.
pub fn mileage(text: &str) -> Mileage {
    let text = plain(text).to_lowercase().replace([',', ' ', '，'], "");
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (factor, unit, wan) = match unit {
        "" | "km" | "kms" | "公里" | "千米" => (1.0, OdometerUnit::Km, false),
        "万" | "万公里" | "万km" | "万千米" | "w" | "wkm" => {
            (10_000.0, OdometerUnit::Km, true)
        }
        "英里" | "mi" | "mile" | "miles" => (1.0, OdometerUnit::Mile, false),
        _ => {
            return if is_filler(&text) {
                Mileage::Blank
            } else {
                Mileage::Unreadable
            };
        }
    };
    let Some(value) = decimal(number) else {
        return if is_filler(number) {
            Mileage::Blank
        } else {
            Mileage::Unreadable
        };
    };
    let value = (value * factor).round();
    if value == 0.0 {
        return Mileage::Blank;
    }
    if value > f64::from(Odometer::MAX) {
        return Mileage::Unreadable;
    }
    Mileage::Shows {
        odometer: Odometer {
            value: value as u32,
            unit,
        },
        wan,
    }
}

fn is_filler(text: &str) -> bool {
    matches!(
        text,
        "" | "无"
            | "暂无"
            | "未知"
            | "不详"
            | "n/a"
            | "na"
            | "null"
            | "none"
            | "-"
            | "--"
            | "/"
            | "."
    )
}

/// A non-negative decimal number of ordinary size.
pub fn decimal(text: &str) -> Option<f64> {
    let text = plain(text);
    let ordinary = !text.is_empty()
        && text.len() <= 15
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = ordinary.then(|| text.parse().ok()).flatten()?;
    value.is_finite().then_some(value)
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    #[test]
    fn a_day_is_read_in_every_spelling_of_the_field() {
        for text in [
            "20240305",
            "2024-03-05",
            "2024/3/5",
            "2024.03.05",
            "2024年3月5日",
            "20240305143000",
            "2024-03-05 14:30:00",
            "2024-03-05T14:30:00",
            "２０２４０３０５",
            "1709568000000",
            " 20240305 ",
        ] {
            assert_eq!(day(text), Some(date!(2024 - 03 - 05)), "{text}");
        }
        for text in [
            "",
            "无",
            "2024",
            "202403",
            "20241305",
            "20240230",
            "00000000",
            "2024-03",
            "03-05-2024",
            "2024x03x05",
            "99991231",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn kilometres_are_read_with_their_unit() {
        let shows = |value, unit, wan| Mileage::Shows {
            odometer: Odometer { value, unit },
            wan,
        };
        let km = OdometerUnit::Km;
        for (text, expected) in [
            ("52310", shows(52_310, km, false)),
            ("52,310 km", shows(52_310, km, false)),
            ("52310.6", shows(52_311, km, false)),
            ("5.2万公里", shows(52_000, km, true)),
            ("５２３１０公里", shows(52_310, km, false)),
            ("32000英里", shows(32_000, OdometerUnit::Mile, false)),
            ("0", Mileage::Blank),
            ("0.00", Mileage::Blank),
            ("无", Mileage::Blank),
            ("N/A", Mileage::Blank),
            ("", Mileage::Blank),
            ("-5", Mileage::Unreadable),
            ("5 里", Mileage::Unreadable),
            ("99999999", Mileage::Unreadable),
            ("1.2.3", Mileage::Unreadable),
        ] {
            assert_eq!(mileage(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,24}") {
            let _ = (day(&text), mileage(&text), decimal(&text), hex(text.as_bytes()));
        }
    }
}
