//! The canonical report: the bytes that a body signs and a certificate pins.
//!
//! The report as it is answered, in proto3 JSON: names in lowerCamelCase, enums by name, default values left out,
//! instants with `Z`, without `Evidence.stored`; written after RFC 8785 (sorted names, shortest numbers, no white space).

use serde_json::Value;

use super::answers;
use crate::domain::report::Report;

/// The canonical bytes, UTF-8; `None` where the report has no JSON, which validated reports have.
pub(super) fn canonical(report: &Report) -> Option<Vec<u8>> {
    let mut json = serde_json::to_value(answers::report(report.clone(), &[])).ok()?;
    for name in ["startTime", "endTime"] {
        // The mapping of protobuf names UTC by its letter, ours by its offset.
        if let Some(Value::String(text)) = json.get_mut(name)
            && let Some(bare) = text.strip_suffix("+00:00")
        {
            *text = format!("{bare}Z");
        }
    }
    serde_json_canonicalizer::to_vec(&json).ok()
}

#[cfg(test)]
mod tests {
    use tongguan_api::common::v1 as common;
    use tongguan_api::google::r#type::Date;
    use tongguan_api::inspection::v1 as pb;
    use tongguan_rpc::Violations;

    use super::*;

    #[test]
    fn a_report_has_one_form_whatever_order_and_defaults_it_came_with() {
        let mut sent = pb::InspectionReport {
            body: "018f0000-0000-7000-8000-000000000001".into(),
            report_number: " R-1 ".into(),
            standard: "WM/T 8-2022".into(),
            date: Some(Date {
                year: 2026,
                month: 2,
                day: 27,
            }),
            start_time: Some(pbjson_types::Timestamp {
                seconds: 1_772_150_400,
                nanos: 500_000_000,
            }),
            end_time: Some(pbjson_types::Timestamp {
                seconds: 1_772_152_200,
                nanos: 0,
            }),
            inspector: "I-7".into(),
            vehicle: Some(pb::InspectedVehicle {
                vin: "LSVWY4180KN246094".into(),
                category: common::VehicleCategory::M1.into(),
                engine_number: "EA211-88".into(),
                colour: "A".into(),
                powertrain: common::Powertrain::Ice.into(),
                fuel: common::Fuel::Petrol.into(),
                ..Default::default()
            }),
            measurements: vec![pb::Measurement {
                item: "brake.axle_ratio".into(),
                position: "axle1".into(),
                value: 1e21,
                unit: "%".into(),
            }],
            evidence: vec![pb::Evidence {
                sha256: "a".repeat(64),
                shot: "report".into(),
                stored: true,
            }],
            ..Default::default()
        };
        let bytes = |sent: &pb::InspectionReport| {
            let mut bad = Violations::default();
            let report = super::super::report::decode(&mut bad, sent.clone()).unwrap();
            bad.finish().unwrap();
            String::from_utf8(canonical(&report).unwrap()).unwrap()
        };
        let hash = "a".repeat(64);
        let expected = format!(
            concat!(
                r#"{{"body":"018f0000-0000-7000-8000-000000000001","date":{{"day":27,"month":2,"year":2026}},"#,
                r#""endTime":"2026-02-27T00:30:00Z","evidence":[{{"sha256":"{hash}","shot":"report"}}],"inspector":"I-7","#,
                r#""measurements":[{{"item":"brake.axle_ratio","position":"axle1","unit":"%","value":1e+21}}],"#,
                r#""reportNumber":"R-1","standard":"WM/T 8-2022","startTime":"2026-02-27T00:00:00.500Z","#,
                r#""vehicle":{{"axles":2,"category":"VEHICLE_CATEGORY_M1","colour":"A","engineNumber":"EA211-88","#,
                r#""frontAxles":1,"fuel":"FUEL_PETROL","powertrain":"POWERTRAIN_ICE","vin":"LSVWY4180KN246094"}}}}"#
            ),
            hash = hash
        );
        assert_eq!(bytes(&sent), expected);
        // What the service fills in or sets itself changes nothing.
        let vehicle = sent.vehicle.as_mut().unwrap();
        (vehicle.axles, vehicle.front_axles) = (2, 1);
        sent.evidence[0].stored = false;
        sent.report_number = "R-1".into();
        assert_eq!(bytes(&sent), expected);
    }
}
