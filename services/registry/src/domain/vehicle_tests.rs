//! What can and can not happen to a vehicle.

use super::super::change::*;
use super::*;
use time::macros::{date, datetime};

const AT: OffsetDateTime = datetime!(2026-03-02 04:00 UTC);

pub(crate) fn details() -> Details {
    Details {
        vin: "LSVWY4180KN246094".parse().unwrap(),
        brand: "大众".into(),
        model: "SVW71811".into(),
        manufacturer: "上汽大众汽车有限公司".into(),
        category: "M1".into(),
        vehicle_type: "K33".into(),
        use_nature: "A".into(),
        colour: "A".into(),
        powertrain: "ICE".into(),
        fuel: "PETROL".into(),
        steering: "LEFT".into(),
        engine_number: "CLS123456".into(),
        battery_id: String::new(),
        engine_cc: Some(1_798),
        power_kw: Some(118.0),
        gross_mass_kg: Some(1_900),
        curb_mass_kg: Some(1_450),
        seats: Some(5),
        emission_stage: "china.5".into(),
        manufactured: Some("2019-05".parse().unwrap()),
        model_year: Some(2_019),
        first_registered: "2019-08-15".parse().unwrap(),
        imported: false,
        modified: false,
        certificate_number: "310012345678".into(),
        plate: "沪A12345".into(),
    }
}

fn vehicle() -> Vehicle {
    Vehicle::register(details(), AT).unwrap().0
}

fn transfer() -> Transfer {
    Transfer {
        exporter: "91310000MA1FL0AB1X".into(),
        exporter_name: "上海某某汽车贸易有限公司".into(),
        date: date!(2026 - 02 - 20),
        temporary_plate_until: Some(date!(2026 - 04 - 21)),
        filing_valid_until: date!(2026 - 12 - 31),
    }
}

fn reading(km: u32, day: Date) -> Change {
    Change::Odometer {
        reading: Reading {
            odometer: Odometer::km(km),
            date: day,
            source: ReadingSource::Inspection,
            document: String::new(),
        },
        lower_because: String::new(),
    }
}

#[test]
fn a_transfer_pending_export_hands_in_the_plates_and_happens_once() {
    let (pending, _) = vehicle()
        .apply(&Change::TransferPendingExport(transfer()), AT)
        .unwrap();
    assert_eq!(pending.state, State::TransferPendingExport);
    assert_eq!(pending.details.plate, "");
    let again = pending.apply(&Change::TransferPendingExport(transfer()), AT);
    assert_eq!(
        again,
        Err(Refusal::TransferPending {
            since: date!(2026 - 02 - 20)
        })
    );
}

#[test]
fn an_exporter_whose_filing_ended_receives_no_car() {
    let late = Transfer {
        filing_valid_until: date!(2026 - 02 - 19),
        ..transfer()
    };
    assert!(matches!(
        vehicle().apply(&Change::TransferPendingExport(late), AT),
        Err(Refusal::FilingEnded { .. })
    ));
    let last_day = Transfer {
        filing_valid_until: date!(2026 - 02 - 20),
        ..transfer()
    };
    assert!(
        vehicle()
            .apply(&Change::TransferPendingExport(last_day), AT)
            .is_ok()
    );
}

#[test]
fn a_temporary_plate_ends_after_sixty_days() {
    let day_61 = Transfer {
        temporary_plate_until: Some(date!(2026 - 04 - 22)),
        ..transfer()
    };
    assert!(matches!(
        vehicle().apply(&Change::TransferPendingExport(day_61), AT),
        Err(Refusal::PlateTooLong { .. })
    ));
}

#[test]
fn an_odometer_never_goes_back_without_a_reason() {
    let (read, _) = vehicle()
        .apply(&reading(50_000, date!(2025 - 01 - 10)), AT)
        .unwrap();
    assert!(matches!(
        read.apply(&reading(49_999, date!(2025 - 06 - 01)), AT),
        Err(Refusal::OdometerWentBack { .. })
    ));
    let (earlier, _) = read
        .apply(&reading(20_000, date!(2023 - 01 - 01)), AT)
        .unwrap();
    assert_eq!(earlier.readings[0].odometer, Odometer::km(20_000));
    let replaced = Change::Odometer {
        reading: Reading {
            odometer: Odometer::km(12),
            date: date!(2025 - 06 - 01),
            source: ReadingSource::Declared,
            document: "WO-1".into(),
        },
        lower_because: "meter replaced".into(),
    };
    assert_eq!(earlier.apply(&replaced, AT).unwrap().0.readings.len(), 3);
}

#[test]
fn an_encumbrance_is_lifted_once_and_stays_in_the_history() {
    let burden = Encumbrance {
        id: Uuid::from_u128(7),
        kind: EncumbranceKind::Mortgage,
        legal_basis: "DY-2024-001".into(),
        holder: "某银行股份有限公司".into(),
        since: "2024-01".parse().unwrap(),
        lifted: None,
    };
    let (burdened, _) = vehicle()
        .apply(&Change::Encumber(burden.clone()), AT)
        .unwrap();
    let lift = Change::Lift {
        id: burden.id,
        date: date!(2026 - 01 - 05),
    };
    let (free, _) = burdened.apply(&lift, AT).unwrap();
    assert_eq!(free.encumbrances[0].lifted, Some(date!(2026 - 01 - 05)));
    assert!(matches!(free.apply(&lift, AT), Err(Refusal::Lifted { .. })));
}

#[test]
fn a_deregistered_vehicle_takes_no_more_changes() {
    let gone = Change::Deregister {
        date: date!(2026 - 03 - 01),
        reason: "EXPORTED".into(),
    };
    let (gone, _) = vehicle().apply(&gone, AT).unwrap();
    assert_eq!(
        gone.apply(&reading(1, date!(2026 - 03 - 02)), AT),
        Err(Refusal::Deregistered)
    );
}

#[test]
fn three_wheelers_and_low_speed_trucks_are_no_used_cars() {
    for code in ["N11", "H51", "H5B"] {
        let refused = Vehicle::register(
            Details {
                vehicle_type: code.into(),
                ..details()
            },
            AT,
        );
        assert_eq!(refused, Err(Refusal::NotAUsedCar { code: code.into() }));
    }
}
