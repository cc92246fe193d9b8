//! The record as canonical JSON (RFC 8785), and as a flat list of fields for pages and comparisons.

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::record::Record;

/// What every rendering says in words.
pub(crate) const NOTICE: &str = "Not an official permit. It does not replace the export licence or any document of an authority.";
/// The name of the JSON form.
pub(crate) const FORMAT: &str = "tongguan-certificate/1";

impl Record {
    /// The record as a JSON value; instants RFC 3339, digests hexadecimal, dates as precise as known.
    pub fn to_value(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|e| Error::malformed("record", e.to_string()))
    }

    /// Canonical JSON: `{"format", "notice", "record", "vin_digest"}`, keys sorted, no white space.
    pub fn to_json(&self) -> Result<String> {
        let mut value = json!({
            "format": FORMAT,
            "notice": NOTICE,
            "record": self.to_value()?,
            "vin_digest": self.vehicle.vin_digest().to_string(),
        });
        value.sort_all_objects();
        Ok(value.to_string())
    }

    /// Reads [`Record::to_json`] back; the VIN digest must belong to the record, and the values must
    /// obey the rules of the format.
    pub fn from_json(text: &str) -> Result<Self> {
        let malformed = |problem: String| Error::malformed("record", problem);
        let mut value: Map<String, Value> =
            serde_json::from_str(text).map_err(|e| malformed(e.to_string()))?;
        if value.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(malformed(format!("format is not {FORMAT}")));
        }
        let inner = value.remove("record").unwrap_or_default();
        let record: Self = serde_json::from_value(inner).map_err(|e| malformed(e.to_string()))?;
        let digest = record.vehicle.vin_digest().to_string();
        if value.get("vin_digest").and_then(Value::as_str) != Some(digest.as_str()) {
            return Err(malformed(
                "vin_digest is not the digest of the VIN".to_owned(),
            ));
        }
        record.validate()?;
        Ok(record)
    }

    /// Every value of the record with its dotted path, in the order of the record:
    /// `("vehicle.vin", "LSVWY4180KN246094")`. List entries are numbered from 0.
    pub fn fields(&self) -> Result<Vec<(String, String)>> {
        let mut fields = Vec::new();
        flatten("", &self.to_value()?, &mut fields);
        Ok(fields)
    }
}

fn flatten(path: &str, value: &Value, fields: &mut Vec<(String, String)>) {
    let below = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                flatten(&below(name), value, fields);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                flatten(&below(&index.to_string()), value, fields);
            }
        }
        Value::String(text) => fields.push((path.to_owned(), text.clone())),
        other => fields.push((path.to_owned(), other.to_string())),
    }
}
