//! The schema of a message in proto3 JSON, with what the contract says of each field.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::super::catalogue::{catalogue, comment};
use super::super::deprecation;

/// Fields that a request must bring, by message; kept in step with the services by a test of the whole suite.
const REQUIRED: &str = include_str!("required.txt");

/// Every message and enum that a method takes or answers, by full name.
pub(super) fn schemas() -> Map<String, Value> {
    let (mut asked, mut answered) = (BTreeMap::new(), BTreeMap::new());
    for method in &catalogue().methods {
        reach(&method.input, &mut asked);
        reach(&method.output, &mut answered);
    }
    let mut schemas = Map::new();
    for (name, message) in asked.iter().chain(&answered) {
        // An answer leaves out what is empty: only what is never part of one can require anything.
        let requires = !answered.contains_key(name);
        schemas.insert(name.clone(), object(message, requires));
        for field in message.fields() {
            if let Kind::Enum(kind) = field.kind() {
                schemas.insert(kind.full_name().to_owned(), enumeration(&kind));
            }
        }
    }
    schemas
}

/// The fields of a message that a request must bring.
pub(super) fn required(message: &str) -> BTreeSet<&'static str> {
    let lines = REQUIRED
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "));
    lines
        .filter(|(name, _)| *name == message)
        .flat_map(|(_, fields)| fields.split(' '))
        .collect()
}

fn reach(message: &MessageDescriptor, found: &mut BTreeMap<String, MessageDescriptor>) {
    if is_well_known(message) || found.contains_key(message.full_name()) {
        return;
    }
    found.insert(message.full_name().to_owned(), message.clone());
    for field in message.fields() {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                for part in entry.fields() {
                    if let Kind::Message(inner) = part.kind() {
                        reach(&inner, found);
                    }
                }
            }
            Kind::Message(inner) => reach(&inner, found),
            _ => {}
        }
    }
}

fn is_well_known(message: &MessageDescriptor) -> bool {
    message.full_name().starts_with("google.protobuf.")
}

fn object(message: &MessageDescriptor, requires: bool) -> Value {
    let mut properties = Map::new();
    let required = if requires {
        required(message.full_name())
    } else {
        BTreeSet::new()
    };
    let mut named = Vec::new();
    for field in message.fields() {
        let mut schema = of_field(&field);
        let said = comment(&field.parent_message().parent_file(), field.path());
        if !said.is_empty() && schema.get("$ref").is_none() {
            schema["description"] = json!(said);
        }
        if let Some(notice) = deprecation::of_field(&field) {
            schema["deprecated"] = json!(true);
            schema["description"] = json!(format!("{said} {notice}").trim());
        }
        if required.contains(field.name()) {
            named.push(json!(field.json_name()));
        }
        properties.insert(field.json_name().to_owned(), schema);
    }
    let mut schema =
        json!({"type": "object", "properties": properties, "additionalProperties": false});
    let said = comment(&message.parent_file(), message.path());
    if !said.is_empty() {
        schema["description"] = json!(said);
    }
    if !named.is_empty() {
        schema["required"] = Value::Array(named);
    }
    schema
}

fn enumeration(kind: &EnumDescriptor) -> Value {
    let names = kind.values().map(|value| value.name().to_owned());
    json!({
        "type": "string",
        "description": comment(&kind.parent_file(), kind.path()),
        "enum": names.collect::<Vec<_>>(),
    })
}

fn of_field(field: &FieldDescriptor) -> Value {
    if field.is_map()
        && let Kind::Message(entry) = field.kind()
    {
        let value = entry.map_entry_value_field();
        return json!({"type": "object", "additionalProperties": one(&value)});
    }
    if field.is_list() {
        return json!({"type": "array", "items": one(field)});
    }
    one(field)
}

/// One value of a field.
pub(super) fn one(field: &FieldDescriptor) -> Value {
    match field.kind() {
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => json!({
                "type": "string", "format": "date-time", "example": "2026-03-02T04:00:00Z",
            }),
            "google.protobuf.Duration" => json!({
                "type": "string", "pattern": "^-?[0-9]{1,12}(\\.[0-9]{1,9})?s$", "example": "2s",
            }),
            "google.protobuf.FieldMask" => {
                json!({"type": "string", "description": "Field names, separated by commas."})
            }
            "google.protobuf.Struct" => json!({"type": "object", "additionalProperties": true}),
            "google.protobuf.Value" => json!({}),
            name if name.starts_with("google.protobuf.") => json!({"type": "object"}),
            name => json!({"$ref": format!("#/components/schemas/{name}")}),
        },
        Kind::Enum(kind) => json!({"$ref": format!("#/components/schemas/{}", kind.full_name())}),
        Kind::String => text(field),
        Kind::Bytes => json!({
            "type": "string", "format": "byte", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]*={0,2}$",
        }),
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Double => json!({"type": "number", "format": "double"}),
        Kind::Float => json!({"type": "number", "format": "float"}),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            whole(i64::from(i32::MIN), i64::from(i32::MAX), "int32")
        }
        Kind::Uint32 | Kind::Fixed32 => whole(0, i64::from(u32::MAX), "uint32"),
        // proto3 JSON writes 64 bits as text, since a double can not hold them.
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => {
            json!({"type": "string", "format": "int64", "pattern": "^-?[0-9]{1,18}$"})
        }
        Kind::Uint64 | Kind::Fixed64 => {
            json!({"type": "string", "format": "uint64", "pattern": "^[0-9]{1,18}$"})
        }
    }
}

fn whole(least: i64, most: i64, format: &str) -> Value {
    json!({"type": "integer", "format": format, "minimum": least, "maximum": most})
}

fn text(field: &FieldDescriptor) -> Value {
    let date = field.parent_message().full_name() == "google.type.Date";
    match field.name() {
        "vin" if !date => {
            json!({"type": "string", "pattern": "^[A-HJ-NPR-Z0-9]{17}$", "minLength": 17, "maxLength": 17})
        }
        "request_id" => json!({"type": "string", "maxLength": 64}),
        _ => json!({"type": "string"}),
    }
}
