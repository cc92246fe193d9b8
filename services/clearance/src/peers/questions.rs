//! Our words → the peers' messages.

use std::time::Duration;

use pbjson_types::value::Kind;
use pbjson_types::{ListValue, Struct, Value};
use tongguan_api::maintenance::v1 as pb;
use tongguan_rpc::{evidence, wire};

use crate::domain::Case;
use crate::domain::evidence::{FactMap, Gathered};

/// The look-up: under the exporter's mandate, which the case is.
pub(super) fn history(
    case: &Case,
    gathered: &Gathered,
    wait: Duration,
) -> pb::LookupHistoryRequest {
    pb::LookupHistoryRequest {
        vin: case.vin.to_string(),
        consent: Some(pb::Consent {
            id: format!("case-{}", case.id),
            basis: pb::consent::Basis::ExporterMandate.into(),
            given: case.submitted_on.map(|day| wire::date(day.into())),
            valid_until: None,
            ..pb::Consent::default()
        }),
        purpose: pb::Purpose::ExportClearance.into(),
        wait: Some(pbjson_types::Duration {
            seconds: wait.as_secs() as i64,
            nanos: wait.subsec_nanos() as i32,
        }),
        ..evidence::question(gathered)
    }
}

/// Facts as a protobuf struct.
pub(super) fn facts(facts: &FactMap) -> Struct {
    Struct {
        fields: facts
            .iter()
            .map(|(name, value)| (name.clone(), value_of(value)))
            .collect(),
    }
}

/// A JSON value as a protobuf value; numbers become doubles, as the format has no others.
pub(crate) fn value_of(value: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    let kind = match value {
        Json::Null => Kind::NullValue(0),
        Json::Bool(flag) => Kind::BoolValue(*flag),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text.clone()),
        Json::Array(list) => Kind::ListValue(ListValue {
            values: list.iter().map(value_of).collect(),
        }),
        Json::Object(fields) => Kind::StructValue(Struct {
            fields: fields
                .iter()
                .map(|(name, value)| (name.clone(), value_of(value)))
                .collect(),
        }),
    };
    Value { kind: Some(kind) }
}
