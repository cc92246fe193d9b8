//! Mandatory scrapping (机动车强制报废标准规定, 2012 No. 12): service life by class, from a table of data.
//!
//! Export closes one year before the limit, inclusive (No. 6 of 2024, section 六, situation 1). A
//! private small car has no year limit, so that rule can not bite on its age. Vehicles whose use
//! nature changed (L, M, U) follow a formula that is not in the table: a person must look.

use serde::Deserialize;
use time::{Date, Month};

use super::vehicle::Details;

/// The table of service lives.
#[derive(Debug, Clone, Deserialize)]
pub struct ScrappingTable {
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    class: String,
    size: Option<String>,
    years: Option<i32>,
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
        let (class, size) = match class_of(&details.vehicle_type, &details.use_nature) {
            Ok(found) => found,
            Err(reason) => return Scrapping::Refer { reason },
        };
        let row = self.rows.iter().find(|row| {
            row.class == class && row.size.as_deref().is_none_or(|of| Some(of) == size)
        });
        let Some(row) = row else {
            return Scrapping::Refer {
                reason: format!(
                    "the table has no row for {class} {}",
                    size.unwrap_or_default()
                ),
            };
        };
        let name = format!("{class} {}", size.unwrap_or("any size"));
        match row.years {
            None => Scrapping::NoYearLimit { row: name },
            Some(years) => {
                let registered = details.first_registered;
                Scrapping::Limited {
                    limit: add_years(registered.last(), years),
                    closed_from: add_years(registered.first(), years - 1),
                    row: format!("{name}: {years} years"),
                }
            }
        }
    }
}

/// The table's class and size for a GA 802 type code and a GA/T 24 use nature.
fn class_of(code: &str, nature: &str) -> Result<(&'static str, Option<&'static str>), String> {
    if matches!(nature, "L" | "M" | "U") {
        return Err(format!(
            "use nature {nature}: the life after a change of use follows a formula a person must apply"
        ));
    }
    let mut letters = code.chars();
    let (kind, digit) = (letters.next(), letters.next());
    let passenger = match digit {
        Some('3' | '4') => Some("small_mini"),
        Some('2') => Some("medium"),
        Some('1') => Some("large"),
        _ => None,
    };
    match (kind, nature) {
        (Some('K'), "D" | "T") => sized("taxi", passenger, code),
        (Some('K'), "G") => Ok(("rental_passenger", None)),
        (Some('K'), "N") => sized(
            "training",
            passenger.map(|size| if size == "small_mini" { "small" } else { size }),
            code,
        ),
        (Some('K'), "C") => Ok(("city_bus", None)),
        (Some('K'), "O" | "P" | "Q" | "S") => Ok(("special_school_bus", None)),
        (Some('K'), "B" | "E") => sized("other_operating_passenger", passenger, code),
        (Some('K'), "A" | "H" | "I" | "J" | "K") => {
            let size = match (passenger, code) {
                (Some("small_mini"), _) | (_, "K16") => Some("small_mini_and_large_sedan"),
                (Some("large"), _) => Some("large_coach"),
                (other, _) => other,
            };
            sized("non_operating_passenger", size, code)
        }
        (Some('H' | 'Q' | 'B'), "R") if kind == Some('B') => {
            Ok(("semi_trailer", Some("dangerous_goods")))
        }
        (Some('H' | 'Q'), "R") => Ok(("dangerous_goods_truck", None)),
        (Some('H'), _) => match digit {
            Some('4') => Ok(("goods", Some("mini"))),
            Some('2' | '3') => Ok(("goods", Some("medium_light"))),
            Some('1') => Ok(("goods", Some("heavy"))),
            _ => Err(format!("vehicle type {code} names no size")),
        },
        (Some('Q'), _) => Ok(("goods", Some("heavy"))),
        // GA 802 names the build of a trailer by its last digit; 5 is a container chassis (集装箱半挂车).
        (Some('B'), _) if code.ends_with('5') => Ok(("semi_trailer", Some("container"))),
        (Some('B'), _) => Ok(("semi_trailer", Some("other"))),
        (Some('G'), _) => Ok(("full_trailer", None)),
        // GA 802: M1x have three wheels, M2x two.
        (Some('M'), _) if digit == Some('1') => Ok(("motorcycle", Some("three_wheel"))),
        (Some('M'), _) => Ok(("motorcycle", Some("other"))),
        (Some('J'), _) => Ok(("wheeled_special_machinery", None)),
        (Some('Z'), _) => {
            Err("special operation: whether it carries cargo must be looked up".to_owned())
        }
        _ => Err(format!(
            "vehicle type {code} with use nature {nature} is in no row"
        )),
    }
}

fn sized(
    class: &'static str,
    size: Option<&'static str>,
    code: &str,
) -> Result<(&'static str, Option<&'static str>), String> {
    match size {
        Some(size) => Ok((class, Some(size))),
        None => Err(format!("vehicle type {code} names no size")),
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
mod tests {
    use super::super::vehicle::tests::details;
    use super::*;
    use time::macros::date;

    fn table() -> ScrappingTable {
        ScrappingTable::parse(include_str!("../../data/scrapping.json")).unwrap()
    }

    fn car(vehicle_type: &str, use_nature: &str, registered: &str) -> Details {
        Details {
            vehicle_type: vehicle_type.into(),
            use_nature: use_nature.into(),
            first_registered: registered.parse().unwrap(),
            ..details()
        }
    }

    #[test]
    fn the_table_has_its_thirty_rows() {
        assert_eq!(table().rows.len(), 30);
    }

    /// Class, size, years and reference kilometres as annex 1 of the regulation has them; 0 stands for "none".
    const ANNEX: [(&str, &str, i64, i64); 30] = [
        ("taxi", "small_mini", 8, 600_000),
        ("taxi", "medium", 10, 500_000),
        ("taxi", "large", 12, 600_000),
        ("rental_passenger", "", 15, 600_000),
        ("training", "small", 10, 500_000),
        ("training", "medium", 12, 500_000),
        ("training", "large", 15, 600_000),
        ("city_bus", "", 13, 400_000),
        ("other_operating_passenger", "small_mini", 10, 600_000),
        ("other_operating_passenger", "medium", 15, 500_000),
        ("other_operating_passenger", "large", 15, 800_000),
        ("special_school_bus", "", 15, 400_000),
        (
            "non_operating_passenger",
            "small_mini_and_large_sedan",
            0,
            600_000,
        ),
        ("non_operating_passenger", "medium", 20, 500_000),
        ("non_operating_passenger", "large_coach", 20, 600_000),
        ("goods", "mini", 12, 500_000),
        ("goods", "medium_light", 15, 600_000),
        ("goods", "heavy", 15, 700_000),
        ("dangerous_goods_truck", "", 10, 400_000),
        ("three_wheeler_or_single_cylinder_low_speed_truck", "", 9, 0),
        ("multi_cylinder_low_speed_truck", "", 12, 300_000),
        ("special_operation", "with_cargo_function", 15, 500_000),
        ("special_operation", "no_cargo_function", 30, 500_000),
        ("semi_trailer", "container", 20, 0),
        ("semi_trailer", "dangerous_goods", 10, 0),
        ("semi_trailer", "other", 15, 0),
        ("full_trailer", "", 10, 0),
        ("motorcycle", "three_wheel", 12, 100_000),
        ("motorcycle", "other", 13, 120_000),
        ("wheeled_special_machinery", "", 0, 500_000),
    ];

    #[test]
    fn every_row_says_what_the_regulation_says() {
        let table: serde_json::Value =
            serde_json::from_str(include_str!("../../data/scrapping.json")).unwrap();
        let rows = table["rows"].as_array().unwrap().iter();
        let rows: Vec<(&str, &str, i64, i64)> = rows
            .map(|row| {
                let number = |name: &str| row[name].as_i64().unwrap_or(0);
                (
                    row["class"].as_str().unwrap(),
                    row["size"].as_str().unwrap_or(""),
                    number("years"),
                    number("reference_km"),
                )
            })
            .collect();
        assert_eq!(rows, ANNEX);
        for field in ["instrument", "source", "confidence"] {
            assert!(!table[field].as_str().unwrap().is_empty());
        }
    }

    #[test]
    fn the_year_before_the_limit_is_closed_from_its_first_day() {
        for (registered, closed, limit) in [
            ("2019-03-10", date!(2026 - 03 - 10), date!(2027 - 03 - 10)),
            // The earliest day that is meant closes, the latest limits.
            ("2019-03", date!(2026 - 03 - 01), date!(2027 - 03 - 31)),
            ("2020-02-29", date!(2027 - 02 - 28), date!(2028 - 02 - 29)),
        ] {
            let found = table().assess(&car("K33", "D", registered));
            let expected = Scrapping::Limited {
                limit,
                closed_from: closed,
                row: "taxi small_mini: 8 years".into(),
            };
            assert_eq!(found, expected, "{registered}");
        }
    }

    #[test]
    fn what_the_table_does_not_settle_is_for_a_person() {
        for (code, nature) in [("Z11", "A"), ("K33", "F"), ("H99", "F"), ("X1", "A")] {
            let found = table().assess(&car(code, nature, "2020-01-01"));
            assert!(matches!(found, Scrapping::Refer { .. }), "{code} {nature}");
        }
    }

    #[test]
    fn a_private_small_car_has_no_year_limit() {
        assert!(matches!(
            table().assess(&car("K33", "A", "2001-01-01")),
            Scrapping::NoYearLimit { .. }
        ));
    }

    #[test]
    fn export_of_a_taxi_closes_a_year_before_its_eighth() {
        let taxi = table().assess(&car("K33", "D", "2019-03-10"));
        assert_eq!(taxi.export_closed_from(), Some(date!(2026 - 03 - 10)));
        assert!(matches!(taxi, Scrapping::Limited { limit, .. } if limit == date!(2027 - 03 - 10)));
    }

    #[test]
    fn a_changed_use_nature_is_for_a_person() {
        for nature in ["L", "M", "U"] {
            assert!(matches!(
                table().assess(&car("K33", nature, "2019-03-10")),
                Scrapping::Refer { .. }
            ));
        }
    }

    #[test]
    fn every_class_finds_its_row() {
        for (code, nature, years) in [
            ("K11", "B", 15),
            ("K21", "A", 20),
            ("K11", "A", 20),
            ("K31", "C", 13),
            ("H11", "F", 15),
            ("H31", "F", 15),
            ("H41", "F", 12),
            ("Q11", "F", 15),
            ("H21", "R", 10),
            ("B11", "F", 15),
            ("B15", "F", 20),
            ("M11", "A", 12),
            ("M21", "A", 13),
            ("B11", "R", 10),
            ("G11", "F", 10),
            ("K33", "G", 15),
            ("K33", "N", 10),
        ] {
            let found = table().assess(&car(code, nature, "2020-01-01"));
            assert!(
                matches!(&found, Scrapping::Limited { limit, .. } if limit.year() == 2020 + years),
                "{code} {nature}: {found:?}"
            );
        }
    }
}
