//! What the table of service lives says, and what it leaves to a person.

use super::super::vehicle::tests::details;
use super::*;
use time::macros::{date, datetime};

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
    assert!(!table["instrument"].as_str().unwrap().is_empty());
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
            row: "taxi small_mini: 8 years (confidence B; a province may set fewer years, not below 6; battery-electric ones excepted)".into(),
        };
        assert_eq!(found, expected, "{registered}");
    }
}

#[test]
fn what_the_table_does_not_settle_is_for_a_person() {
    for (code, nature) in [
        ("Z11", "A"),
        ("K33", "F"),
        ("H99", "F"),
        ("X1", "A"),
        ("M", "A"),
    ] {
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
        // A light trailer's fifth code is the dump body, not the container chassis.
        ("B35", "F", 15),
        ("B25", "F", 20),
        ("Z12", "A", 15),
        ("Q31", "F", 15),
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

#[test]
fn every_row_and_reading_says_how_well_it_is_known_and_from_where() {
    let table: serde_json::Value =
        serde_json::from_str(include_str!("../../data/scrapping.json")).unwrap();
    for part in ["rows", "readings"] {
        for row in table[part].as_array().unwrap() {
            let confidence = row["confidence"].as_str().unwrap();
            assert!(["A", "B", "C"].contains(&confidence), "{row}");
            let source = row["source"].as_str().unwrap();
            assert!(table["sources"][source].is_string(), "{row}");
            assert!((source == "inferred") == (confidence == "C"), "{row}");
        }
    }
}

#[test]
fn every_reading_means_a_row_that_is_there_and_comes_first_for_some_vehicle() {
    let table = table();
    for (place, reading) in table.readings.iter().enumerate() {
        if let Meaning::Row { class, size } = &reading.means {
            let there = table
                .rows
                .iter()
                .any(|row| row.class == *class && row.size == *size);
            assert!(there, "{reading:?}");
        }
        let code = reading.code.replace('?', "1");
        let natures = if reading.nature.is_empty() {
            "A"
        } else {
            &reading.nature
        };
        for nature in natures.chars() {
            let details = car(&code, &nature.to_string(), "2020-01-01");
            let first = table.readings.iter().position(|one| one.fits(&details));
            assert_eq!(first, Some(place), "{reading:?} is never read for {nature}");
        }
    }
}

#[test]
fn what_is_inferred_never_bars_a_car_however_old() {
    let table = table();
    let inferred = |reading: &&Reading| reading.confidence == Confidence::C;
    let mut seen = 0;
    for reading in table.readings.iter().filter(inferred) {
        let natures = if reading.nature.is_empty() {
            "A"
        } else {
            &reading.nature
        };
        for nature in natures.chars() {
            let details = car(
                &reading.code.replace('?', "1"),
                &nature.to_string(),
                "1985-01-01",
            );
            let found = table.assess(&details);
            assert_eq!(found.export_closed_from(), None, "{reading:?}");
            assert!(
                matches!(&found, Scrapping::Refer { reason } if reason.contains("inferred")),
                "{found:?}"
            );
            let at = datetime!(2026-03-02 04:00 UTC);
            // Low-speed trucks are no used cars and are not registered at all.
            let Ok((vehicle, _)) = super::super::vehicle::Vehicle::register(details, at) else {
                continue;
            };
            assert_eq!(vehicle.prohibitions(&found, date!(2026 - 03 - 02)), []);
            seen += 1;
        }
    }
    assert!(seen >= 2, "{seen}");
}

#[test]
fn a_row_of_confidence_c_refers_too() {
    let text = include_str!("../../data/scrapping.json");
    let known = r#""class": "taxi", "size": "small_mini", "years": 8, "reference_km": 600000, "confidence": "B""#;
    assert!(text.contains(known));
    let doubted = text.replace(known, &known.replace("\"B\"", "\"C\""));
    let taxi = car("K33", "D", "1999-03-10");
    assert!(table().assess(&taxi).export_closed_from().is_some());
    let doubted = ScrappingTable::parse(&doubted).unwrap().assess(&taxi);
    assert!(matches!(doubted, Scrapping::Refer { .. }));
}
