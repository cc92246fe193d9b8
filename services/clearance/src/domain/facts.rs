//! Evidence turned into the facts that the rule packs read, by name. What nobody knows is left out:
//! an unknown is not a pass. Evidence beats what the exporter declares.
//!
//! What is known of the vehicle becomes facts in `vocabulary::evidence`, for readiness too; here a case
//! adds its trip, its exporter and its papers.

mod papers;

use serde_json::Value;
use time::Date;
use tongguan_vocabulary::PartialDate;
use tongguan_vocabulary::evidence;

use super::case::{Case, ExporterKind};
use super::document::DocumentKind;
use super::evidence::{FactMap, Gathered, InspectionEvidence, VehicleEvidence};
use super::reconcile::Reconciliation;
use super::text::{Likeness, compare};

/// Everything known, by fact name.
pub fn build(case: &Case, gathered: &Gathered, reconciliation: &Reconciliation) -> FactMap {
    let mut facts = Facts(evidence::known(case.vin, gathered));
    trip(&mut facts, case);
    exporter(&mut facts, case, gathered.vehicle.as_ref());
    if let Some(inspection) = &gathered.inspection {
        of_inspection(&mut facts, case, inspection);
        if gathered.vehicle.is_some() {
            // Situation 5 is about the car and its certificate: what the inspector read on the car decides it.
            facts.set(
                "registry.certificate_matches",
                !reconciliation.car_contradicts(),
            );
        }
    }
    papers::read(&mut facts, case, gathered.vehicle.as_ref(), reconciliation);
    let mut facts = facts.0;
    evidence::complete(&mut facts, &case.declared, gathered);
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

/// What only the case can tell of its inspection: whose client the exporter is, and the seal on the paper.
fn of_inspection(facts: &mut Facts, case: &Case, inspection: &InspectionEvidence) {
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
}
