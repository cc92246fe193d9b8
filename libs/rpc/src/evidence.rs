//! What the peers answer about one vehicle, in the words that facts are built from: proto → vocabulary, once
//! for the decision and for readiness.

use tongguan_api::destinations::v1 as destinations;
use tongguan_api::google::r#type::Date;
use tongguan_api::inspection::v1 as inspection;
use tongguan_api::maintenance::v1 as maintenance;
use tongguan_api::registry::v1 as registry;
use tongguan_api::registry::v1::scrapping::Verdict as Scrapping;
use tongguan_vocabulary::PartialDate;
use tongguan_vocabulary::evidence::{
    Gathered, Inspection, Maintenance, Notice, Prohibition, Reading, Transfer, Vehicle,
};

use crate::wire::{odometer_reading, partial_date};

/// The most readings a look-up takes.
const MOST_READINGS: usize = 200;

fn date(date: Option<Date>) -> Option<PartialDate> {
    date.and_then(|date| partial_date(&date).ok())
}

/// The last word of a proto enum's name; empty where it is unspecified.
fn word(name: &'static str, prefix: &str) -> String {
    let word = name.strip_prefix(prefix).unwrap_or(name);
    if word == "UNSPECIFIED" {
        String::new()
    } else {
        word.to_owned()
    }
}

/// The last day before a market's answer gets worse: a date to ship by. A change for the better closes nothing, it is a
/// day to wait for.
pub fn ship_by(verdict: &destinations::MarketVerdict) -> Option<PartialDate> {
    use destinations::Outcome::{Conditional, Permitted, Prohibited, Undetermined, Unspecified};
    // From a pass to a ban; what is not stated is not taken for better.
    let rank = |outcome| match outcome {
        Permitted => 0,
        Conditional => 1,
        Undetermined => 2,
        Prohibited => 3,
        Unspecified => 4,
    };
    let worse = rank(verdict.outcome_after()) > rank(verdict.outcome());
    date(verdict.ship_by).filter(|_| worse)
}

/// The newest of a vehicle's current inspections; of two on one day the later in the list.
pub fn newest(found: impl IntoIterator<Item = inspection::Inspection>) -> Option<Inspection> {
    found
        .into_iter()
        .map(self::inspection)
        .max_by_key(|inspection| inspection.date.map(PartialDate::last))
}

/// A vehicle as the registry answers it.
pub fn vehicle(vehicle: registry::Vehicle) -> Vehicle {
    let details = vehicle.details.unwrap_or_default();
    let burdens = vehicle
        .encumbrances
        .iter()
        .filter(|burden| burden.lifted.is_none());
    let scrapping = vehicle.scrapping.unwrap_or_default();
    Vehicle {
        version: vehicle.version,
        category: word(details.category().as_str_name(), "VEHICLE_CATEGORY_"),
        powertrain: word(details.powertrain().as_str_name(), "POWERTRAIN_"),
        fuel: word(details.fuel().as_str_name(), "FUEL_").to_lowercase(),
        steering: match word(details.steering().as_str_name(), "STEERING_").as_str() {
            "LEFT" => "LHD".to_owned(),
            "RIGHT" => "RHD".to_owned(),
            _ => String::new(),
        },
        manufactured: date(details.manufactured),
        first_registered: date(details.first_registered),
        brand: details.brand,
        model: details.model,
        manufacturer: details.manufacturer,
        vehicle_type: details.vehicle_type,
        use_nature: details.use_nature,
        colour: details.colour,
        engine_number: details.engine_number,
        battery_id: details.battery_id,
        engine_cc: details.engine_cc,
        power_kw: details.power_kw,
        gross_mass_kg: details.gross_mass_kg,
        curb_mass_kg: details.curb_mass_kg,
        seats: details.seats,
        emission_stage: details.emission_stage,
        model_year: Some(details.model_year).filter(|year| *year != 0),
        imported: details.imported,
        modified: details.modified,
        plate: details.plate,
        transfer: vehicle.transfer.map(|transfer| Transfer {
            date: date(transfer.date),
            filing_valid_until: date(transfer.filing_valid_until),
            exporter: transfer.exporter,
            exporter_name: transfer.exporter_name,
        }),
        burdens: burdens
            .map(|burden| word(burden.kind().as_str_name(), "KIND_"))
            .collect(),
        status_known: vehicle.status_time.is_some(),
        status_letters: vehicle.status_letters,
        readings: vehicle
            .odometer_readings
            .into_iter()
            .filter_map(reading)
            .collect(),
        prohibitions: vehicle
            .prohibitions
            .into_iter()
            .map(|situation| Prohibition {
                number: situation.number,
                code: situation.code,
                fact: situation.fact,
            })
            .collect(),
        scrap_limited: match scrapping.verdict() {
            Scrapping::NoYearLimit => Some(false),
            Scrapping::Limited => Some(true),
            Scrapping::Refer | Scrapping::Unspecified => None,
        },
        scrap_limit: date(scrapping.limit),
        deregistered: date(vehicle.deregistered),
        notices: vehicle
            .notices
            .into_iter()
            .map(|notice| Notice {
                code: notice.code,
                hard: notice.hard,
                message: notice.message,
            })
            .collect(),
    }
}

fn reading(reading: registry::OdometerReading) -> Option<Reading> {
    Some(Reading {
        odometer: odometer_reading(reading.odometer.as_ref()?).ok()?,
        date: date(reading.date),
        source: word(reading.source().as_str_name(), "SOURCE_"),
        document: reading.document,
    })
}

/// An inspection as the intake answers it.
pub fn inspection(found: inspection::Inspection) -> Inspection {
    use inspection::ItemVerdict;
    let objections = found
        .items
        .iter()
        .filter(|item| matches!(item.verdict(), ItemVerdict::Fail | ItemVerdict::Refer))
        .map(|item| format!("{} {}: {}", item.item, item.position, item.reason).replace(" :", ":"))
        .take(20)
        .collect();
    let damage = damage(&found.items);
    let soh = found
        .items
        .iter()
        .find(|item| item.item == "ev.state_of_health");
    let battery_soh_percent = soh.and_then(|item| item.value);
    let verdict = word(found.verdict().as_str_name(), "VERDICT_");
    let report = found.report.unwrap_or_default();
    let photograph = report
        .evidence
        .iter()
        .find(|evidence| evidence.shot == "front_left")
        .or_else(|| report.evidence.first());
    let photograph = photograph
        .map(|evidence| evidence.sha256.clone())
        .unwrap_or_default();
    let car = report.vehicle.unwrap_or_default();
    Inspection {
        id: found.id,
        report_number: report.report_number,
        standard: report.standard,
        date: date(report.date),
        valid_until: date(report.valid_until),
        verdict,
        client: report.client,
        sha256: found.report_sha256,
        under_review: found.under_review,
        accredited: !found.accreditations.is_empty(),
        odometer: car
            .odometer
            .as_ref()
            .and_then(|odometer| odometer_reading(odometer).ok()),
        engine_number: car.engine_number,
        colour: car.colour,
        photograph,
        objections,
        damage,
        battery_soh_percent,
    }
}

/// Signs of damage in the car's history that the inspector found, in the words of the fact schema.
fn damage(items: &[inspection::ItemResult]) -> Vec<String> {
    use inspection::ItemVerdict::{Fail, Refer, Warn};
    let words = [
        ("history.structure", "structural"),
        ("history.flood", "flood"),
        ("history.fire", "fire"),
    ];
    let found = |name: &str| {
        let item = items.iter().find(|item| item.item == name);
        // An item that is only missing warns too; a finding has no limit it was missing from.
        item.is_some_and(|item| {
            matches!(item.verdict(), Warn | Refer | Fail) && !item.reason.contains("not reported")
        })
    };
    let found = words.into_iter().filter(|(item, _)| found(item));
    found.map(|(_, word)| word.to_owned()).collect()
}

/// A maintenance history as the look-up answers it.
pub fn history(history: maintenance::History) -> Maintenance {
    use maintenance::finding::Code;
    let found = |code: Code| {
        history
            .findings
            .iter()
            .any(|finding| finding.code() == code)
    };
    let counted = history
        .records
        .iter()
        .filter(|record| record.standing() == maintenance::repair_record::Standing::Counted);
    let odometer = history.odometer.as_ref();
    Maintenance {
        outcome: word(history.outcome().as_str_name(), "OUTCOME_").to_lowercase(),
        freshness: word(history.freshness().as_str_name(), "FRESHNESS_").to_lowercase(),
        simulated: history.simulated,
        odometer_verdict: odometer
            .map(|odometer| word(odometer.verdict().as_str_name(), "VERDICT_").to_lowercase())
            .unwrap_or_default(),
        minimum_true_km: odometer.and_then(|odometer| odometer.minimum_true_km),
        structural: found(Code::StructuralRepair),
        flood: found(Code::FloodRepair),
        fire: found(Code::FireRepair),
        records: counted.count() as u32,
        findings: history
            .findings
            .iter()
            .map(|finding| Notice {
                code: word(finding.code().as_str_name(), "CODE_"),
                hard: finding.severity() == maintenance::finding::Severity::Serious,
                message: finding.text.clone(),
            })
            .collect(),
        retry_after: history
            .retry_after
            .as_ref()
            .and_then(|wait| u64::try_from(wait.seconds).ok()),
    }
}

/// The question to the maintenance records that follows from what is known: plate, first registration, and
/// every reading that registry and inspection took, so that each asker gets the same verdict. Whose car,
/// whose consent, what for and how long to wait is the asker's to add.
pub fn question(gathered: &Gathered) -> maintenance::LookupHistoryRequest {
    let vehicle = gathered.vehicle.as_ref();
    let registered = vehicle.into_iter().flat_map(|vehicle| &vehicle.readings);
    let inspected = gathered.inspection.iter().filter_map(|inspection| {
        Some(maintenance::Reading {
            odometer: Some(crate::wire::odometer(inspection.odometer?)),
            date: Some(crate::wire::date(inspection.date?)),
            source: maintenance::ReadingSource::Inspection.into(),
            party: "inspection".to_owned(),
            document: inspection.report_number.chars().take(100).collect(),
            result: maintenance::reading::Result::Read.into(),
            meter_replaced: false,
        })
    });
    let readings = registered.filter_map(asked).chain(inspected);
    maintenance::LookupHistoryRequest {
        readings: readings.take(MOST_READINGS).collect(),
        plate: vehicle
            .map(|vehicle| vehicle.plate.clone())
            .unwrap_or_default(),
        first_registered: vehicle
            .and_then(|vehicle| vehicle.first_registered)
            .map(crate::wire::date),
        commercial: vehicle.is_some_and(|vehicle| !matches!(vehicle.use_nature.as_str(), "A" | "")),
        imported: vehicle.is_some_and(|vehicle| vehicle.imported),
        ..Default::default()
    }
}

/// A reading of the registry, where it is of a whole day.
fn asked(reading: &Reading) -> Option<maintenance::Reading> {
    let day = reading.date.filter(|date| date.exact().is_some())?;
    Some(maintenance::Reading {
        odometer: Some(crate::wire::odometer(reading.odometer)),
        date: Some(crate::wire::date(day)),
        source: match reading.source.as_str() {
            "REGISTRATION" => maintenance::ReadingSource::Registration,
            "INSPECTION" => maintenance::ReadingSource::Inspection,
            "MAINTENANCE" => maintenance::ReadingSource::Shop,
            "TELEMATICS" => maintenance::ReadingSource::Telematics,
            _ => maintenance::ReadingSource::Declared,
        }
        .into(),
        party: "registry".to_owned(),
        document: reading.document.chars().take(100).collect(),
        result: maintenance::reading::Result::Read.into(),
        meter_replaced: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_after_which_the_answer_is_better_is_none_to_ship_by() {
        use destinations::Outcome::{Conditional, Permitted, Prohibited, Unspecified};
        let told = |now: destinations::Outcome, after: destinations::Outcome| {
            let verdict = destinations::MarketVerdict {
                outcome: now.into(),
                outcome_after: after.into(),
                ship_by: Some(Date {
                    year: 2026,
                    month: 3,
                    day: 2,
                }),
                ..Default::default()
            };
            ship_by(&verdict).map(|day| day.to_string())
        };
        let day = Some("2026-03-02".to_owned());
        assert_eq!(told(Permitted, Prohibited), day);
        assert_eq!(told(Conditional, Unspecified), day);
        assert_eq!(told(Conditional, Permitted), None);
        assert_eq!(told(Prohibited, Conditional), None);
    }
}
