//! Mandatory scrapping (机动车强制报废标准规定, 2012 No. 12): service life by class, from a table of data.
//!
//! Export closes one year before the limit, inclusive (No. 6 of 2024, section 六, situation 1). A
//! private small car has no year limit, so that rule can not bite on its age. Which class a vehicle type code and a use
//! nature mean is data too, each reading with its confidence: what rests on C never bars a car, a person must look. So it
//! is where the use nature changed (L, M, U), whose formula is not in the table.

use serde::Deserialize;
use time::{Date, Month};

use super::vehicle::Details;

/// The table of service lives, and how codes are read.
#[derive(Debug, Clone, Deserialize)]
pub struct ScrappingTable {
    rows: Vec<Row>,
    readings: Vec<Reading>,
}

/// How well something is known; the order is from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
enum Confidence {
    /// The instrument itself.
    A,
    /// A copy, or lists that agree.
    B,
    /// Inferred.
    C,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    class: String,
    size: Option<String>,
    years: Option<i32>,
    confidence: Confidence,
    #[serde(default)]
    note: String,
}

/// Which row codes mean; the first reading that fits counts.
#[derive(Debug, Clone, Deserialize)]
struct Reading {
    /// How the vehicle type code of GA 802 begins; `?` stands for any character.
    code: String,
    /// Letters of GA/T 24; empty means any.
    nature: String,
    #[serde(flatten)]
    means: Meaning,
    confidence: Confidence,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Meaning {
    Refer { refer: String },
    Row { class: String, size: Option<String> },
}

impl Reading {
    fn fits(&self, details: &Details) -> bool {
        let mut letters = details.vehicle_type.chars();
        let begins = self.code.chars().all(|wanted| {
            letters
                .next()
                .is_some_and(|letter| wanted == '?' || wanted == letter)
        });
        begins && (self.nature.is_empty() || self.nature.contains(&details.use_nature))
    }
}

/// What the table says of one vehicle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scrapping {
    /// Its class has no year limit.
    NoYearLimit {
        /// The row used.
        row: String,
    },
    /// Its service life ends.
    Limited {
        /// The last day of the service life, at the latest reading of a partial date.
        limit: Date,
        /// The first day on which export is closed, at the earliest reading.
        closed_from: Date,
        /// The row used.
        row: String,
    },
    /// A person must look.
    Refer {
        /// Why.
        reason: String,
    },
}

impl Scrapping {
    /// The first day on which export is closed, where there is one.
    pub fn export_closed_from(&self) -> Option<Date> {
        match self {
            Self::Limited { closed_from, .. } => Some(*closed_from),
            Self::NoYearLimit { .. } | Self::Refer { .. } => None,
        }
    }
}

impl ScrappingTable {
    /// Reads the table.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// What the table says of a vehicle.
    pub fn assess(&self, details: &Details) -> Scrapping {
        let (code, nature) = (&details.vehicle_type, &details.use_nature);
        let refer = |reason: String| Scrapping::Refer { reason };
        let Some(reading) = self.readings.iter().find(|reading| reading.fits(details)) else {
            return refer(format!(
                "vehicle type {code} with use nature {nature} is in no row"
            ));
        };
        let (class, size) = match &reading.means {
            Meaning::Refer { refer: why } => return refer(format!("use nature {nature}: {why}")),
            Meaning::Row { class, size } => (class, size),
        };
        let row = self
            .rows
            .iter()
            .find(|row| row.class == *class && row.size == *size);
        let name = format!("{class} {}", size.as_deref().unwrap_or("any size"));
        let Some(row) = row else {
            return refer(format!("the table has no row for {name}"));
        };
        let confidence = row.confidence.max(reading.confidence);
        let years = row.years.map_or_else(
            || "no year limit".to_owned(),
            |years| format!("{years} years"),
        );
        if confidence == Confidence::C {
            return refer(format!(
                "vehicle type {code} with use nature {nature} is read as {name} ({years}), which is inferred: a person must look"
            ));
        }
        let note = if row.note.is_empty() {
            String::new()
        } else {
            format!("; {}", row.note)
        };
        let basis = format!("{name}: {years} (confidence {confidence:?}{note})");
        match row.years {
            None => Scrapping::NoYearLimit { row: basis },
            Some(years) => {
                let registered = details.first_registered;
                Scrapping::Limited {
                    limit: add_years(registered.last(), years),
                    closed_from: add_years(registered.first(), years - 1),
                    row: basis,
                }
            }
        }
    }
}

/// The same day `years` later; 29 February becomes 28.
fn add_years(day: Date, years: i32) -> Date {
    let year = day.year() + years;
    day.replace_year(year)
        .or_else(|_| Date::from_calendar_date(year, Month::February, 28))
        .unwrap_or(day)
}

#[cfg(test)]
#[path = "scrapping_tests.rs"]
mod tests;
