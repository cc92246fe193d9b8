//! Example requests for the documents, made from the descriptors: one place for sample values.

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

/// A VIN whose check digit is right, of no car in particular.
pub(crate) const VIN: &str = "LSVAU2A37N2100005";
const DEEPEST: usize = 4;

/// An example of a message in proto3 JSON: its first fields, enough to see the shape.
pub(crate) fn sample(message: &MessageDescriptor) -> Value {
    object(message, DEEPEST)
}

fn object(message: &MessageDescriptor, deep: usize) -> Value {
    match message.full_name() {
        "google.type.Date" => return json!({"year": 2026, "month": 3, "day": 2}),
        "google.protobuf.Timestamp" => return json!("2026-03-02T04:00:00Z"),
        "google.protobuf.Duration" => return json!("2s"),
        "google.protobuf.FieldMask" => return json!("colour"),
        "google.protobuf.Struct" => return json!({"vehicle.first_registered": "2019-01"}),
        name if name.starts_with("google.protobuf.") => return Value::Null,
        _ => {}
    }
    let mut fields = Map::new();
    for field in message.fields() {
        if deep > 0
            && field.containing_oneof().is_none_or(|oneof| {
                oneof.is_synthetic() || oneof.fields().next() == Some(field.clone())
            })
        {
            let one = value(&field, deep);
            if !one.is_null() {
                let one = if field.is_list() { json!([one]) } else { one };
                fields.insert(
                    field.json_name().to_owned(),
                    if field.is_map() { json!({}) } else { one },
                );
            }
        }
    }
    Value::Object(fields)
}

fn value(field: &FieldDescriptor, deep: usize) -> Value {
    match field.kind() {
        Kind::Message(message) if deep > 1 => object(&message, deep - 1),
        Kind::Enum(values) => {
            let named = values.values().find(|value| value.number() == 1);
            named.map_or(Value::Null, |value| json!(value.name()))
        }
        Kind::String => text(field.name()).map_or(Value::Null, |text| json!(text)),
        Kind::Message(_) | Kind::Bytes | Kind::Bool => Value::Null,
        Kind::Double | Kind::Float => json!(1.5),
        Kind::Int64 | Kind::Uint64 | Kind::Sint64 | Kind::Fixed64 | Kind::Sfixed64 => json!("0"),
        _ => match field.name() {
            "page_size" => json!(50),
            name if name.contains("year") => json!(2022),
            name if name.contains("value") || name.contains("km") => json!(48_200),
            _ => Value::Null,
        },
    }
}

/// What a text field of this name may hold; none for what is better left out of an example.
fn text(name: &str) -> Option<&'static str> {
    Some(match name {
        "vin" | "vins" | "text" => VIN,
        "request_id" => "order-4711",
        "markets" | "market" | "destination" => "KE",
        "brand" => "大众",
        "model" => "朗逸 SVW71510",
        "exporter" | "organisation" => "91330200TEST00001X",
        "key" => "listing-1",
        "roles" => "exporter",
        "label" => "continuous integration",
        "url" => "https://example.com/hooks/tongguan",
        "colour" | "use_nature" => "A",
        "reason" => "as seen on the certificate",
        "emission_stage" => "china.6b",
        _ => return None,
    })
}
