//! Facts on the wire: a JSON object as `google.protobuf.Struct`, read against the fact schema.

use pbjson_types::value::Kind;
use pbjson_types::{Struct, Value};
use tongguan_rpc::Violations;
use tongguan_rules::{Fact, FactSet, Facts};

/// Reads facts, noting every fault under `field`.
pub(crate) fn read(bad: &mut Violations, field: &str, facts: Option<Struct>) -> Option<Facts> {
    let facts = bad.required(field, facts)?;
    let mut plain = Plain::default();
    if plain.read(&facts).is_some() {
        return Some(plain.facts);
    }
    match Facts::from_json(&object(facts)) {
        Ok(facts) => Some(facts),
        Err(faults) => {
            for fault in faults {
                bad.add(format!("{field}.{}", fault.path), fault.message);
            }
            None
        }
    }
}

/// Reads facts that are plainly right without the way through JSON, which costs more than judging them.
///
/// Gives up at the first thing out of the ordinary; [`Facts::from_json`] then reads them all and lists the faults.
#[derive(Default)]
struct Plain {
    facts: Facts,
    /// A fact stated twice (flat and nested) counts as the sorted JSON has it, not as the hash map has it.
    stated: FactSet,
    path: String,
}

/// Stands for the stage of any family.
const STANDARD: &str = "vehicle.emission_standard";
const STAGES: [Fact; 4] = [
    Fact::EmissionChina,
    Fact::EmissionEuro,
    Fact::EmissionJapan,
    Fact::EmissionUs,
];

impl Plain {
    fn read(&mut self, object: &Struct) -> Option<()> {
        let outer = self.path.len();
        for (key, value) in &object.fields {
            if outer > 0 {
                self.path.push('.');
            }
            self.path.push_str(key);
            self.value(value)?;
            self.path.truncate(outer);
        }
        Some(())
    }

    fn value(&mut self, value: &Value) -> Option<()> {
        let fact = Fact::named(&self.path);
        if self.path == STANDARD {
            STAGES.into_iter().try_for_each(|fact| self.state(fact))?;
        } else if let Some(fact) = fact {
            self.state(fact)?;
        }
        match (value.kind.as_ref()?, fact) {
            (Kind::BoolValue(flag), Some(fact)) => self.facts.set_flag(fact, *flag).ok(),
            (Kind::StringValue(text), Some(fact)) => self.facts.set_text(fact, text).ok(),
            (Kind::NumberValue(number), Some(fact)) => match whole(*number) {
                Some(int) => self.facts.set_int(fact, int).ok(),
                None => self.facts.set_number(fact, *number).ok(),
            },
            // What is empty names no fact that could be wrong: whether it is a group the long way knows.
            (Kind::StructValue(inner), None)
                if !(self.path.is_empty() || inner.fields.is_empty()) =>
            {
                self.read(inner)
            }
            // Lists, documents, stages of any family and bounds of sets: rare enough for the common way.
            _ => self.facts.read_fact(&self.path, &json(value.clone())).ok(),
        }
    }

    fn state(&mut self, fact: Fact) -> Option<()> {
        let first = !self.stated.contains(fact);
        self.stated.insert(fact);
        first.then_some(())
    }
}

/// Every number of a struct is a double; whole ones are the integers they were written as.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9.0e15).then_some(number as i64)
}

/// A JSON object as a struct.
pub(crate) fn write(value: &serde_json::Value) -> Struct {
    let fields = value.as_object().into_iter().flatten();
    Struct {
        fields: fields
            .map(|(key, value)| (key.clone(), protobuf(value)))
            .collect(),
    }
}

fn object(facts: Struct) -> serde_json::Value {
    let mut fields: Vec<(String, Value)> = facts.fields.into_iter().collect();
    // The struct is a hash map: faults are listed in the order of their names.
    fields.sort_by(|a, b| a.0.cmp(&b.0));
    serde_json::Value::Object(
        fields
            .into_iter()
            .map(|(key, value)| (key, json(value)))
            .collect(),
    )
}

fn json(value: Value) -> serde_json::Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => serde_json::Value::Null,
        Some(Kind::BoolValue(flag)) => flag.into(),
        Some(Kind::StringValue(text)) => text.into(),
        Some(Kind::NumberValue(number)) => {
            whole(number).map_or_else(|| number.into(), serde_json::Value::from)
        }
        Some(Kind::ListValue(list)) => list.values.into_iter().map(json).collect(),
        Some(Kind::StructValue(inner)) => object(inner),
    }
}

fn protobuf(value: &serde_json::Value) -> Value {
    let kind = match value {
        serde_json::Value::Null => Kind::NullValue(0),
        serde_json::Value::Bool(flag) => Kind::BoolValue(*flag),
        serde_json::Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        serde_json::Value::String(text) => Kind::StringValue(text.clone()),
        serde_json::Value::Array(list) => Kind::ListValue(pbjson_types::ListValue {
            values: list.iter().map(protobuf).collect(),
        }),
        serde_json::Value::Object(_) => Kind::StructValue(write(value)),
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struct_of(value: serde_json::Value) -> Struct {
        write(&value)
    }

    #[test]
    fn the_short_way_reads_what_the_long_way_reads() {
        let cases = [
            serde_json::json!({}),
            serde_json::json!({ "vehicle": { "seats": 5, "power_kw": 81.5, "stolen": false, "first_registered": "2019-03" } }),
            serde_json::json!({ "vehicle.category": "M1", "vehicle.emission_standard": ["china.6b", "euro.6"], "trip": {} }),
            serde_json::json!({ "vehicle.emission_standard": { "china": "china.6b" }, "vehicle.model_year": 2021 }),
            serde_json::json!({ "vehicle.damage": { "has": ["fire"], "not": ["flood"] }, "vehicle.manufactured": 2019 }),
            serde_json::json!({ "vehicle.equipment": [], "documents": ["invoice", { "code": "coc", "issued": "2026-01" }] }),
            serde_json::json!({ "vehicle": null, "trip.arrival": null }),
        ];
        for case in cases {
            let mut plain = Plain::default();
            let read = plain.read(&struct_of(case.clone()));
            let long = Facts::from_json(&case);
            if read.is_some() {
                assert_eq!(Ok(plain.facts), long, "{case}");
            }
        }
    }

    #[test]
    fn a_fact_stated_twice_goes_the_long_way() {
        for twice in [
            serde_json::json!({ "vehicle": { "seats": 5 }, "vehicle.seats": 6 }),
            serde_json::json!({ "vehicle.emission_standard": "euro.6", "vehicle.emission_standard.euro": "euro.5" }),
        ] {
            assert!(Plain::default().read(&struct_of(twice)).is_none());
        }
    }

    #[test]
    fn whatever_is_wrong_goes_the_long_way() {
        for wrong in [
            serde_json::json!({ "vehicle.seats": -1 }),
            serde_json::json!({ "vehicle.seat": 1 }),
            serde_json::json!({ "vehicle.odometer_km": 0.5 }),
            serde_json::json!({ "vehicle": 3 }),
            serde_json::json!({ "vehicle.seats": { "a": { "b": 1 } } }),
            serde_json::json!({ "documents": { "code": "coc" } }),
            serde_json::json!({ "nothing": {} }),
            serde_json::json!({ "": { "vehicle.seats": 5 } }),
        ] {
            assert!(Plain::default().read(&struct_of(wrong)).is_none());
        }
    }
}
