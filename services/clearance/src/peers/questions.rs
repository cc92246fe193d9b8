//! Our words → the peers' messages.

use std::time::Duration;

use pbjson_types::value::Kind;
use pbjson_types::{ListValue, Struct, Value};
use tongguan_api::maintenance::v1 as pb;
use tongguan_rpc::wire;

use crate::domain::Case;
use crate::domain::evidence::{FactMap, Gathered};

/// The look-up: under the exporter's mandate, which the case is.
pub(super) fn history(
    case: &Case,
    gathered: &Gathered,
    wait: Duration,
) -> pb::LookupHistoryRequest {
    let vehicle = gathered.vehicle.as_ref();
    let registered = vehicle
        .into_iter()
        .flat_map(|vehicle| &vehicle.readings)
        .filter_map(|reading| {
            Some(pb::Reading {
                odometer: Some(wire::odometer(reading.odometer)),
                date: Some(wire::date(
                    reading.date.filter(|date| date.exact().is_some())?,
                )),
                source: match reading.source.as_str() {
                    "REGISTRATION" => pb::ReadingSource::Registration,
                    "INSPECTION" => pb::ReadingSource::Inspection,
                    "MAINTENANCE" => pb::ReadingSource::Shop,
                    "TELEMATICS" => pb::ReadingSource::Telematics,
                    _ => pb::ReadingSource::Declared,
                }
                .into(),
                party: "registry".to_owned(),
                document: reading.document.chars().take(100).collect(),
                result: pb::reading::Result::Read.into(),
                meter_replaced: false,
            })
        });
    let inspected = gathered.inspection.iter().filter_map(|inspection| {
        Some(pb::Reading {
            odometer: Some(wire::odometer(inspection.odometer?)),
            date: Some(wire::date(inspection.date?)),
            source: pb::ReadingSource::Inspection.into(),
            party: "inspection".to_owned(),
            document: inspection.report_number.chars().take(100).collect(),
            result: pb::reading::Result::Read.into(),
            meter_replaced: false,
        })
    });
    let mut readings: Vec<pb::Reading> = registered.chain(inspected).collect();
    readings.truncate(200);
    pb::LookupHistoryRequest {
        vin: case.vin.to_string(),
        plate: vehicle
            .map(|vehicle| vehicle.plate.clone())
            .unwrap_or_default(),
        consent: Some(pb::Consent {
            id: format!("case-{}", case.id),
            basis: pb::consent::Basis::ExporterMandate.into(),
            given: case.submitted_on.map(|day| wire::date(day.into())),
            valid_until: None,
            ..pb::Consent::default()
        }),
        purpose: pb::Purpose::ExportClearance.into(),
        sources: Vec::new(),
        wait: Some(pbjson_types::Duration {
            seconds: wait.as_secs() as i64,
            nanos: wait.subsec_nanos() as i32,
        }),
        max_age: None,
        readings,
        first_registered: vehicle
            .and_then(|vehicle| vehicle.first_registered)
            .map(wire::date),
        commercial: vehicle.is_some_and(|vehicle| !matches!(vehicle.use_nature.as_str(), "A" | "")),
        imported: vehicle.is_some_and(|vehicle| vehicle.imported),
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
