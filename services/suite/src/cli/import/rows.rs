//! The rows of a file as vehicles: CSV by its column names, JSON line by line, with the same short forms in both.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde_json::{Map, Value, json};
use tongguan_api::registry::v1 as pb;
use tongguan_vocabulary::PartialDate;

/// Fields that are numbers, truths, dates and enums; the others are text.
const NUMBERS: [&str; 6] = [
    "engine_cc",
    "power_kw",
    "gross_mass_kg",
    "curb_mass_kg",
    "seats",
    "model_year",
];
const TRUTHS: [&str; 2] = ["imported", "modified"];
const DATES: [&str; 2] = ["manufactured", "first_registered"];
const ENUMS: [(&str, &str); 4] = [
    ("category", "VEHICLE_CATEGORY_"),
    ("powertrain", "POWERTRAIN_"),
    ("fuel", "FUEL_"),
    ("steering", "STEERING_"),
];
const TEXTS: [&str; 12] = [
    "vin",
    "brand",
    "model",
    "manufacturer",
    "vehicle_type",
    "use_nature",
    "colour",
    "engine_number",
    "battery_id",
    "emission_stage",
    "certificate_number",
    "plate",
];

/// A vehicle; or the VIN as far as it could be read, and why the rest could not.
pub(super) type Row = Result<pb::VehicleDetails, (String, String)>;

/// The rows of a file, in order.
pub(super) enum Rows {
    Csv {
        columns: Vec<String>,
        records: Box<csv::StringRecordsIntoIter<File>>,
    },
    Json(std::io::Lines<BufReader<File>>),
}

impl Rows {
    /// Opens a file; says what is wrong with it as a whole.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let at = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let file = File::open(path).map_err(|error| at(&error))?;
        let ending = path.extension().and_then(|ending| ending.to_str());
        if ending.is_some_and(|ending| ["ndjson", "jsonl", "json"].contains(&ending)) {
            return Ok(Self::Json(BufReader::new(file).lines()));
        }
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(file);
        let columns = reader.headers().map_err(|error| at(&error))?;
        let columns: Vec<String> = columns.iter().map(snake).collect();
        let unknown: Vec<&String> = columns.iter().filter(|column| !known(column)).collect();
        if !unknown.is_empty() {
            return Err(at(&format!("no fields of VehicleDetails: {unknown:?}")));
        }
        if !columns.iter().any(|column| column == "vin") {
            return Err(at(&"no column vin"));
        }
        Ok(Self::Csv {
            columns,
            records: Box::new(reader.into_records()),
        })
    }
}

impl Iterator for Rows {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        match self {
            Self::Csv { columns, records } => Some(match records.next()? {
                Ok(record) => {
                    let cells = columns.iter().cloned().zip(record.iter());
                    let cells = cells.filter(|(_, cell)| !cell.is_empty());
                    vehicle(
                        cells
                            .map(|(name, cell)| (name, Value::from(cell)))
                            .collect(),
                    )
                }
                Err(error) => Err((String::new(), error.to_string())),
            }),
            Self::Json(lines) => loop {
                let line = match lines.next()? {
                    Ok(line) => line,
                    Err(error) => return Some(Err((String::new(), error.to_string()))),
                };
                if line.trim().is_empty() {
                    continue;
                }
                return Some(match serde_json::from_str::<Map<String, Value>>(&line) {
                    Ok(fields) => vehicle(
                        fields
                            .into_iter()
                            .map(|(name, value)| (snake(&name), value))
                            .collect(),
                    ),
                    Err(error) => Err((String::new(), error.to_string())),
                });
            },
        }
    }
}

/// Fields in their short or their proto3 JSON form, as a vehicle.
fn vehicle(mut fields: Map<String, Value>) -> Row {
    let vin = fields
        .get("vin")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let vin = vin.to_owned();
    for (name, value) in &mut fields {
        let Some(text) = value.as_str() else { continue };
        if let Some(long) = long_form(name, text) {
            *value = long.map_err(|reason| (vin.clone(), format!("{name}: {reason}")))?;
        }
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| (vin, error.to_string()))
}

/// The proto3 JSON of a short form; `None` where the text is meant as it stands.
fn long_form(name: &str, text: &str) -> Option<Result<Value, String>> {
    if NUMBERS.contains(&name) {
        let number = text.parse::<u64>().map(Value::from).ok();
        let number = number.or_else(|| text.parse::<f64>().map(Value::from).ok());
        return Some(number.ok_or_else(|| format!("{text:?} is no number")));
    }
    if TRUTHS.contains(&name) {
        return Some(match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(json!(true)),
            "false" | "no" | "0" => Ok(json!(false)),
            _ => Err(format!("{text:?} is neither yes nor no")),
        });
    }
    if DATES.contains(&name) {
        let date = text
            .parse::<PartialDate>()
            .map_err(|error| error.to_string());
        return Some(
            date.map(
                |date| json!({ "year": date.year(), "month": date.month(), "day": date.day() }),
            ),
        );
    }
    let (_, prefix) = ENUMS.iter().find(|(of, _)| *of == name)?;
    let short = !text.starts_with(prefix);
    short.then(|| Ok(json!(format!("{prefix}{}", text.to_ascii_uppercase()))))
}

fn known(name: &str) -> bool {
    let enums = ENUMS.iter().any(|(of, _)| *of == name);
    enums
        || [&NUMBERS[..], &TRUTHS, &DATES, &TEXTS]
            .iter()
            .any(|names| names.contains(&name))
}

/// `firstRegistered`, `First registered` and `first-registered` as `first_registered`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    let mut begins = true;
    for character in name.trim().trim_start_matches('\u{feff}').chars() {
        let apart = matches!(character, ' ' | '-' | '_');
        if !begins && (apart || character.is_uppercase()) {
            text.push('_');
        }
        begins = apart || character.is_uppercase();
        if !apart {
            text.extend(character.to_lowercase());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongguan_api::common::v1 as common;
    use tongguan_api::google::r#type::Date;
    use tongguan_vocabulary::Ids;

    fn rows(name: &str, text: &str) -> Result<Vec<Row>, String> {
        let path = std::env::temp_dir().join(format!("{}-{name}", Ids::random().next()));
        std::fs::write(&path, text).unwrap();
        let rows = Rows::open(&path).map(Iterator::collect);
        std::fs::remove_file(path).unwrap();
        rows
    }

    #[test]
    fn csv_and_json_lines_read_alike() {
        let csv = "\u{feff}VIN,Brand,category,firstRegistered,seats,imported,fuel\nLSVWY4180KN246094,\"大众, 上海\",m1,2019-08,5,no,\n";
        let json = "{\"vin\":\"LSVWY4180KN246094\",\"brand\":\"大众, 上海\",\"category\":\"VEHICLE_CATEGORY_M1\",\"first_registered\":{\"year\":2019,\"month\":8},\"seats\":5}\n\n";
        let expected = pb::VehicleDetails {
            vin: "LSVWY4180KN246094".into(),
            brand: "大众, 上海".into(),
            category: common::VehicleCategory::M1.into(),
            first_registered: Some(Date {
                year: 2_019,
                month: 8,
                day: 0,
            }),
            seats: Some(5),
            ..Default::default()
        };
        assert_eq!(rows("a.csv", csv).unwrap(), [Ok(expected.clone())]);
        assert_eq!(rows("a.ndjson", json).unwrap(), [Ok(expected)]);
    }

    #[test]
    fn a_row_that_can_not_be_read_is_told_and_the_next_one_read() {
        let csv = "vin,seats\nLSVWY4180KN246094,five\nLBEHDAEB58Y038860,5\n";
        let read = rows("b.csv", csv).unwrap();
        let (vin, reason) = read[0].clone().unwrap_err();
        assert_eq!(vin, "LSVWY4180KN246094");
        assert!(reason.contains("five"), "{reason}");
        assert!(read[1].is_ok());
        let read = rows("b.jsonl", "{]\n{\"vin\":\"x\",\"wheels\":4}\n").unwrap();
        assert!(read.iter().all(Result::is_err));
    }

    #[test]
    fn columns_that_are_no_fields_are_named_before_anything_is_sent() {
        let refused = rows("c.csv", "vin,wheels,owner\nx,4,y\n").unwrap_err();
        assert!(
            refused.contains("wheels") && refused.contains("owner"),
            "{refused}"
        );
        assert!(rows("d.csv", "brand\nx\n").unwrap_err().contains("vin"));
    }
}
