//! Documents, case and registry compared field by field, before anything is filed.
//!
//! Licence data must match the registration certificate (商贸函〔2025〕648号 一(二)); declaration,
//! licence and certificate must agree. What differs there blocks; what a person should look at warns.

mod papers;
mod run;
mod truth;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::case::Case;
use super::document::Document;
use super::evidence::{InspectionEvidence, VehicleEvidence};
use run::Run;
use truth::Truth;

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
        Self {
            code: document.code.clone(),
            fault: fault.to_owned(),
            message,
            document: Some(document.id),
            severity,
        }
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
        !self
            .differences
            .iter()
            .any(|difference| blocking(difference.severity))
            && !self.faults.iter().any(|fault| blocking(fault.severity))
    }

    /// Whether a document has a blocking fault.
    pub fn rejects(&self, document: Uuid) -> bool {
        self.faults
            .iter()
            .any(|fault| fault.document == Some(document) && fault.severity == Severity::Blocking)
    }

    /// Whether what was read on the car contradicts its certificate.
    pub fn car_contradicts(&self) -> bool {
        self.differences.iter().any(|difference| {
            difference.severity == Severity::Blocking
                && difference.actual_source == "INSPECTION"
                && difference.field == "engine_number"
        })
    }
}

/// Compares everything with everything.
pub fn reconcile(
    case: &Case,
    vehicle: Option<&VehicleEvidence>,
    inspection: Option<&InspectionEvidence>,
) -> Reconciliation {
    let mut run = Run::default();
    let truth = Truth::of(case, vehicle);
    for document in case.counted() {
        run.document(case, document, &truth);
    }
    if let Some(inspection) = inspection {
        run.text(
            "engine_number",
            Severity::Blocking,
            &truth.engine_number,
            ("INSPECTION", &inspection.engine_number, None),
        );
        run.text(
            "colour",
            Severity::Warning,
            &truth.colour,
            ("INSPECTION", &inspection.colour, None),
        );
        if !inspection.client.is_empty() {
            run.text(
                "exporter",
                Severity::Blocking,
                &("CASE", case.exporter.code.clone()),
                ("INSPECTION", &inspection.client, None),
            );
        }
    }
    if let Some(transfer) = vehicle.and_then(|vehicle| vehicle.transfer.as_ref()) {
        run.text(
            "exporter",
            Severity::Blocking,
            &("CASE", case.exporter.code.clone()),
            ("REGISTRY", &transfer.exporter, None),
        );
        run.text(
            "owner_name",
            Severity::Blocking,
            &("CASE", case.exporter.name.clone()),
            ("REGISTRY", &transfer.exporter_name, None),
        );
    }
    run.faults(case, vehicle, inspection);
    run.finish(vehicle)
}

#[cfg(test)]
mod tests;
