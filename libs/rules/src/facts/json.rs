//! Facts from JSON, flat or nested, with every fault listed at once.

use serde_json::{Map, Value};

use super::{Document, Facts, ValueError};
use crate::emission::Stage;
use crate::nearest::{hint, nearest};
use crate::schema::{FACTS, Fact, Kind};

/// A fact that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct FactError {
    /// The dotted name as given.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

/// Names that stand for more than one slot.
const STANDARD: &str = "vehicle.emission_standard";

/// Most documents one vehicle may bring.
const MAX_DOCUMENTS: usize = 256;

impl Facts {
    /// Reads `{"vehicle.first_registered": "2019-01", "documents": ["invoice"], …}`; objects may nest
    /// (`{"vehicle": {"seats": 5}}`), `null` means unknown, and a set takes a list (exactly these) or
    /// `{"has": […], "not": […]}` (the rest unknown). A document is a code or
    /// `{"code": …, "issued": date, "expires": date}`. Returns every fault, not only the first.
    pub fn from_json(value: &Value) -> Result<Self, Vec<FactError>> {
        let mut facts = Self::new();
        let mut errors = Vec::new();
        match value {
            Value::Object(object) => facts.read_object("", object, &mut errors),
            _ => errors.push(FactError {
                path: String::new(),
                message: "facts are a JSON object".to_owned(),
            }),
        }
        if errors.is_empty() {
            Ok(facts)
        } else {
            Err(errors)
        }
    }

    fn read_object(
        &mut self,
        prefix: &str,
        object: &Map<String, Value>,
        errors: &mut Vec<FactError>,
    ) {
        for (key, value) in object {
            let path = if prefix.is_empty() {
                key.clone()
            } else {
                format!("{prefix}.{key}")
            };
            match value {
                Value::Object(inner) if is_group(&path) => self.read_object(&path, inner, errors),
                _ => {
                    if let Err(message) = self.read_fact(&path, value) {
                        errors.extend(message.into_iter().map(|message| FactError {
                            path: path.clone(),
                            message,
                        }));
                    }
                }
            }
        }
    }

    /// Sets what one dotted name stands for: a fact, the `documents`, or `vehicle.emission_standard`.
    ///
    /// Returns every fault of the value. One step of [`Facts::from_json`], for readers of other forms.
    pub fn read_fact(&mut self, path: &str, value: &Value) -> Result<(), Vec<String>> {
        match path {
            "documents" => self.read_documents(value),
            STANDARD => self.read_stages(value),
            _ => {
                if let Some(fact) = Fact::named(path) {
                    self.set_json(fact, value)
                        .map_err(|error| vec![error.to_string()])
                } else {
                    let names = FACTS
                        .iter()
                        .map(|def| def.name)
                        .chain(["documents", STANDARD]);
                    Err(vec![format!(
                        "is not a fact of the schema{}",
                        hint(nearest(path, names).as_deref())
                    )])
                }
            }
        }
    }

    /// Sets one fact from a JSON value; `null` forgets it.
    pub fn set_json(&mut self, fact: Fact, value: &Value) -> Result<(), ValueError> {
        match (value, fact.kind()) {
            (Value::Null, _) => {
                self.forget(fact);
                Ok(())
            }
            (Value::Bool(flag), _) => self.set_flag(fact, *flag),
            (Value::Number(year), Kind::Date) => self.set_text(fact, &year.to_string()),
            (Value::Number(number), kind) => match (number.as_i64(), kind) {
                (Some(int), _) => self.set_int(fact, int),
                (None, Kind::Int(min, max)) => Err(ValueError::Range {
                    given: number.to_string(),
                    min,
                    max,
                }),
                (None, _) => self.set_number(fact, number.as_f64().unwrap_or(f64::NAN)),
            },
            (Value::String(text), _) => self.set_text(fact, text),
            (Value::Array(list), _) => self.set_members(fact, &words(list)?),
            (Value::Object(bounds), Kind::Set(_))
                if bounds.keys().all(|key| key == "has" || key == "not") =>
            {
                let side = |key: &str| {
                    bounds
                        .get(key)
                        .and_then(Value::as_array)
                        .map_or(Ok(Vec::new()), |list| words(list))
                };
                self.set_bounds(fact, &side("has")?, &side("not")?)
            }
            (Value::Object(_), kind) => Err(super::wrong(kind, "an object")),
        }
    }

    fn read_stages(&mut self, value: &Value) -> Result<(), Vec<String>> {
        let list = match value {
            Value::Null => return Ok(()),
            Value::Array(list) => list.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut faults = Vec::new();
        for item in list {
            match item.as_str().map(Stage::parse) {
                Some(Ok(stage)) => self.set_stage(stage),
                Some(Err(error)) => faults.push(error.to_string()),
                None => faults.push("is an emission stage or a list of them".to_owned()),
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    fn read_documents(&mut self, value: &Value) -> Result<(), Vec<String>> {
        let list = match value {
            Value::Null => return Ok(()),
            Value::Array(list) => list,
            _ => return Err(vec!["is a list of documents".to_owned()]),
        };
        if list.len() > MAX_DOCUMENTS {
            return Err(vec![format!(
                "has {} documents; at most {MAX_DOCUMENTS} are allowed",
                list.len()
            )]);
        }
        let mut faults = Vec::new();
        for item in list {
            match document(item) {
                Ok(document) => self.add_document(document),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }
}

/// Whether facts have names below this one. No name has more than three parts, so nesting ends.
fn is_group(path: &str) -> bool {
    let below = |name: &str| {
        name.strip_prefix(path)
            .is_some_and(|rest| rest.starts_with('.'))
    };
    FACTS.iter().any(|def| below(def.name))
}

fn words(list: &[Value]) -> Result<Vec<&str>, ValueError> {
    list.iter()
        .map(|item| {
            item.as_str().ok_or_else(|| ValueError::Type {
                expected: "list of words",
                given: item.to_string(),
            })
        })
        .collect()
}

fn document(item: &Value) -> Result<Document, String> {
    if let Some(code) = item.as_str() {
        return checked(code);
    }
    let object = item
        .as_object()
        .ok_or("is a document code, or an object with one")?;
    let mut document = checked(
        object
            .get("code")
            .and_then(Value::as_str)
            .ok_or("a document has a code")?,
    )?;
    for (key, value) in object {
        let date = || -> Result<_, String> {
            let text = value
                .as_str()
                .ok_or_else(|| format!("{key} of {} is a date", document.code))?;
            text.parse()
                .map(Some)
                .map_err(|error| format!("{key} of {}: {error}", document.code))
        };
        match key.as_str() {
            "code" => {}
            "issued" => document.issued = date()?,
            "expires" => document.expires = date()?,
            other => {
                return Err(format!(
                    "a document has no {other:?}; it has code, issued and expires"
                ));
            }
        }
    }
    Ok(document)
}

fn checked(code: &str) -> Result<Document, String> {
    let shape = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if (1..=64).contains(&code.len()) && code.bytes().all(shape) {
        Ok(Document::new(code))
    } else {
        Err(format!(
            "{code:?} is not a document code (lower case, digits and hyphens)"
        ))
    }
}
