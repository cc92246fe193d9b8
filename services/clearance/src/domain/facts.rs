//! Evidence turned into the facts that the rule packs read, by name. What nobody knows is left out:
//! an unknown is not a pass. Evidence beats what the exporter declares.

mod codes;
mod damage;
mod papers;

use serde_json::{Value, json};
use time::Date;
use tongguan_vocabulary::PartialDate;

use super::case::{Case, ExporterKind};
use super::document::DocumentKind;
use super::evidence::{
    FactMap, Gathered, InspectionEvidence, MaintenanceEvidence, VehicleEvidence,
};
use super::reconcile::Reconciliation;
use super::text::{Likeness, compare};
use codes::{PROHIBITIONS, body, colour, use_nature};

pub use codes::is_foreign;

/// Everything known, by fact name.
pub fn build(case: &Case, gathered: &Gathered, reconciliation: &Reconciliation) -> FactMap {
    let mut facts = Facts(FactMap::new());
    trip(&mut facts, case);
    exporter(&mut facts, case, gathered.vehicle.as_ref());
    if let Some(vehicle) = &gathered.vehicle {
        of_vehicle(&mut facts, case, vehicle);
        of_registry(
            &mut facts,
            vehicle,
            gathered.inspection.as_ref(),
            reconciliation,
        );
    }
    if let Some(inspection) = &gathered.inspection {
        of_inspection(&mut facts, case, inspection);
    }
    if let Some(maintenance) = &gathered.maintenance {
        of_maintenance(&mut facts, maintenance);
    }
    papers::read(&mut facts, case, gathered.vehicle.as_ref(), reconciliation);
    let mut facts = facts.0;
    for (name, value) in &case.declared {
        facts.entry(name.clone()).or_insert_with(|| value.clone());
    }
    damage::add(&mut facts, gathered);
    // The type code says a body only roughly, so what the exporter declares goes before it.
    if let Some(body) = gathered
        .vehicle
        .as_ref()
        .map(|vehicle| body(&vehicle.vehicle_type))
        .filter(|body| !body.is_empty())
    {
        facts
            .entry("vehicle.body".to_owned())
            .or_insert_with(|| body.into());
    }
    facts
}

struct Facts(FactMap);

impl Facts {
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

    fn date(&mut self, name: &str, value: Option<PartialDate>) {
        self.maybe(name, value.map(|date| date.to_string()));
    }

    fn day(&mut self, name: &str, value: Option<Date>) {
        self.date(name, value.map(PartialDate::from));
    }
}

fn trip(facts: &mut Facts, case: &Case) {
    let trip = &case.trip;
    facts.set("trip.destination", case.destination.as_str());
    facts.set("trip.dispatch_country", "CN");
    // The application this service prepares always states 旧 as the goods' state.
    facts.set("trip.goods_stated_used", true);
    facts.text("trip.entry_mode", &trip.entry_mode);
    facts.day("trip.application_date", case.application_date());
    facts.date("trip.contract_date", trip.contract_date);
    facts.date("trip.bill_of_lading", trip.bill_of_lading);
    facts.date("trip.departure", trip.departure);
    facts.date("trip.arrival", trip.arrival);
    facts.date("trip.declaration", trip.declaration);
    facts.date(
        "trip.registration_at_destination",
        trip.registration_at_destination,
    );
    let contract = case.document(DocumentKind::Contract);
    facts.maybe(
        "trip.contract_after_sales",
        contract.map(|contract| contract.statements.after_sales_terms == Some(true)),
    );
}

fn exporter(facts: &mut Facts, case: &Case, vehicle: Option<&VehicleEvidence>) {
    let kind = match case.exporter.kind {
        ExporterKind::Producer => "producer",
        ExporterKind::Trading => "trading",
    };
    facts.set("exporter.kind", kind);
    // Only the exporter of record can file a case, so the applicant is the exporter (谁出口谁申领).
    facts.set("exporter.is_applicant", true);
    let transfer = vehicle.and_then(|vehicle| vehicle.transfer.as_ref());
    let recorded = transfer
        .filter(|transfer| transfer.exporter == case.exporter.code)
        .and_then(|transfer| transfer.filing_valid_until);
    let until = recorded.or(case.exporter.filing_valid_until.map(PartialDate::from));
    facts.date("exporter.filing_expires", until);
    if let (Some(until), Some(day)) = (until, case.application_date()) {
        let known = if day <= until.first() {
            Some(true)
        } else {
            (day > until.last()).then_some(false)
        };
        facts.maybe("exporter.filed", known);
    }
    let on_paper = case
        .document(DocumentKind::RegistrationCertificate)
        .map(|paper| paper.statements.owner_name.as_str())
        .filter(|name| !name.is_empty())
        .map(|name| {
            matches!(
                compare(name, &case.exporter.name),
                Likeness::Same | Likeness::SameFolded
            )
        });
    let in_registry = transfer.map(|transfer| transfer.exporter == case.exporter.code);
    facts.maybe("exporter.is_owner", in_registry.or(on_paper));
}

fn of_vehicle(facts: &mut Facts, case: &Case, vehicle: &VehicleEvidence) {
    facts.text("vehicle.category", &vehicle.category);
    facts.text("vehicle.use_nature", use_nature(&vehicle.use_nature));
    facts.text("vehicle.make", &vehicle.brand);
    facts.text("vehicle.model", &vehicle.model);
    facts.set("vehicle.wmi", case.vin.wmi());
    if !vehicle.imported && case.vin.as_str().starts_with('L') {
        facts.set("vehicle.origin_country", "CN");
    }
    facts.set("vehicle.last_registration_country", "CN");
    facts.text("vehicle.colour", colour(&vehicle.colour));
    facts.text("vehicle.steering", &vehicle.steering);
    facts.maybe("vehicle.seats", vehicle.seats);
    facts.maybe("vehicle.gross_mass_kg", vehicle.gross_mass_kg);
    facts.maybe("vehicle.curb_mass_kg", vehicle.curb_mass_kg);
    facts.date("vehicle.manufactured", vehicle.manufactured);
    facts.date("vehicle.first_registered", vehicle.first_registered);
    facts.maybe(
        "vehicle.ever_registered",
        vehicle.first_registered.map(|_| true),
    );
    facts.maybe("vehicle.title_model_year", vehicle.model_year);
    facts.maybe("vehicle.model_year", vehicle.model_year);
    if vehicle.powertrain != "NONE" {
        facts.text("vehicle.powertrain", &vehicle.powertrain);
    }
    let fuel = if vehicle.powertrain == "BEV" {
        "electric"
    } else {
        vehicle.fuel.as_str()
    };
    facts.text("vehicle.fuel", fuel);
    facts.maybe("vehicle.engine_cc", vehicle.engine_cc);
    facts.maybe("vehicle.power_kw", vehicle.power_kw);
    if !vehicle.emission_stage.is_empty() {
        facts.set("vehicle.emission_standard", json!([vehicle.emission_stage]));
    }
    facts.maybe(
        "vehicle.odometer_km",
        vehicle
            .readings
            .iter()
            .map(|reading| reading.odometer.to_km())
            .next_back(),
    );
    if vehicle.powertrain != "NONE" {
        facts.set(
            "vehicle.engine_number_present",
            !vehicle.engine_number.is_empty(),
        );
    }
}

fn of_registry(
    facts: &mut Facts,
    vehicle: &VehicleEvidence,
    inspection: Option<&InspectionEvidence>,
    reconciliation: &Reconciliation,
) {
    let has = |kind: &str| vehicle.burdens.iter().any(|burden| burden == kind);
    facts.set("registry.encumbered", has("MORTGAGE") || has("PLEDGE"));
    facts.set("registry.customs_supervision", has("CUSTOMS_SUPERVISION"));
    facts.date(
        "registry.transfer_pending_export",
        vehicle.transfer.as_ref().and_then(|transfer| transfer.date),
    );
    facts.maybe("registry.scrap_limit_applies", vehicle.scrap_limited);
    facts.date("registry.scrap_limit_date", vehicle.scrap_limit);
    facts.set("registry.deregistered", vehicle.deregistered.is_some());
    facts.date("registry.deregistration_date", vehicle.deregistered);
    facts.set("registry.modified", vehicle.modified);
    // Situation 5 is about the car and its certificate: what the inspector read on the car decides it.
    facts.maybe(
        "registry.certificate_matches",
        inspection.map(|_| !reconciliation.car_contradicts()),
    );
    let mut situations: Vec<&str> = vehicle
        .prohibitions
        .iter()
        .filter_map(|situation| {
            PROHIBITIONS
                .get(usize::try_from(situation.number).ok()?.checked_sub(1)?)
                .copied()
        })
        .collect();
    if inspection.is_some_and(|inspection| inspection.verdict == "FAILED") {
        situations.push("inspection_failed");
    }
    situations.sort_unstable();
    situations.dedup();
    if vehicle.status_known {
        facts.set("registry.status", json!(vehicle.status_letters));
        facts.set("registry.prohibited", json!(situations));
        facts.set(
            "vehicle.stolen",
            vehicle.status_letters.iter().any(|letter| letter == "C"),
        );
    } else {
        // Never read from the police: what was found stands, nothing is ruled out.
        facts.set(
            "registry.prohibited",
            json!({ "has": situations, "not": [] }),
        );
    }
}

fn of_inspection(facts: &mut Facts, case: &Case, inspection: &InspectionEvidence) {
    let passed = match inspection.verdict.as_str() {
        _ if inspection.under_review => None,
        "PASSED" | "PASSED_WITH_WARNINGS" => Some(true),
        "FAILED" => Some(false),
        _ => None,
    };
    facts.maybe("inspection.passed", passed);
    let standard = match inspection.standard.as_str() {
        "WM/T 8-2022" => "wmt_8_2022",
        "WM/T 9-2022" => "wmt_9_2022",
        _ => "other",
    };
    facts.set("inspection.standard", standard);
    facts.date("inspection.performed", inspection.date);
    facts.set(
        "inspection.body_accredited",
        inspection.accredited && !inspection.under_review,
    );
    let report = case.document(DocumentKind::InspectionReport);
    let client = if inspection.client.is_empty() {
        report
            .map(|report| &report.statements.owner_name)
            .filter(|name| !name.is_empty())
            .map(|name| compare(name, &case.exporter.name) != Likeness::Different)
    } else {
        Some(inspection.client == case.exporter.code)
    };
    facts.maybe("inspection.client_is_exporter", client);
    facts.maybe("inspection.sealed", report.map(|report| report.sealed));
    facts.maybe(
        "vehicle.battery_soh_percent",
        inspection.battery_soh_percent,
    );
    if let Some(odometer) = inspection.odometer {
        facts.set("vehicle.odometer_km", odometer.to_km());
    }
}

fn of_maintenance(facts: &mut Facts, maintenance: &MaintenanceEvidence) {
    facts.text("maintenance.outcome", &maintenance.outcome);
    facts.text(
        "maintenance.odometer_verdict",
        &maintenance.odometer_verdict,
    );
    facts.maybe("maintenance.minimum_true_km", maintenance.minimum_true_km);
    let found = matches!(maintenance.outcome.as_str(), "found" | "found_partial");
    // Nothing found in a full history says "no sign of it"; without a history nothing is said.
    for (name, sign) in [
        ("maintenance.structural_damage", maintenance.structural),
        ("maintenance.flood", maintenance.flood),
        ("maintenance.fire", maintenance.fire),
    ] {
        if sign || found {
            facts.set(name, sign);
        }
    }
}
