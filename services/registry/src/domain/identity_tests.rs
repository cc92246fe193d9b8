//! What a vehicle is known by, and when two of it can not be one car.

use time::OffsetDateTime;
use time::macros::{date, datetime};

use super::super::change::Change;
use super::super::vehicle::Transfer;
use super::super::vehicle::tests::details;
use super::*;

const AT: OffsetDateTime = datetime!(2026-03-02 04:00 UTC);

fn vehicle() -> Vehicle {
    Vehicle::register(details(), AT).unwrap().0
}

fn mark(kind: MarkKind, value: &str) -> Mark {
    Mark {
        since: Some(date!(2026 - 01 - 10).into()),
        document: "变更登记 7".into(),
        ..undated(kind, value)
    }
}

fn identified(vehicle: &Vehicle, mark: Mark, replaces: &str) -> Result<Vehicle, Refusal> {
    let change = Change::Identify {
        mark,
        replaces: replaces.into(),
    };
    vehicle.apply(&change, AT).map(|(after, _)| after)
}

fn codes(vehicle: &Vehicle) -> Vec<&'static str> {
    vehicle.identity_notices().iter().map(|n| n.code).collect()
}

#[test]
fn a_replaced_engine_ends_the_old_number_and_raises_no_alarm() {
    let after = identified(&vehicle(), mark(MarkKind::Engine, "NEW1"), "CLS123456").unwrap();
    assert_eq!(after.details.engine_number, "NEW1");
    assert_eq!(codes(&after), Vec::<&str>::new());
    let engines: Vec<_> = after
        .identities()
        .into_iter()
        .filter(|mark| mark.kind == MarkKind::Engine)
        .map(|mark| (mark.value, mark.until.is_none()))
        .collect();
    assert_eq!(
        engines,
        [("CLS123456".to_owned(), false), ("NEW1".to_owned(), true)]
    );
}

#[test]
fn two_living_engine_numbers_are_an_alarm_until_one_is_ended() {
    let both = identified(&vehicle(), mark(MarkKind::Engine, "OTHER"), "").unwrap();
    assert_eq!(both.details.engine_number, "CLS123456");
    assert_eq!(codes(&both), ["VIN_TWO_IDENTITIES"]);
    let solved = identified(&both, mark(MarkKind::Engine, "CLS123456"), "OTHER").unwrap();
    assert_eq!(codes(&solved), Vec::<&str>::new());
    let other_way = identified(&both, mark(MarkKind::Engine, "OTHER"), "CLS123456").unwrap();
    assert_eq!(other_way.details.engine_number, "OTHER");
    assert_eq!(codes(&other_way), Vec::<&str>::new());
}

#[test]
fn what_is_replaced_must_be_living() {
    let refused = identified(&vehicle(), mark(MarkKind::Battery, "B2"), "B1");
    assert_eq!(
        refused,
        Err(Refusal::IdentityNotLiving {
            kind: MarkKind::Battery
        })
    );
}

#[test]
fn a_vin_stamped_anew_is_told_and_a_second_number_beside_it_is_an_alarm() {
    let own = "LSVWY4180KN246094";
    let restamped = identified(&vehicle(), mark(MarkKind::StampedVin, own), own).unwrap();
    assert_eq!(codes(&restamped), ["VIN_STAMPED_ANEW"]);
    let renumbered = mark(MarkKind::StampedVin, "LBEHDAEB58Y038860");
    let replaced = identified(&vehicle(), renumbered.clone(), own).unwrap();
    assert_eq!(codes(&replaced), ["VIN_STAMPED_ANEW"]);
    let beside = identified(&vehicle(), renumbered, "").unwrap();
    assert_eq!(codes(&beside), ["VIN_TWO_IDENTITIES", "VIN_STAMPED_ANEW"]);
}

#[test]
fn an_amendment_keeps_the_plate_it_replaced() {
    let amend = Change::Amend {
        details: Box::new(Details {
            plate: "沪B00001".into(),
            ..details()
        }),
        fields: vec!["plate".into()],
    };
    let (after, _) = vehicle().apply(&amend, AT).unwrap();
    let plates: Vec<_> = after
        .identities()
        .into_iter()
        .filter(|mark| mark.kind == MarkKind::Plate)
        .map(|mark| (mark.value, mark.since, mark.until))
        .collect();
    let day = Some(date!(2026 - 03 - 02).into());
    assert_eq!(
        plates,
        [
            ("沪A12345".to_owned(), None, day),
            ("沪B00001".to_owned(), day, None)
        ]
    );
}

#[test]
fn a_plate_ends_with_the_transfer_and_none_follows_it() {
    let transfer = Transfer {
        exporter: "91310000MA1FL0AB1X".into(),
        exporter_name: "上海某某汽车贸易有限公司".into(),
        date: date!(2026 - 02 - 20),
        temporary_plate_until: None,
        filing_valid_until: date!(2026 - 12 - 31),
    };
    let (pending, _) = vehicle()
        .apply(&Change::TransferPendingExport(transfer), AT)
        .unwrap();
    let plate = &pending.marks[0];
    assert_eq!(plate.until, Some(date!(2026 - 02 - 20).into()));
    assert_eq!(codes(&pending), Vec::<&str>::new());
    let refused = identified(&pending, mark(MarkKind::Plate, "沪C00001"), "");
    assert!(matches!(refused, Err(Refusal::TransferPending { .. })));
    let amend = Change::Amend {
        details: Box::new(details()),
        fields: vec!["plate".into()],
    };
    assert!(matches!(
        pending.apply(&amend, AT),
        Err(Refusal::TransferPending { .. })
    ));
    // A second registration with a living plate can not be this car.
    let second = pending.contradicted_by(&details(), date!(2026 - 03 - 02));
    assert_eq!(second.len(), 1);
    let (alarmed, _) = pending
        .apply(&Change::Contradict { marks: second }, AT)
        .unwrap();
    assert_eq!(codes(&alarmed), ["VIN_TWO_IDENTITIES"]);
}

#[test]
fn a_second_registration_contradicts_by_what_it_shows_and_only_while_the_first_lives() {
    let day = date!(2026 - 03 - 02);
    assert_eq!(vehicle().contradicted_by(&details(), day), []);
    let silent = Details {
        engine_number: String::new(),
        plate: String::new(),
        ..details()
    };
    assert_eq!(vehicle().contradicted_by(&silent, day), []);
    let twin = Details {
        engine_number: "TWIN".into(),
        ..details()
    };
    let marks = vehicle().contradicted_by(&twin, day);
    assert_eq!(
        (marks[0].kind, marks[0].value.as_str()),
        (MarkKind::Engine, "TWIN")
    );
    let (alarmed, _) = vehicle().apply(&Change::Contradict { marks }, AT).unwrap();
    assert_eq!(codes(&alarmed), ["VIN_TWO_IDENTITIES"]);
    assert_eq!(alarmed.contradicted_by(&twin, day), [], "told once");
    let gone = Change::Deregister {
        date: day,
        reason: "EXPORTED".into(),
    };
    let (gone, _) = vehicle().apply(&gone, AT).unwrap();
    assert_eq!((codes(&gone), gone.details.plate.as_str()), (vec![], ""));
    assert_eq!(gone.contradicted_by(&twin, day), []);
}
