//! What the papers of a case establish: which are good, and what they prove.

use serde_json::{Value, json};
use tongguan_vocabulary::PartialDate;

use super::Facts;
use crate::domain::case::Case;
use crate::domain::document::{Document, DocumentKind};
use crate::domain::evidence::VehicleEvidence;
use crate::domain::reconcile::Reconciliation;
use crate::domain::text::is_foreign;

pub(super) fn read(
    facts: &mut Facts,
    case: &Case,
    vehicle: Option<&VehicleEvidence>,
    reconciliation: &Reconciliation,
) {
    let on = case.application_date();
    let good = |document: &&Document| {
        !reconciliation.rejects(document.id) && on.is_none_or(|day| document.valid_on(day))
    };
    let mut listed: Vec<&Document> = case.counted().filter(good).collect();
    listed.sort_by(|a, b| a.code.cmp(&b.code));
    listed.dedup_by(|a, b| a.code == b.code);
    let mut listed: Vec<Value> = listed
        .into_iter()
        .map(|document| {
            let mut object = serde_json::Map::new();
            object.insert("code".to_owned(), json!(document.code));
            let dates = [
                ("issued", document.issued),
                ("expires", document.valid_until),
            ];
            object.extend(
                dates
                    .into_iter()
                    .filter_map(|(key, date)| Some((key.to_owned(), json!(date?.to_string())))),
            );
            Value::Object(object)
        })
        .collect();
    if let Some(day) = on {
        // The filed case is the licence application form: its fields are the form's.
        listed.push(json!({ "code": "licence-application", "issued": day.to_string() }));
    }
    if case
        .document(DocumentKind::Contract)
        .is_some_and(|contract| is_foreign(&contract.statements.language))
    {
        listed.push(json!({ "code": "foreign-contract" }));
    }
    facts.set("documents", listed);
    facts.set("case.reconciled", reconciliation.consistent());
    let exact = |date: Option<PartialDate>| date.is_some_and(|date| date.exact().is_some());
    if let Some(vehicle) = vehicle {
        let transfer = vehicle.transfer.as_ref().and_then(|transfer| transfer.date);
        let named = !vehicle.brand.is_empty() && !vehicle.model.is_empty();
        facts.set(
            "case.schedule_complete",
            named && exact(vehicle.first_registered) && exact(transfer),
        );
    }
    let has = |kind| case.document(kind).as_ref().is_some_and(good);
    // Not attached is not known, and not "incomplete", which would prohibit.
    facts.maybe(
        "registry.certificates_complete",
        has(DocumentKind::RegistrationCertificate).then_some(true),
    );
    facts.set(
        "inspection.body_declared",
        has(DocumentKind::InspectionBodyDeclaration),
    );
    facts.set(
        "registry.modification_proved",
        has(DocumentKind::ModificationProof),
    );
    if let Some(letter) = case.document(DocumentKind::AfterSalesConfirmation) {
        let free_of = |codes: &[&str]| {
            !reconciliation.faults.iter().any(|fault| {
                fault.document == Some(letter.id) && codes.contains(&fault.fault.as_str())
            })
        };
        facts.set(
            "case.letter_names_vin",
            free_of(&[
                "VIN_NOT_LISTED",
                "DESTINATION_MISSING",
                "DESTINATION_DIFFERS",
            ]),
        );
        let issuer = [
            "ISSUER_IS_SUBSIDIARY",
            "ISSUER_IS_DEALER",
            "ISSUER_IS_MODIFIER",
            "ISSUER_IS_NOT_MANUFACTURER",
            "ISSUER_NAME_DIFFERS",
            "NOT_SEALED",
        ];
        // An issuer that nobody could compare with the Announcement is not known to be the manufacturer.
        let compared = free_of(&["ISSUER_NOT_COMPARED"]);
        let by_manufacturer = free_of(&issuer);
        facts.maybe(
            "case.letter_by_manufacturer",
            (compared || !by_manufacturer).then_some(by_manufacturer),
        );
    }
}
