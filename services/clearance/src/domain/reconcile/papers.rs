//! Papers that are missing, ended, unsealed, or do not say what they must.

use super::run::Run;
use super::{Fault, Severity};
use crate::domain::case::Case;
use crate::domain::confirmation::{self, Fits};
use crate::domain::document::DocumentKind;
use crate::domain::evidence::{InspectionEvidence, VehicleEvidence};
use crate::domain::text::{Likeness, compare, is_foreign};

/// Papers needed whatever the destination (licence guides; No. 6 of 2024).
const ALWAYS: [DocumentKind; 5] = [
    DocumentKind::Contract,
    DocumentKind::RegistrationCertificate,
    DocumentKind::InspectionReport,
    DocumentKind::InspectionBodyDeclaration,
    DocumentKind::DestinationStandardDeclaration,
];

impl Run {
    pub(super) fn faults(
        &mut self,
        case: &Case,
        vehicle: Option<&VehicleEvidence>,
        inspection: Option<&InspectionEvidence>,
    ) {
        let on = case.application_date();
        for kind in ALWAYS {
            if case.document(kind).is_none() {
                self.faults.push(Fault {
                    code: kind.code().to_owned(),
                    fault: "MISSING".to_owned(),
                    message: format!(
                        "{} is needed for every licence application and is not attached",
                        kind.code()
                    ),
                    document: None,
                    severity: Severity::Blocking,
                });
            }
        }
        for document in case.counted() {
            if document.kind == DocumentKind::AfterSalesConfirmation {
                let manufacturer = vehicle
                    .map(|v| v.manufacturer.as_str())
                    .filter(|name| !name.is_empty());
                let fits = Fits {
                    vin: &case.vin,
                    destination: case.destination,
                    manufacturer,
                    on,
                };
                self.faults.extend(confirmation::faults(document, &fits));
                continue;
            }
            let mut add = |severity, fault: &str, message: String| {
                self.faults
                    .push(Fault::of(document, severity, fault, message));
            };
            if let (Some(last), Some(day)) = (document.valid_until, on)
                && day > last
            {
                add(
                    Severity::Blocking,
                    "EXPIRED",
                    format!(
                        "{} ended on {last}, before the application on {day}",
                        document.code
                    ),
                );
            }
            if let (Some(issued), Some(day)) = (document.issued, on)
                && issued > day
            {
                add(
                    Severity::Warning,
                    "DATED_AFTER_APPLICATION",
                    format!(
                        "{} is dated {issued}, after the application on {day}",
                        document.code
                    ),
                );
            }
            match document.kind {
                DocumentKind::Contract => {
                    if document.statements.after_sales_terms != Some(true) {
                        add(
                            Severity::Blocking,
                            "NO_AFTER_SALES_TERMS",
                            "the contract has no after-sales terms, or does not say so".to_owned(),
                        );
                    }
                    let language = document.statements.language.as_str();
                    if is_foreign(language)
                        && case.document(DocumentKind::ContractTranslation).is_none()
                    {
                        add(
                            Severity::Blocking,
                            "NO_CHINESE_TRANSLATION",
                            format!(
                                "a contract in {language:?} needs a Chinese translation, which prevails"
                            ),
                        );
                    }
                }
                DocumentKind::DestinationStandardDeclaration | DocumentKind::InspectionReport
                    if !document.sealed =>
                {
                    add(
                        Severity::Blocking,
                        "NOT_SEALED",
                        format!("{} bears no official seal", document.code),
                    );
                }
                _ => {}
            }
            if let (DocumentKind::InspectionReport, Some(inspection)) = (document.kind, inspection)
                && !document.number.is_empty()
                && compare(&document.number, &inspection.report_number) == Likeness::Different
            {
                add(
                    Severity::Blocking,
                    "ANOTHER_REPORT",
                    format!(
                        "the attached report {} is not the current one on record, {}",
                        document.number, inspection.report_number
                    ),
                );
            }
        }
    }
}
