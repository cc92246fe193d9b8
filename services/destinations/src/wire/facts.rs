//! Facts on the wire: a JSON object as `google.protobuf.Struct`, read against the fact schema.

use pbjson_types::value::Kind;
use pbjson_types::{Struct, Value};
use tongguan_rpc::Violations;
use tongguan_rules::Facts;

/// Reads facts, noting every fault under `field`.
pub(crate) fn read(bad: &mut Violations, field: &str, facts: Option<Struct>) -> Option<Facts> {
    let facts = bad.required(field, facts)?;
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
        // Every number of a struct is a double; whole ones are the integers they were written as.
        Some(Kind::NumberValue(number)) if number.fract() == 0.0 && number.abs() < 9.0e15 => {
            (number as i64).into()
        }
        Some(Kind::NumberValue(number)) => number.into(),
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
