//! Rows with the faults of the field.

use super::*;
use time::macros::date;

fn pairs(list: &[(&str, &str)]) -> Pairs {
    list.iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

#[test]
fn a_row_full_of_field_faults_is_kept_with_its_flaws_named() {
    let row = RawRow {
        basic: pairs(&[
            ("vin", "无"),
            ("plateNumber", "N/A"),
            ("companyname", "某某汽修"),
            ("repairdate", "20240310"),
            ("settledate", "20240301"),
            ("repairrmileate", "5.2万公里"),
            ("faultdescription", "常规维修"),
            ("costlistcode", "-"),
        ]),
        jobs: vec![pairs(&[
            ("repairproject", "更换机油"),
            ("workinghours", "380"),
        ])],
        parts: vec![pairs(&[
            ("partsname", &"长".repeat(50)),
            ("partsquantity", "0"),
            ("partscode", "无"),
        ])],
    };
    let record = Record::read("zhejiang", &row, date!(2026 - 03 - 02)).unwrap();
    for code in [
        "VIN_BLANK",
        "PLATE_BLANK",
        "LIST_NUMBER_BLANK",
        "SETTLED_BEFORE_INTAKE",
        "MILEAGE_IN_WAN_KM",
        "FAULT_FIXED_PHRASE",
        "HOURS_ARE_A_PRICE",
        "NAME_CUT_AT_50",
    ] {
        assert!(
            record.quality.iter().any(|known| known == code),
            "{code}: {:?}",
            record.quality
        );
    }
    assert_eq!(record.odometer, Some(Odometer::km(52_000)));
    assert_eq!(record.day(), Some(date!(2024 - 03 - 01)));
    assert_eq!(record.jobs[0].hours, None);
    assert_eq!(record.fault, "");
}

#[test]
fn a_changed_record_keeps_its_identity() {
    let mut row = RawRow {
        basic: pairs(&[
            ("vin", "X"),
            ("companyname", "甲"),
            ("costlistcode", "1"),
            ("repairmileage", "90000"),
        ]),
        ..RawRow::default()
    };
    let first = Record::read("a", &row, date!(2026 - 03 - 02)).unwrap();
    row.basic[3].1 = "60000".to_owned();
    let second = Record::read("a", &row, date!(2026 - 03 - 02)).unwrap();
    assert_eq!(first.identity, second.identity);
    assert_ne!(first.key, second.key);
}

#[test]
fn an_object_without_any_known_name_is_no_record() {
    let row = RawRow {
        basic: pairs(&[("weather", "晴")]),
        ..RawRow::default()
    };
    assert_eq!(Record::read("a", &row, date!(2026 - 03 - 02)), None);
}
