//! What is compared, and how much each difference matters.

use time::OffsetDateTime;
use time::macros::date;
use uuid::Uuid;

use super::*;
use crate::domain::case::{Declared, Exporter, ExporterKind, Trip};
use crate::domain::document::DocumentKind;
use crate::domain::document::{IssuerKind, Statements};
use crate::domain::evidence::Transfer;

const VIN: &str = "LSVWY4180KN246094";

fn case() -> Case {
    let exporter = Exporter {
        code: "91310000MA1FL0AB1X".into(),
        name: "上海某某汽车贸易有限公司".into(),
        kind: ExporterKind::Trading,
        filing_valid_until: None,
    };
    let trip = Trip {
        application_date: Some(date!(2026 - 03 - 02)),
        ..Trip::default()
    };
    Case::open(
        Uuid::nil(),
        VIN.parse().unwrap(),
        "KZ".parse().unwrap(),
        exporter,
        trip,
        Declared::new(),
        OffsetDateTime::UNIX_EPOCH,
    )
}

fn paper(kind: DocumentKind, statements: Statements) -> Document {
    Document {
        id: Uuid::from_u128(kind as u128 + 1),
        kind,
        code: kind.code().to_owned(),
        number: String::new(),
        issuer: String::new(),
        issuer_kind: IssuerKind::Unstated,
        issued: None,
        valid_until: None,
        sha256: "0".repeat(64),
        media_type: String::new(),
        size_bytes: 0,
        sealed: true,
        statements,
        attached_at: OffsetDateTime::UNIX_EPOCH,
        attached_by: "test".into(),
        replaced_by: None,
    }
}

fn vehicle() -> VehicleEvidence {
    VehicleEvidence {
        version: 3,
        brand: "比亚迪".into(),
        model: "BYD7152".into(),
        manufacturer: "比亚迪汽车有限公司".into(),
        engine_number: "E1".into(),
        colour: "A".into(),
        first_registered: "2021-03-15".parse().ok(),
        transfer: Some(Transfer {
            exporter: "91310000MA1FL0AB1X".into(),
            exporter_name: "上海某某汽车贸易有限公司".into(),
            date: "2026-02-20".parse().ok(),
            filing_valid_until: None,
        }),
        ..VehicleEvidence::default()
    }
}

fn told(statements: Statements) -> Vec<(String, Severity)> {
    let mut case = case();
    case.documents
        .push(paper(DocumentKind::Invoice, statements));
    let compared = reconcile(&case, Some(&vehicle()), None);
    compared
        .differences
        .into_iter()
        .map(|difference| (difference.field, difference.severity))
        .collect()
}

#[test]
fn each_field_has_its_weight() {
    let table: [(Statements, &str, Severity); 8] = [
        (
            Statements {
                owner_name: "王某某贸易行".into(),
                ..Statements::default()
            },
            "owner_name",
            Severity::Blocking,
        ),
        (
            Statements {
                vins: vec!["LBEHDAEB58Y038860".parse().unwrap()],
                ..Statements::default()
            },
            "vin",
            Severity::Blocking,
        ),
        (
            Statements {
                brand: "BYD".into(),
                ..Statements::default()
            },
            "brand",
            Severity::Warning,
        ),
        (
            Statements {
                brand: "吉利".into(),
                ..Statements::default()
            },
            "brand",
            Severity::Blocking,
        ),
        (
            Statements {
                model: "byd 7152".into(),
                ..Statements::default()
            },
            "model",
            Severity::Note,
        ),
        (
            Statements {
                first_registered: "2021-04".parse().ok(),
                ..Statements::default()
            },
            "first_registered",
            Severity::Blocking,
        ),
        (
            Statements {
                first_registered: "2021".parse().ok(),
                ..Statements::default()
            },
            "first_registered",
            Severity::Note,
        ),
        (
            Statements {
                destination: "RU".parse().ok(),
                ..Statements::default()
            },
            "destination",
            Severity::Blocking,
        ),
    ];
    for (statements, field, severity) in table {
        assert_eq!(told(statements), [(field.to_owned(), severity)]);
    }
    assert!(told(Statements::default()).is_empty());
}

#[test]
fn the_five_papers_are_always_asked_for() {
    let compared = reconcile(&case(), Some(&vehicle()), None);
    let missing: Vec<&str> = compared
        .faults
        .iter()
        .filter(|fault| fault.fault == "MISSING")
        .map(|fault| fault.code.as_str())
        .collect();
    assert_eq!(
        missing,
        [
            "exporter-declaration",
            "inspection-body-declaration",
            "inspection-report",
            "registration-certificate",
            "sales-contract"
        ]
    );
    assert!(!compared.consistent());
}

#[test]
fn a_contract_needs_after_sales_terms_and_a_translation() {
    let mut case = case();
    case.documents.push(paper(
        DocumentKind::Contract,
        Statements {
            language: "ru".into(),
            ..Statements::default()
        },
    ));
    let faults = reconcile(&case, None, None).faults;
    let told: Vec<&str> = faults
        .iter()
        .filter(|fault| fault.document.is_some())
        .map(|fault| fault.fault.as_str())
        .collect();
    assert_eq!(told, ["NO_AFTER_SALES_TERMS", "NO_CHINESE_TRANSLATION"]);
}

#[test]
fn a_paper_that_ended_or_was_replaced_does_not_count() {
    let mut case = case();
    let ended = Document {
        valid_until: Some(date!(2026 - 03 - 01)),
        ..paper(DocumentKind::InspectionReport, Statements::default())
    };
    case.documents.push(ended);
    assert!(
        reconcile(&case, None, None)
            .faults
            .iter()
            .any(|fault| fault.fault == "EXPIRED")
    );
    case.documents[0].replaced_by = Some(Uuid::from_u128(99));
    assert!(
        !reconcile(&case, None, None)
            .faults
            .iter()
            .any(|fault| fault.fault == "EXPIRED")
    );
}

#[test]
fn what_the_inspector_read_on_the_car_is_compared_too() {
    let inspection = InspectionEvidence {
        engine_number: "E2".into(),
        client: "91440300MA5DA1XX2P".into(),
        ..InspectionEvidence::default()
    };
    let compared = reconcile(&case(), Some(&vehicle()), Some(&inspection));
    assert!(compared.car_contradicts());
    assert!(
        compared
            .differences
            .iter()
            .any(|difference| difference.field == "exporter"
                && difference.severity == Severity::Blocking)
    );
}
