//! Documents, case and registry compared field by field, before anything is filed.
//!
//! Licence data must match the registration certificate (商贸函〔2025〕648号 一(二)); declaration,
//! licence and certificate must agree. What differs there blocks; what a person should look at warns.

use serde::{Deserialize, Serialize};
use tongguan_vocabulary::PartialDate;
use uuid::Uuid;

use super::case::Case;
use super::confirmation::{self, Fits};
use super::document::{Document, DocumentKind};
use super::evidence::{InspectionEvidence, VehicleEvidence};
use super::text::{Likeness, compare};

/// How much a difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// The licence would be refused.
    Blocking,
    /// A person should look.
    Warning,
    /// Told only.
    Note,
}

/// One field on which two sources differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field.
    pub field: String,
    /// How much it matters.
    pub severity: Severity,
    /// The source taken as right.
    pub expected_source: String,
    /// Its value.
    pub expected: String,
    /// The source that differs.
    pub actual_source: String,
    /// Its value.
    pub actual: String,
    /// What is wrong.
    pub message: String,
    /// The document that differs.
    pub document: Option<Uuid>,
}

/// A paper that is missing or does not do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Code of the document.
    pub code: String,
    /// What is wrong, a stable code.
    pub fault: String,
    /// One sentence.
    pub message: String,
    /// The document; absent where it is missing.
    pub document: Option<Uuid>,
    /// How much it matters.
    pub severity: Severity,
}

impl Fault {
    /// A fault of a document that is there.
    pub fn of(document: &Document, severity: Severity, fault: &str, message: String) -> Self {
        Self { code: document.code.clone(), fault: fault.to_owned(), message, document: Some(document.id), severity }
    }
}

/// How the papers compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// Differences, worst first.
    pub differences: Vec<Difference>,
    /// Fields that were compared and agreed.
    pub agreed: Vec<String>,
    /// Papers that are missing or do not do, worst first.
    pub faults: Vec<Fault>,
    /// Version of the vehicle that was compared; 0 where there was none.
    pub vehicle_version: u64,
    /// Sources that did not answer.
    pub unreachable: Vec<String>,
}

impl Reconciliation {
    /// Whether nothing blocks.
    pub fn consistent(&self) -> bool {
        let blocking = |severity: Severity| severity == Severity::Blocking;
        !self.differences.iter().any(|difference| blocking(difference.severity)) && !self.faults.iter().any(|fault| blocking(fault.severity))
    }

    /// Whether a document has a blocking fault.
    pub fn rejects(&self, document: Uuid) -> bool {
        self.faults.iter().any(|fault| fault.document == Some(document) && fault.severity == Severity::Blocking)
    }

    /// Whether what was read on the car contradicts its certificate.
    pub fn car_contradicts(&self) -> bool {
        self.differences
            .iter()
            .any(|difference| difference.severity == Severity::Blocking && difference.actual_source == "INSPECTION" && difference.field == "engine_number")
    }
}

/// Papers needed whatever the destination (licence guides; No. 6 of 2024).
const ALWAYS: [DocumentKind; 5] = [
    DocumentKind::Contract,
    DocumentKind::RegistrationCertificate,
    DocumentKind::InspectionReport,
    DocumentKind::InspectionBodyDeclaration,
    DocumentKind::DestinationStandardDeclaration,
];

/// Compares everything with everything.
pub fn reconcile(case: &Case, vehicle: Option<&VehicleEvidence>, inspection: Option<&InspectionEvidence>) -> Reconciliation {
    let mut run = Run::default();
    let truth = Truth::of(case, vehicle);
    for document in case.counted() {
        run.document(case, document, &truth);
    }
    if let Some(inspection) = inspection {
        run.text("engine_number", Severity::Blocking, &truth.engine_number, ("INSPECTION", &inspection.engine_number, None));
        run.text("colour", Severity::Warning, &truth.colour, ("INSPECTION", &inspection.colour, None));
        if !inspection.client.is_empty() {
            run.text("exporter", Severity::Blocking, &("CASE", case.exporter.code.clone()), ("INSPECTION", &inspection.client, None));
        }
    }
    if let Some(transfer) = vehicle.and_then(|vehicle| vehicle.transfer.as_ref()) {
        run.text("exporter", Severity::Blocking, &("CASE", case.exporter.code.clone()), ("REGISTRY", &transfer.exporter, None));
        run.text("owner_name", Severity::Blocking, &("CASE", case.exporter.name.clone()), ("REGISTRY", &transfer.exporter_name, None));
    }
    run.faults(case, vehicle, inspection);
    run.finish(vehicle)
}

/// A value with the source it is taken from.
type Sourced<T> = (&'static str, T);

/// What the papers are compared with: the registry first, then the registration certificate.
struct Truth {
    brand: Sourced<String>,
    model: Sourced<String>,
    manufacturer: Sourced<String>,
    engine_number: Sourced<String>,
    battery_id: Sourced<String>,
    colour: Sourced<String>,
    first_registered: Sourced<Option<PartialDate>>,
    transfer: Sourced<Option<PartialDate>>,
    manufactured: Sourced<Option<PartialDate>>,
}

impl Truth {
    fn of(case: &Case, vehicle: Option<&VehicleEvidence>) -> Self {
        let empty = super::document::Statements::default();
        let paper = case.document(DocumentKind::RegistrationCertificate).map_or(&empty, |document| &document.statements);
        let text = |ours: fn(&VehicleEvidence) -> &String, theirs: &String| match vehicle.map(ours).filter(|text| !text.is_empty()) {
            Some(text) => ("REGISTRY", text.clone()),
            None => ("REGISTRATION_CERTIFICATE", theirs.clone()),
        };
        let date = |ours: Option<PartialDate>, theirs: Option<PartialDate>| match ours {
            Some(date) => ("REGISTRY", Some(date)),
            None => ("REGISTRATION_CERTIFICATE", theirs),
        };
        Self {
            brand: text(|v| &v.brand, &paper.brand),
            model: text(|v| &v.model, &paper.model),
            manufacturer: text(|v| &v.manufacturer, &paper.manufacturer),
            engine_number: text(|v| &v.engine_number, &paper.engine_number),
            battery_id: text(|v| &v.battery_id, &paper.battery_id),
            colour: text(|v| &v.colour, &paper.colour),
            first_registered: date(vehicle.and_then(|v| v.first_registered), paper.first_registered),
            transfer: date(vehicle.and_then(|v| v.transfer.as_ref()?.date), paper.transfer_pending_export),
            manufactured: date(vehicle.and_then(|v| v.manufactured), paper.manufactured),
        }
    }
}

#[derive(Default)]
struct Run {
    differences: Vec<Difference>,
    agreed: Vec<&'static str>,
    faults: Vec<Fault>,
}

impl Run {
    fn document(&mut self, case: &Case, document: &Document, truth: &Truth) {
        let says = &document.statements;
        let source = document.kind.source();
        let from = Some(document.id);
        let named = says.owner_name.as_str();
        self.text("owner_name", Severity::Blocking, &("CASE", case.exporter.name.clone()), (source, named, from));
        if !says.vins.is_empty() {
            let listed = says.vins.contains(&case.vin);
            let all = says.vins.iter().map(|vin| vin.as_str()).collect::<Vec<_>>().join(", ");
            self.outcome("vin", listed, Severity::Blocking, ("CASE", case.vin.to_string()), (source, all, from));
        }
        let textual = [
            ("brand", Severity::Blocking, &truth.brand, &says.brand),
            ("model", Severity::Blocking, &truth.model, &says.model),
            ("engine_number", Severity::Blocking, &truth.engine_number, &says.engine_number),
            ("manufacturer", Severity::Warning, &truth.manufacturer, &says.manufacturer),
            ("battery_id", Severity::Warning, &truth.battery_id, &says.battery_id),
            ("colour", Severity::Warning, &truth.colour, &says.colour),
        ];
        for (field, severity, expected, actual) in textual {
            self.text(field, severity, expected, (source, actual, from));
        }
        let dated = [
            ("first_registered", Severity::Blocking, &truth.first_registered, says.first_registered),
            ("transfer_pending_export", Severity::Blocking, &truth.transfer, says.transfer_pending_export),
            ("manufactured", Severity::Warning, &truth.manufactured, says.manufactured),
        ];
        for (field, severity, expected, actual) in dated {
            self.date(field, severity, expected, (source, actual, from));
        }
        if let Some(country) = says.destination {
            let same = country == case.destination;
            self.outcome("destination", same, Severity::Blocking, ("CASE", case.destination.to_string()), (source, country.to_string(), from));
        }
    }

    fn text(&mut self, field: &'static str, severity: Severity, expected: &Sourced<String>, actual: (&'static str, &str, Option<Uuid>)) {
        let (source, value, document) = actual;
        if expected.1.is_empty() || value.is_empty() || expected.0 == source {
            return;
        }
        let likeness = compare(&expected.1, value);
        let (severity, message) = match likeness {
            Likeness::Same => return self.agree(field),
            Likeness::SameFolded => {
                self.agree(field);
                (Severity::Note, format!("{field} is the same, written differently"))
            }
            Likeness::OtherScript => (Severity::Warning, format!("{field} is written in another script: a person must compare it")),
            Likeness::Different => (severity, format!("{field} differs")),
        };
        self.differ(field, severity, (expected.0, expected.1.clone()), (source, value.to_owned(), document), message);
    }

    fn date(&mut self, field: &'static str, severity: Severity, expected: &Sourced<Option<PartialDate>>, actual: (&'static str, Option<PartialDate>, Option<Uuid>)) {
        let ((Some(right), source), (from, Some(value), document)) = ((expected.1, expected.0), actual) else {
            return;
        };
        if source == from {
            return;
        }
        if right == value {
            return self.agree(field);
        }
        // A month-only date agrees with every day of that month, and says less.
        let overlap = right.first() <= value.last() && value.first() <= right.last();
        let (severity, message) = if overlap {
            self.agree(field);
            (Severity::Note, format!("{field} agrees as far as it is known; one of the two is less exact"))
        } else {
            (severity, format!("{field} differs"))
        };
        self.differ(field, severity, (source, right.to_string()), (from, value.to_string(), document), message);
    }

    fn outcome(&mut self, field: &'static str, same: bool, severity: Severity, expected: (&'static str, String), actual: (&'static str, String, Option<Uuid>)) {
        if same {
            self.agree(field);
        } else {
            self.differ(field, severity, expected, actual, format!("{field} differs"));
        }
    }

    fn agree(&mut self, field: &'static str) {
        if !self.agreed.contains(&field) {
            self.agreed.push(field);
        }
    }

    fn differ(&mut self, field: &'static str, severity: Severity, expected: (&'static str, String), actual: (&'static str, String, Option<Uuid>), message: String) {
        self.differences.push(Difference {
            field: field.to_owned(),
            severity,
            expected_source: expected.0.to_owned(),
            expected: expected.1,
            actual_source: actual.0.to_owned(),
            actual: actual.1,
            message,
            document: actual.2,
        });
    }

    fn faults(&mut self, case: &Case, vehicle: Option<&VehicleEvidence>, inspection: Option<&InspectionEvidence>) {
        let on = case.application_date();
        for kind in ALWAYS {
            if case.document(kind).is_none() {
                self.faults.push(Fault {
                    code: kind.code().to_owned(),
                    fault: "MISSING".to_owned(),
                    message: format!("{} is needed for every licence application and is not attached", kind.code()),
                    document: None,
                    severity: Severity::Blocking,
                });
            }
        }
        for document in case.counted() {
            if document.kind == DocumentKind::AfterSalesConfirmation {
                let manufacturer = vehicle.map(|v| v.manufacturer.as_str()).filter(|name| !name.is_empty());
                let fits = Fits { vin: &case.vin, destination: case.destination, manufacturer, on };
                self.faults.extend(confirmation::faults(document, &fits));
                continue;
            }
            let mut add = |severity, fault: &str, message: String| self.faults.push(Fault::of(document, severity, fault, message));
            if let (Some(last), Some(day)) = (document.valid_until, on)
                && day > last
            {
                add(Severity::Blocking, "EXPIRED", format!("{} ended on {last}, before the application on {day}", document.code));
            }
            if let (Some(issued), Some(day)) = (document.issued, on)
                && issued > day
            {
                add(Severity::Warning, "DATED_AFTER_APPLICATION", format!("{} is dated {issued}, after the application on {day}", document.code));
            }
            match document.kind {
                DocumentKind::Contract => {
                    if document.statements.after_sales_terms != Some(true) {
                        add(Severity::Blocking, "NO_AFTER_SALES_TERMS", "the contract has no after-sales terms, or does not say so".to_owned());
                    }
                    let language = document.statements.language.as_str();
                    if super::facts::is_foreign(language) && case.document(DocumentKind::ContractTranslation).is_none() {
                        add(Severity::Blocking, "NO_CHINESE_TRANSLATION", format!("a contract in {language:?} needs a Chinese translation, which prevails"));
                    }
                }
                DocumentKind::DestinationStandardDeclaration | DocumentKind::InspectionReport if !document.sealed => {
                    add(Severity::Blocking, "NOT_SEALED", format!("{} bears no official seal", document.code));
                }
                _ => {}
            }
            if let (DocumentKind::InspectionReport, Some(inspection)) = (document.kind, inspection)
                && !document.number.is_empty()
                && compare(&document.number, &inspection.report_number) == Likeness::Different
            {
                add(Severity::Blocking, "ANOTHER_REPORT", format!("the attached report {} is not the current one on record, {}", document.number, inspection.report_number));
            }
        }
    }

    fn finish(mut self, vehicle: Option<&VehicleEvidence>) -> Reconciliation {
        self.differences.sort_by(|a, b| a.severity.cmp(&b.severity).then_with(|| a.field.cmp(&b.field)));
        self.faults.sort_by(|a, b| a.severity.cmp(&b.severity).then_with(|| a.code.cmp(&b.code)));
        // A field that blocks somewhere did not agree, whatever other papers say.
        let disputed: Vec<String> =
            self.differences.iter().filter(|difference| difference.severity != Severity::Note).map(|difference| difference.field.clone()).collect();
        let mut agreed: Vec<String> = self.agreed.iter().map(|field| (*field).to_owned()).filter(|field| !disputed.contains(field)).collect();
        agreed.sort();
        Reconciliation {
            differences: self.differences,
            agreed,
            faults: self.faults,
            vehicle_version: vehicle.map_or(0, |vehicle| vehicle.version),
            unreachable: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
