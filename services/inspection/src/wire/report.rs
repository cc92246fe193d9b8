//! Reports on the wire.

use time::{Date, Duration, OffsetDateTime};
use tongguan_api::common::v1 as common;
use tongguan_api::inspection::v1 as pb;
use tongguan_rpc::{Violations, wire};
use tongguan_vocabulary::PartialDate;

use super::{category, is_organisation, is_sha256, optional, powertrain, verdict};
use crate::domain::report::{Evidence, Finding, Found, Measurement, Report, Vehicle};
use crate::domain::vehicle::{Chemistry, Fuel};

/// Decodes a report, noting every wrong field.
pub(super) fn decode(bad: &mut Violations, given: pb::InspectionReport) -> Option<Report> {
    let body = bad.parse("report.body", &given.body);
    let report_number = bad.text("report.report_number", &given.report_number, 64);
    let standard = bad.text("report.standard", &given.standard, 40);
    let date = bad.day("report.date", given.date);
    let times = times(bad, &given, date);
    let inspector = bad.text("report.inspector", &given.inspector, 32);
    // A code in ASCII can not be a Chinese name, and a name in Latin letters has a space.
    let coded = inspector
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    bad.check(coded, "report.inspector", || {
        "is a code of letters, digits and dashes, never a name".to_owned()
    });
    let vehicle = bad
        .required("report.vehicle", given.vehicle)
        .and_then(|vehicle| self::vehicle(bad, vehicle));
    let measurements = measurements(bad, given.measurements);
    let findings = findings(bad, given.findings);
    let evidence = evidence(bad, given.evidence);
    let claimed = optional(bad, "report.claimed_verdict", given.claimed_verdict).and_then(verdict);
    let reinspection_of = bad.optional_parse("report.reinspection_of", &given.reinspection_of);
    let valid_until = given
        .valid_until
        .and_then(|until| bad.day("report.valid_until", Some(until)));
    if let (Some(date), Some(until)) = (date, valid_until) {
        bad.check(date <= until, "report.valid_until", || {
            format!("{until} is before the test of {date}")
        });
    }
    let client = given.client.is_empty() || is_organisation(&given.client);
    bad.check(client, "report.client", || {
        "is not 18 digits and capitals (GB 32100)".to_owned()
    });
    Some(Report {
        body: body?,
        report_number,
        standard,
        date: date?.into(),
        times,
        inspector,
        vehicle: vehicle?,
        measurements,
        findings,
        evidence,
        claimed,
        reinspection_of,
        valid_until: valid_until.map(PartialDate::from),
        client: given.client,
    })
}

fn times(
    bad: &mut Violations,
    given: &pb::InspectionReport,
    date: Option<Date>,
) -> Option<(OffsetDateTime, OffsetDateTime)> {
    let (start, end) = match (&given.start_time, &given.end_time) {
        (None, None) => return None,
        (Some(start), Some(end)) => (start, end),
        (Some(_), None) => {
            bad.add("report.end_time", "is required with start_time");
            return None;
        }
        (None, Some(_)) => {
            bad.add("report.start_time", "is required with end_time");
            return None;
        }
    };
    let start = bad.required("report.start_time", wire::instant(start))?;
    let end = bad.required("report.end_time", wire::instant(end))?;
    bad.check(start < end, "report.end_time", || {
        "is not after start_time".to_owned()
    });
    let day = (start + Duration::hours(8)).date();
    let same = date.is_none_or(|date| date == day);
    bad.check(same, "report.start_time", || {
        format!("is on {day} in China, not on the day of the report")
    });
    Some((start, end))
}

fn vehicle(bad: &mut Violations, given: pb::InspectedVehicle) -> Option<Vehicle> {
    let vin = bad.parse("report.vehicle.vin", &given.vin);
    let category = bad
        .enumeration::<common::VehicleCategory>("report.vehicle.category", given.category)
        .and_then(category);
    let powertrain = bad
        .enumeration::<common::Powertrain>("report.vehicle.powertrain", given.powertrain)
        .and_then(powertrain);
    let fuel = optional(bad, "report.vehicle.fuel", given.fuel).and_then(fuel);
    let colour = bad.text("report.vehicle.colour", &given.colour, 3);
    let lettered = colour.bytes().all(|letter| matches!(letter, b'A'..=b'J'));
    bad.check(lettered, "report.vehicle.colour", || {
        "has letters outside A to J (GA/T 24)".to_owned()
    });
    let odometer = given
        .odometer
        .and_then(|odometer| match wire::odometer_reading(&odometer) {
            Ok(odometer) => Some(odometer),
            Err(text) => {
                bad.add("report.vehicle.odometer", text);
                None
            }
        });
    bad.check(given.axles <= 10, "report.vehicle.axles", || {
        format!("{} are more than 10", given.axles)
    });
    bad.check(
        given.front_axles <= 10,
        "report.vehicle.front_axles",
        || format!("{} are more than 10", given.front_axles),
    );
    let lamps = matches!(given.headlamps, None | Some(2 | 4));
    bad.check(lamps, "report.vehicle.headlamps", || {
        "are 2 or 4".to_owned()
    });
    for (field, number, most) in [
        ("report.vehicle.curb_mass_kg", given.curb_mass_kg, 100_000),
        ("report.vehicle.gross_mass_kg", given.gross_mass_kg, 200_000),
        ("report.vehicle.max_speed_kmh", given.max_speed_kmh, 500),
    ] {
        let fits = number.is_none_or(|number| (1..=most).contains(&number));
        bad.check(fits, field, || format!("is not between 1 and {most}"));
    }
    let chemistry = Chemistry::named(&given.battery_chemistry);
    let known = given.battery_chemistry.is_empty() || chemistry.is_some();
    bad.check(known, "report.vehicle.battery_chemistry", || {
        "is not lfp, ternary or other".to_owned()
    });
    let engine_number = bad.optional_text("report.vehicle.engine_number", &given.engine_number, 40);
    let plate = bad.optional_text("report.vehicle.plate", &given.plate, 20);
    let battery_id = bad.optional_text("report.vehicle.battery_id", &given.battery_id, 64);
    let category = category?;
    let front = if category.is_trailer() {
        0
    } else {
        given.front_axles.max(1)
    };
    Some(Vehicle {
        vin: vin?,
        category,
        engine_number,
        colour,
        plate,
        powertrain: powertrain?,
        fuel,
        curb_mass_kg: given.curb_mass_kg,
        gross_mass_kg: given.gross_mass_kg,
        axles: if given.axles == 0 {
            2
        } else {
            given.axles as u8
        },
        front_axles: front as u8,
        headlamps: given.headlamps,
        max_speed_kmh: given.max_speed_kmh,
        odometer,
        battery_id,
        chemistry,
        laden: given.laden,
    })
}

fn fuel(value: common::Fuel) -> Option<Fuel> {
    use common::Fuel as Wire;
    Some(match value {
        Wire::Unspecified => return None,
        Wire::Petrol => Fuel::Petrol,
        Wire::Diesel => Fuel::Diesel,
        Wire::Cng => Fuel::Cng,
        Wire::Lng => Fuel::Lng,
        Wire::Lpg => Fuel::Lpg,
        Wire::Methanol => Fuel::Methanol,
        Wire::Hydrogen => Fuel::Hydrogen,
    })
}

fn measurements(bad: &mut Violations, given: Vec<pb::Measurement>) -> Vec<Measurement> {
    let count = given.len();
    bad.check(count <= 500, "report.measurements", || {
        format!("are {count}, at most 500 are taken")
    });
    given
        .into_iter()
        .take(500)
        .enumerate()
        .map(|(index, given)| {
            let at = format!("report.measurements[{index}]");
            bad.check(given.value.is_finite(), &format!("{at}.value"), || {
                "is not a number".to_owned()
            });
            Measurement {
                item: bad.text(&format!("{at}.item"), &given.item, 64),
                position: bad.optional_text(&format!("{at}.position"), &given.position, 32),
                // Zero has two forms that compare equal and print differently.
                value: given.value + 0.0,
                unit: bad.text(&format!("{at}.unit"), &given.unit, 16),
            }
        })
        .collect()
}

fn findings(bad: &mut Violations, given: Vec<pb::Finding>) -> Vec<Finding> {
    let count = given.len();
    bad.check(count <= 200, "report.findings", || {
        format!("are {count}, at most 200 are taken")
    });
    let mut all = Vec::new();
    for (index, given) in given.into_iter().take(200).enumerate() {
        let at = format!("report.findings[{index}]");
        let item = bad.text(&format!("{at}.item"), &given.item, 64);
        let note = bad.optional_text(&format!("{at}.note"), &given.note, 500);
        let found = match bad.enumeration(&format!("{at}.result"), given.result) {
            Some(pb::finding::Result::Nonconforming) => Found::Nonconforming,
            Some(pb::finding::Result::NotApplicable) => Found::NotApplicable,
            // What is not stated is refused above; it keeps its place, so that the rest is named by the right number.
            Some(pb::finding::Result::Conforming | pb::finding::Result::Unspecified) | None => {
                Found::Conforming
            }
        };
        all.push(Finding { item, found, note });
    }
    all
}

fn evidence(bad: &mut Violations, given: Vec<pb::Evidence>) -> Vec<Evidence> {
    let count = given.len();
    bad.check(count <= 100, "report.evidence", || {
        format!("are {count}, at most 100 are taken")
    });
    let mut all: Vec<Evidence> = Vec::new();
    for (index, given) in given.into_iter().take(100).enumerate() {
        let at = format!("report.evidence[{index}]");
        bad.check(is_sha256(&given.sha256), &format!("{at}.sha256"), || {
            "is not 64 lower-case hexadecimal digits".to_owned()
        });
        let twice = all.iter().any(|other| other.sha256 == given.sha256);
        bad.check(!twice, &format!("{at}.sha256"), || {
            "is given twice".to_owned()
        });
        all.push(Evidence {
            sha256: given.sha256,
            shot: bad.text(&format!("{at}.shot"), &given.shot, 40),
        });
    }
    all
}
