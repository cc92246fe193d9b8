//! Raw answers of every profile in `tests/golden`, and the records that are read from them.

use std::fs;
use std::path::PathBuf;

use time::macros::date;

use super::profile::{Refusal, by_name};
use super::read;
use crate::domain::record::{RawRow, Record};

fn golden(profile: &str, file: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    fs::read(folder.join(profile).join(file)).unwrap()
}

fn rendered(rows: &[RawRow]) -> String {
    let mut text = String::new();
    for row in rows {
        let Some(record) = Record::read("golden", row, date!(2026 - 03 - 02)) else {
            text.push_str("no record\n");
            continue;
        };
        let day =
            |day: Option<time::Date>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
        let km = record
            .odometer
            .map_or_else(|| "-".to_owned(), |odometer| odometer.to_string());
        let jobs: Vec<String> = record
            .jobs
            .iter()
            .map(|job| format!("{} {:?}", job.name, job.hours))
            .collect();
        let parts: Vec<String> = record
            .parts
            .iter()
            .map(|part| format!("{} {} {:?}", part.name, part.code, part.quantity))
            .collect();
        let line = [
            record.vin,
            record.plate,
            record.shop,
            record.list_number,
            day(record.intake),
            day(record.settled),
            km,
            record.fault,
            jobs.join(";"),
            parts.join(";"),
            if record.headquarters {
                "headquarters"
            } else {
                "shop"
            }
            .to_owned(),
            record.quality.join(","),
        ];
        text.push_str(&line.join(" | "));
        text.push('\n');
    }
    text
}

#[test]
fn every_profile_reads_its_golden_answer() {
    for name in [
        "lcippro_flat",
        "chengdu_transaction",
        "foshan_get",
        "im_station_signed",
    ] {
        let profile = by_name(name).unwrap();
        let page = profile
            .read_list(&read::json(&golden(name, "list.json")).unwrap())
            .unwrap();
        let told = format!(
            "total {:?}, unreadable {}, as of {:?}\n{}",
            page.total,
            page.unreadable,
            page.as_of,
            rendered(&page.rows)
        );
        let expected = String::from_utf8(golden(name, "expected.txt")).unwrap();
        assert_eq!(told, expected, "{name}");
    }
}

#[test]
fn the_portal_tells_ids_first_and_details_then() {
    let profile = by_name("shanghai_portal").unwrap();
    let page = profile
        .read_list(&read::json(&golden("shanghai_portal", "list.json")).unwrap())
        .unwrap();
    assert_eq!(
        (page.details, page.unreadable, page.total),
        (vec!["88123".to_owned()], 1, Some(1))
    );
    let detail = profile
        .read_detail(&read::json(&golden("shanghai_portal", "detail.json")).unwrap())
        .unwrap();
    let expected = String::from_utf8(golden("shanghai_portal", "expected.txt")).unwrap();
    assert_eq!(rendered(&[detail]), expected);
}

#[test]
fn success_of_one_operation_is_no_success_of_another() {
    let flat = by_name("lcippro_flat").unwrap();
    let written = serde_json::json!({"code": "1", "status": "新增成功", "items": [], "total": 0});
    assert_eq!(
        flat.read_list(&written),
        Err(Refusal::Senseless),
        "1 is success where records are written"
    );
    let read_side = serde_json::json!({"code": "0", "access_token": "x"});
    assert_eq!(
        flat.read_token(&read_side),
        Err(Refusal::Senseless),
        "0 is success where records are read"
    );
}
