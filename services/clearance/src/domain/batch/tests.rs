//! Batches: their size, their one commodity code, their letters, and the life of a licence.

use time::OffsetDateTime;
use time::macros::date;

use super::*;
use crate::domain::case::{Declared, Exporter, ExporterKind, Trip, VehicleNote};
use crate::domain::document::{Document, IssuerKind, Statements};

const VINS: [&str; 2] = ["LSVWY4180KN246094", "LBEHDAEB58Y038860"];

fn batch(declared_quantity: u32) -> Batch {
    Batch {
        id: Uuid::from_u128(900),
        state: BatchState::Open,
        exporter: "E".into(),
        commodity_code: "8703234110".into(),
        destination: "KZ".parse().unwrap(),
        declared_quantity,
        lines: Vec::new(),
        licence: None,
        cancelled_because: String::new(),
        version: 0,
        created_at: OffsetDateTime::UNIX_EPOCH,
        updated_at: OffsetDateTime::UNIX_EPOCH,
    }
}

fn ready(id: u128, manufacturer: &str, letter: &str) -> Case {
    let exporter = Exporter {
        code: "E".into(),
        name: "某某".into(),
        kind: ExporterKind::Trading,
        filing_valid_until: None,
    };
    let trip = Trip {
        commodity_code: "8703234110".into(),
        ..Trip::default()
    };
    let vin = VINS[id as usize % 2].parse().unwrap();
    let mut case = Case::open(
        Uuid::from_u128(id),
        vin,
        "KZ".parse().unwrap(),
        exporter,
        trip,
        Declared::new(),
        OffsetDateTime::UNIX_EPOCH,
    );
    case.state = State::Ready;
    case.vehicle = Some(VehicleNote {
        brand: "B".into(),
        model: "M".into(),
        manufacturer: manufacturer.into(),
        colour: "A".into(),
        category: "M1".into(),
        powertrain: "BEV".into(),
        model_year: None,
        first_registered: "2025-12-01".parse().ok(),
        transfer_pending_export: "2026-02-20".parse().ok(),
        engine_number: String::new(),
        battery_id: String::new(),
        photograph: String::new(),
    });
    if !letter.is_empty() {
        case.documents.push(Document {
            id: Uuid::from_u128(id + 500),
            kind: DocumentKind::AfterSalesConfirmation,
            code: "after-sales-confirmation".into(),
            number: String::new(),
            issuer: manufacturer.into(),
            issuer_kind: IssuerKind::Manufacturer,
            issued: None,
            valid_until: None,
            sha256: letter.into(),
            media_type: String::new(),
            size_bytes: 1,
            sealed: true,
            statements: Statements::default(),
            attached_at: OffsetDateTime::UNIX_EPOCH,
            attached_by: String::new(),
            replaced_by: None,
        });
    }
    case
}

#[test]
fn at_most_twenty_vehicles_and_not_more_than_declared() {
    let cases: Vec<Case> = (0..21).map(|id| ready(id, "M", "")).collect();
    assert!(batch(20).add(&cases[..20]).is_ok());
    let wrong = batch(21).add(&cases).unwrap_err();
    assert!(wrong[0].contains("at most 20"), "{wrong:?}");
    let wrong = batch(2).add(&cases[..3]).unwrap_err();
    assert!(wrong[0].contains("at most 2 "), "{wrong:?}");
}

#[test]
fn one_commodity_code_one_exporter_one_destination_and_only_what_is_ready() {
    type Change = fn(&mut Case);
    let table: [(Change, &str); 6] = [
        (
            |c| c.trip.commodity_code = "8703234190".into(),
            "commodity code",
        ),
        (|c| c.exporter.code = "X".into(), "another exporter"),
        (|c| c.destination = "RU".parse().unwrap(), "goes to RU"),
        (|c| c.state = State::NeedsInformation, "not READY"),
        (|c| c.batch = Some(Uuid::from_u128(1)), "is in batch"),
        (
            |c| c.vehicle.as_mut().unwrap().first_registered = "2025-12".parse().ok(),
            "licence schedule",
        ),
    ];
    for (change, part) in table {
        let mut case = ready(1, "M", "");
        change(&mut case);
        let wrong = batch(1).add(&[case]).unwrap_err();
        assert!(
            wrong.len() == 1 && wrong[0].contains(part),
            "{part}: {wrong:?}"
        );
    }
}

#[test]
fn letters_are_one_a_manufacturer() {
    let good = [
        ready(1, "M", "aa"),
        ready(2, "M", "aa"),
        ready(3, "N", "bb"),
    ];
    let mut both = batch(3);
    both.add(&good).unwrap();
    assert_eq!(both.lines[2].letter, "bb");
    let shared = batch(2).add(&[ready(1, "M", "aa"), ready(2, "N", "aa")]);
    assert!(shared.unwrap_err()[0].contains("another manufacturer"));
    let mut open = batch(2);
    open.add(&[ready(1, "M", "aa")]).unwrap();
    let second = open.add(&[ready(2, "M", "cc")]).unwrap_err();
    assert!(second[0].contains("a second confirmation"), "{second:?}");
    assert_eq!(open.lines.len(), 1, "all or none");
}

#[test]
fn the_quantity_of_the_licence_is_the_declared_one_and_it_never_ends_too_late() {
    let mut full = batch(2);
    full.add(&[ready(1, "M", "")]).unwrap();
    assert!(full.incomplete().unwrap().contains("declares 2"));
    full.add(&[ready(2, "M", "")]).unwrap();
    assert_eq!(full.incomplete(), None);
    let licence = RecordedLicence {
        number: "26-AB-1".into(),
        issuer: "某某".into(),
        issued: date!(2026 - 08 - 31),
        valid_until: date!(2026 - 12 - 31),
        quantity: 2,
        simulated: true,
    };
    let today = date!(2026 - 09 - 01);
    assert!(full.objections(&licence, today).is_empty());
    let late = RecordedLicence {
        quantity: 1,
        issued: date!(2026 - 09 - 02),
        valid_until: date!(2027 - 01 - 01),
        ..licence
    };
    assert_eq!(full.objections(&late, today).len(), 3);
}

#[test]
fn a_licence_holds_six_months_and_never_past_the_year() {
    assert_eq!(
        longest_validity(date!(2026 - 03 - 15)),
        date!(2026 - 09 - 15)
    );
    assert_eq!(
        longest_validity(date!(2026 - 08 - 31)),
        date!(2026 - 12 - 31)
    );
    assert_eq!(
        longest_validity(date!(2026 - 06 - 30)),
        date!(2026 - 12 - 30)
    );
    assert_eq!(
        longest_validity(date!(2026 - 12 - 31)),
        date!(2026 - 12 - 31)
    );
}
