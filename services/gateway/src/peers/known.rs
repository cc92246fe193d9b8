//! The peers' messages as facts by name. What a message does not say is left out: an unknown is no pass.

use serde_json::{Value, json};
use tongguan_api::google::r#type::Date;
use tongguan_api::{
    inspection::v1 as inspection, maintenance::v1 as maintenance, registry::v1 as registry,
};
use tongguan_rpc::wire;
use tongguan_vocabulary::{Odometer, Vin};

use super::{History, Vehicle};
use crate::domain::Facts;

/// The ten situations of section 六 of No. 6 of 2024 in the words of the fact schema; the place is the number minus one.
const SITUATIONS: [&str; 10] = [
    "scrap_limit",
    "encumbered_or_supervised",
    "sealed_or_seized",
    "obtained_by_crime",
    "certificate_mismatch",
    "smuggled_or_assembled",
    "papers_incomplete",
    "inspection_failed",
    "unresolved_violation",
    "barred_by_law",
];

#[derive(Default)]
struct Known(Facts);

impl Known {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn maybe<T: Into<Value>>(&mut self, name: &str, value: Option<T>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.set(name, value);
        }
    }

    fn date(&mut self, name: &str, date: Option<&Date>) {
        self.maybe(
            name,
            date.and_then(|date| wire::partial_date(date).ok())
                .map(|date| date.to_string()),
        );
    }
}

/// The last word of a proto enum's name; empty where it is unspecified.
fn word(name: &'static str, prefix: &str) -> &'static str {
    match name.strip_prefix(prefix).unwrap_or(name) {
        "UNSPECIFIED" => "",
        word => word,
    }
}

pub(super) fn vehicle(vin: Vin, vehicle: registry::Vehicle) -> Vehicle {
    let mut known = Known::default();
    let details = vehicle.details.clone().unwrap_or_default();
    identity(&mut known, vin, &details);
    standing(&mut known, &vehicle);
    let readings = vehicle.odometer_readings.iter();
    let newest = readings
        .clone()
        .next_back()
        .and_then(|reading| wire::odometer_reading(reading.odometer.as_ref()?).ok());
    known.maybe("vehicle.odometer_km", newest.map(Odometer::to_km));
    let history = maintenance::LookupHistoryRequest {
        plate: details.plate.clone(),
        readings: readings.filter_map(reading).take(200).collect(),
        first_registered: details.first_registered,
        commercial: !matches!(details.use_nature.as_str(), "A" | ""),
        imported: details.imported,
        ..Default::default()
    };
    Vehicle {
        facts: known.0,
        history,
    }
}

fn identity(known: &mut Known, vin: Vin, details: &registry::VehicleDetails) {
    let powertrain = word(details.powertrain().as_str_name(), "POWERTRAIN_");
    known.text(
        "vehicle.category",
        word(details.category().as_str_name(), "VEHICLE_CATEGORY_"),
    );
    known.text("vehicle.use_nature", use_nature(&details.use_nature));
    known.text("vehicle.make", &details.brand);
    known.text("vehicle.model", &details.model);
    known.set("vehicle.wmi", vin.wmi());
    if !details.imported && vin.as_str().starts_with('L') {
        known.set("vehicle.origin_country", "CN");
    }
    known.set("vehicle.last_registration_country", "CN");
    known.text("vehicle.colour", colour(&details.colour));
    known.text(
        "vehicle.steering",
        match word(details.steering().as_str_name(), "STEERING_") {
            "LEFT" => "LHD",
            "RIGHT" => "RHD",
            _ => "",
        },
    );
    known.maybe("vehicle.seats", details.seats);
    known.maybe("vehicle.gross_mass_kg", details.gross_mass_kg);
    known.maybe("vehicle.curb_mass_kg", details.curb_mass_kg);
    known.date("vehicle.manufactured", details.manufactured.as_ref());
    known.date(
        "vehicle.first_registered",
        details.first_registered.as_ref(),
    );
    known.maybe(
        "vehicle.ever_registered",
        details.first_registered.map(|_| true),
    );
    let model_year = Some(details.model_year).filter(|year| *year != 0);
    known.maybe("vehicle.title_model_year", model_year);
    known.maybe("vehicle.model_year", model_year);
    if powertrain != "NONE" {
        known.text("vehicle.powertrain", powertrain);
        known.set(
            "vehicle.engine_number_present",
            !details.engine_number.is_empty(),
        );
    }
    let fuel = word(details.fuel().as_str_name(), "FUEL_").to_lowercase();
    known.text(
        "vehicle.fuel",
        if powertrain == "BEV" {
            "electric"
        } else {
            &fuel
        },
    );
    known.maybe("vehicle.engine_cc", details.engine_cc);
    known.maybe("vehicle.power_kw", details.power_kw);
    if let Some((family, _)) = details.emission_stage.split_once('.') {
        known.text(
            &format!("vehicle.emission_standard.{family}"),
            &details.emission_stage,
        );
    }
    known.set("registry.modified", details.modified);
}

fn standing(known: &mut Known, vehicle: &registry::Vehicle) {
    use registry::encumbrance::Kind;
    use registry::scrapping::Verdict;
    let burdens = vehicle
        .encumbrances
        .iter()
        .filter(|burden| burden.lifted.is_none());
    let has = |kind: Kind| burdens.clone().any(|burden| burden.kind() == kind);
    known.set(
        "registry.encumbered",
        has(Kind::Mortgage) || has(Kind::Pledge),
    );
    known.set(
        "registry.customs_supervision",
        has(Kind::CustomsSupervision),
    );
    known.date(
        "registry.transfer_pending_export",
        vehicle
            .transfer
            .as_ref()
            .and_then(|transfer| transfer.date.as_ref()),
    );
    let scrapping = vehicle.scrapping.clone().unwrap_or_default();
    let applies = match scrapping.verdict() {
        Verdict::NoYearLimit => Some(false),
        Verdict::Limited => Some(true),
        Verdict::Refer | Verdict::Unspecified => None,
    };
    known.maybe("registry.scrap_limit_applies", applies);
    known.date("registry.scrap_limit_date", scrapping.limit.as_ref());
    known.set("registry.deregistered", vehicle.deregistered.is_some());
    known.date(
        "registry.deregistration_date",
        vehicle.deregistered.as_ref(),
    );
    let numbers = vehicle
        .prohibitions
        .iter()
        .filter_map(|situation| usize::try_from(situation.number).ok()?.checked_sub(1));
    let mut situations: Vec<&str> = numbers
        .filter_map(|number| SITUATIONS.get(number).copied())
        .collect();
    situations.sort_unstable();
    situations.dedup();
    if vehicle.status_time.is_some() {
        known.set("registry.status", json!(vehicle.status_letters));
        known.set("registry.prohibited", json!(situations));
        known.set(
            "vehicle.stolen",
            vehicle.status_letters.iter().any(|letter| letter == "C"),
        );
    } else {
        // Never read from the police: what was found stands, nothing is ruled out.
        known.set("registry.prohibited", json!({"has": situations, "not": []}));
    }
}

fn reading(reading: &registry::OdometerReading) -> Option<maintenance::Reading> {
    use registry::odometer_reading::Source;
    let whole = |date: &Date| date.month != 0 && date.day != 0;
    Some(maintenance::Reading {
        odometer: reading.odometer,
        date: Some(reading.date.filter(whole)?),
        source: match reading.source() {
            Source::Registration => maintenance::ReadingSource::Registration,
            Source::Inspection => maintenance::ReadingSource::Inspection,
            Source::Maintenance => maintenance::ReadingSource::Shop,
            Source::Telematics => maintenance::ReadingSource::Telematics,
            Source::Declared | Source::Unspecified => maintenance::ReadingSource::Declared,
        }
        .into(),
        party: "registry".to_owned(),
        document: reading.document.chars().take(100).collect(),
        result: maintenance::reading::Result::Read.into(),
        meter_replaced: false,
    })
}

pub(super) fn inspection(found: Vec<inspection::Inspection>) -> Option<Facts> {
    use inspection::Verdict;
    let day = |one: &inspection::Inspection| {
        one.report
            .as_ref()
            .and_then(|report| report.date)
            .map(|date| (date.year, date.month, date.day))
    };
    let newest = found.into_iter().max_by_key(day)?;
    let report = newest.report.clone().unwrap_or_default();
    let mut known = Known::default();
    let passed = match newest.verdict() {
        _ if newest.under_review => None,
        Verdict::Passed | Verdict::PassedWithWarnings => Some(true),
        Verdict::Failed => Some(false),
        Verdict::Referred | Verdict::Unspecified => None,
    };
    known.maybe("inspection.passed", passed);
    known.set(
        "inspection.standard",
        match report.standard.as_str() {
            "WM/T 8-2022" => "wmt_8_2022",
            "WM/T 9-2022" => "wmt_9_2022",
            _ => "other",
        },
    );
    known.date("inspection.performed", report.date.as_ref());
    known.set(
        "inspection.body_accredited",
        !newest.accreditations.is_empty() && !newest.under_review,
    );
    let odometer = report
        .vehicle
        .as_ref()
        .and_then(|car| wire::odometer_reading(car.odometer.as_ref()?).ok());
    known.maybe("vehicle.odometer_km", odometer.map(Odometer::to_km));
    Some(known.0)
}

pub(super) fn history(history: &maintenance::History) -> History {
    use maintenance::finding::Code;
    let outcome = word(history.outcome().as_str_name(), "OUTCOME_").to_lowercase();
    let mut known = Known::default();
    // Too old to be relied on: shown in the source's state, never as a fact.
    if history.freshness() != maintenance::Freshness::Expired {
        known.text("maintenance.outcome", &outcome);
        if let Some(odometer) = &history.odometer {
            known.text(
                "maintenance.odometer_verdict",
                &word(odometer.verdict().as_str_name(), "VERDICT_").to_lowercase(),
            );
            known.maybe("maintenance.minimum_true_km", odometer.minimum_true_km);
        }
        let complete = matches!(outcome.as_str(), "found" | "found_partial");
        let signs = [
            ("maintenance.structural_damage", Code::StructuralRepair),
            ("maintenance.flood", Code::FloodRepair),
            ("maintenance.fire", Code::FireRepair),
        ];
        for (name, code) in signs {
            let sign = history
                .findings
                .iter()
                .any(|finding| finding.code() == code);
            if sign || complete {
                known.set(name, sign);
            }
        }
    }
    History {
        facts: known.0,
        down: history.outcome() == maintenance::Outcome::UpstreamDown,
        fetched: history.fetched_at.as_ref().and_then(wire::instant),
        simulated: history.simulated,
        outcome,
    }
}

/// Use nature letters of GA/T 24 in the words of the fact schema.
fn use_nature(letter: &str) -> &'static str {
    match letter {
        "A" => "non_operating",
        "B" => "road_passenger",
        "C" => "city_bus",
        "D" => "taxi",
        "E" => "tourist",
        "F" => "freight",
        "G" => "rental",
        "H" => "police",
        "I" => "fire",
        "J" => "ambulance",
        "K" => "engineering_rescue",
        "L" => "operating_to_non_operating",
        "M" => "taxi_to_non_operating",
        "N" => "training",
        "O" | "P" | "Q" | "S" => "school_bus",
        "R" => "dangerous_goods",
        "T" => "ride_hailing",
        "U" => "ride_hailing_to_non_operating",
        _ => "",
    }
}

/// Colour letters of GA/T 24 in the words of the fact schema.
fn colour(letters: &str) -> &'static str {
    match letters {
        "A" => "white",
        "B" => "grey",
        "C" => "yellow",
        "D" => "pink",
        "E" => "red",
        "F" => "purple",
        "G" => "green",
        "H" => "blue",
        "I" => "brown",
        "J" => "black",
        letters if letters.len() > 1 => "multi",
        _ => "",
    }
}
