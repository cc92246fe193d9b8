//! Whole reports judged; the worked examples of the catalogue are in `examples`.

mod examples;

use proptest::prelude::*;
use time::macros::datetime;
use tongguan_vocabulary::Odometer;
use uuid::Uuid;

use super::*;
use crate::domain::catalogue::Catalogues;
use crate::domain::report::{Finding, Measurement};
use crate::domain::vehicle::{Category, Fuel, Powertrain};

fn catalogue() -> &'static Catalogue {
    static BUNDLED: std::sync::OnceLock<Catalogues> = std::sync::OnceLock::new();
    let bundled = BUNDLED.get_or_init(|| Catalogues::bundled().unwrap());
    bundled.version("").unwrap()
}

fn vehicle(category: Category) -> Vehicle {
    let trailer = category.is_trailer();
    Vehicle {
        vin: "LSVWY4180KN246094".parse().unwrap(),
        category,
        engine_number: if trailer {
            String::new()
        } else {
            "EA211-1".to_owned()
        },
        colour: "A".to_owned(),
        plate: String::new(),
        powertrain: if trailer {
            Powertrain::None
        } else {
            Powertrain::Ice
        },
        fuel: (!trailer).then_some(Fuel::Petrol),
        curb_mass_kg: None,
        gross_mass_kg: None,
        axles: 2,
        front_axles: u8::from(!trailer),
        headlamps: None,
        max_speed_kmh: None,
        odometer: (!trailer).then(|| Odometer::km(81_000)),
        battery_id: String::new(),
        chemistry: None,
        laden: false,
    }
}

fn report(vehicle: Vehicle) -> Report {
    Report {
        body: Uuid::nil(),
        report_number: "R-1".to_owned(),
        standard: if vehicle.category == Category::M1 {
            "WM/T 8-2022"
        } else {
            "WM/T 9-2022"
        }
        .to_owned(),
        date: "2026-02-27".parse().unwrap(),
        times: Some((
            datetime!(2026-02-27 1:00 UTC),
            datetime!(2026-02-27 1:30 UTC),
        )),
        inspector: "I-7".to_owned(),
        vehicle,
        measurements: Vec::new(),
        findings: Vec::new(),
        evidence: Vec::new(),
        claimed: None,
        reinspection_of: None,
        valid_until: None,
        client: String::new(),
    }
}

fn value(item: &str, position: &str, value: f64, unit: &str) -> Measurement {
    Measurement {
        item: item.to_owned(),
        position: position.to_owned(),
        value,
        unit: unit.to_owned(),
    }
}

/// A complete report whose every mandatory value passes.
fn good(category: Category) -> Report {
    let mut vehicle = vehicle(category);
    vehicle.curb_mass_kg = Some(1_400);
    vehicle.headlamps = Some(2);
    vehicle.max_speed_kmh = Some(170);
    let mut report = report(vehicle);
    for axle in ["axle1", "axle2"] {
        report
            .measurements
            .push(value("brake.axle_ratio", axle, 65.0, "%"));
        report
            .measurements
            .push(value("brake.imbalance", axle, 8.0, "%"));
        for side in ["left", "right"] {
            report
                .measurements
                .push(value("tyre.tread", &format!("{axle}.{side}"), 5.0, "mm"));
        }
    }
    if !category.is_trailer() {
        for side in ["left", "right"] {
            report
                .measurements
                .push(value("headlamp.high_beam", side, 22.0, "kcd"));
        }
    }
    for item in catalogue()
        .items
        .iter()
        .filter(|item| item.kind == Kind::Checked)
    {
        if item.is_for(&facts(&report.vehicle, false, None)) {
            report.findings.push(Finding {
                item: item.id.clone(),
                found: Found::Conforming,
                note: String::new(),
            });
        }
    }
    report
}

fn judged(report: &Report) -> Result<Assessment, Unfit> {
    let catalogue = catalogue();
    assess(
        catalogue,
        catalogue.standard(&report.standard).unwrap(),
        report,
    )
}

fn set(report: &mut Report, item: &str, position: &str, number: f64) {
    let found = report
        .measurements
        .iter_mut()
        .find(|m| m.item == item && m.position == position);
    found.unwrap().value = number;
}

#[test]
fn a_complete_report_passes_with_what_was_expected_as_warnings() {
    for category in [Category::M1, Category::N1, Category::N3, Category::O4] {
        let assessment = judged(&good(category)).unwrap();
        assert!(assessment.verdict.is_pass(), "{category}: {assessment:?}");
        assert_eq!(assessment.catalogue, "2026.11.1");
    }
}

#[test]
fn everything_missing_is_named_at_once() {
    let mut empty = report(vehicle(Category::M1));
    empty.vehicle.curb_mass_kg = Some(1_400);
    let unfit = judged(&empty).unwrap_err();
    let text = format!("{:?}", unfit.missing);
    for needed in [
        "identity.vin",
        "identity.engine_number",
        "brake.axle_ratio at axle2",
        "tyre.tread at axle1.left",
        "headlamp.high_beam at right",
    ] {
        assert!(text.contains(needed), "{needed} in {text}");
    }
    assert_eq!(unfit.wrong, []);
    assert!(unfit.missing.len() >= 12);
}

#[test]
fn every_wrong_value_is_named_at_once() {
    let mut bad = good(Category::M1);
    bad.measurements[0].unit = "kg".to_owned();
    bad.measurements[1].value = f64::NAN;
    bad.measurements[2].position = "axle9.left".to_owned();
    bad.measurements.push(value("brake.magic", "", 1.0, "%"));
    let again = bad.measurements[3].clone();
    bad.measurements.push(again);
    bad.findings.push(bad.findings[0].clone());
    let fields: Vec<_> = judged(&bad)
        .unwrap_err()
        .wrong
        .into_iter()
        .map(|wrong| wrong.field)
        .collect();
    let last = bad.measurements.len() - 1;
    assert_eq!(
        fields,
        [
            "measurements[0].unit".to_owned(),
            "measurements[1].value".to_owned(),
            "measurements[2].position".to_owned(),
            format!("measurements[{}].item", last - 1),
            format!("measurements[{last}].position"),
            format!("findings[{}].item", bad.findings.len() - 1),
        ]
    );
}

#[test]
fn the_rear_axle_of_a_light_truck_is_referred_between_both_readings() {
    for (ratio, expected) in [(55.0, true), (50.0, true), (49.9, false), (20.0, false)] {
        let mut truck = good(Category::N1);
        set(&mut truck, "brake.axle_ratio", "axle2", ratio);
        let verdict = judged(&truck).unwrap().verdict;
        assert_eq!(verdict.is_pass(), expected, "{ratio}");
        assert_ne!(verdict, Verdict::Failed, "{ratio}");
    }
    let mut truck = good(Category::N1);
    set(&mut truck, "brake.axle_ratio", "axle2", 19.0);
    assert_eq!(judged(&truck).unwrap().verdict, Verdict::Failed);
}

#[test]
fn limits_nobody_confirmed_only_warn() {
    let mut car = good(Category::M1);
    car.measurements
        .push(value("steering.side_slip", "", 9.0, "m/km"));
    car.measurements
        .push(value("emission.idle_co", "", 4.0, "%"));
    car.measurements
        .push(value("brake.parking_ratio", "", 1.0, "%"));
    assert_eq!(judged(&car).unwrap().verdict, Verdict::PassedWithWarnings);
}

#[test]
fn ratios_are_computed_from_forces_and_checked_against_them() {
    let mut car = good(Category::M1);
    car.measurements
        .retain(|m| !(m.item.starts_with("brake.") && m.position == "axle1"));
    for (item, number, unit) in [
        ("brake.force_left", 2.5, "kN"),
        ("brake.force_right", 240.0, "daN"),
        ("brake.difference", 20.0, "daN"),
        ("axle.load", 0.8, "t"),
    ] {
        car.measurements.push(value(item, "axle1", number, unit));
    }
    let assessment = judged(&car).unwrap();
    let ratio = assessment
        .items
        .iter()
        .find(|r| r.item == "brake.axle_ratio" && r.position == "axle1")
        .unwrap();
    assert!(ratio.derived && (ratio.value.unwrap() - 62.5).abs() < 1e-9);
    car.measurements
        .push(value("brake.axle_ratio", "axle1", 70.0, "%"));
    let wrong = judged(&car).unwrap_err().wrong;
    assert_eq!(wrong.len(), 1);
    assert!(wrong[0].description.contains("62.5"), "{wrong:?}");
}

#[test]
fn a_road_test_stands_in_for_the_bench() {
    let mut car = good(Category::M1);
    car.measurements.retain(|m| !m.item.starts_with("brake."));
    assert!(judged(&car).is_err());
    car.measurements.push(value("brake.mfdd", "", 6.4, "m/s2"));
    assert!(judged(&car).unwrap().verdict.is_pass());
}

#[test]
fn a_standard_is_not_used_for_other_vehicles() {
    let mut bus = good(Category::M3);
    bus.vehicle.curb_mass_kg = Some(9_000);
    bus.standard = "WM/T 8-2022".to_owned();
    assert_eq!(judged(&bus).unwrap_err().wrong[0].field, "standard");
}

#[test]
fn an_electric_car_records_its_state_of_health() {
    let mut car = good(Category::M1);
    car.vehicle.powertrain = Powertrain::Bev;
    car.vehicle.fuel = None;
    car.measurements
        .push(value("ev.state_of_health", "", 61.0, "%"));
    let assessment = judged(&car).unwrap();
    let health = assessment
        .items
        .iter()
        .find(|r| r.item == "ev.state_of_health")
        .unwrap();
    assert_eq!(
        (health.verdict, health.value),
        (ItemVerdict::Recorded, Some(61.0))
    );
    let emissions = assessment
        .items
        .iter()
        .filter(|r| r.item.starts_with("emission."));
    assert!(
        emissions
            .clone()
            .all(|r| r.verdict == ItemVerdict::NotApplicable),
        "{:?}",
        emissions.collect::<Vec<_>>()
    );
}

proptest! {
    #[test]
    fn a_better_brake_is_never_judged_worse(lower in 0.0..100.0_f64, more in 0.0..50.0_f64, truck in any::<bool>()) {
        let category = if truck { Category::N1 } else { Category::M1 };
        let (mut weak, mut strong) = (good(category), good(category));
        set(&mut weak, "brake.axle_ratio", "axle2", lower);
        set(&mut strong, "brake.axle_ratio", "axle2", lower + more);
        let verdict = |report: &Report| {
            let assessment = judged(report).unwrap();
            assessment.items.into_iter().find(|r| r.item == "brake.axle_ratio" && r.position == "axle2").unwrap().verdict
        };
        prop_assert!(verdict(&strong) <= verdict(&weak));
    }

    #[test]
    fn any_report_is_judged_or_refused_without_panic(
        item in "[a-z._]{0,20}", position in "[a-z0-9.]{0,12}", number in any::<f64>(), unit in "[a-zA-Z%/]{0,4}", axles in 1..=10_u8,
    ) {
        let mut odd = good(Category::M1);
        odd.vehicle.axles = axles;
        odd.measurements.push(value(&item, &position, number, &unit));
        odd.measurements.push(value("tyre.tread", &position, number, "mm"));
        let _ = judged(&odd);
    }

    #[test]
    fn the_order_of_values_changes_nothing(seed in any::<u64>()) {
        let report = good(Category::M1);
        let mut shuffled = report.clone();
        let length = shuffled.measurements.len();
        for index in 0..length {
            shuffled.measurements.swap(index, (seed as usize).wrapping_add(index * 7) % length);
        }
        prop_assert_eq!(judged(&report).unwrap(), judged(&shuffled).unwrap());
        prop_assert_eq!(report.fingerprint(), shuffled.fingerprint());
    }
}
