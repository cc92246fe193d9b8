//! Raw answers of every profile in `tests/golden`, and the records that are read from them.

use std::fs;
use std::path::PathBuf;

use time::macros::date;

use super::profile::{Profile, Refusal};
use super::read;
use crate::domain::record::{RawRow, Record};

fn by_name(name: &str) -> Option<Box<dyn Profile>> {
    super::profile::by_name(name, &super::provinces::Dialect::default())
}

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

/// A province that nobody ever heard of, of the common family but with paths, codes and names of its own: one row.
const NEW_ROW: &str = r#"{"provinces": [{
    "id": "penglai", "name": "Penglai", "name_zh": "蓬莱", "areas": ["99"], "plates": ["蓬"],
    "profile": "lcippro_flat", "plate_required": false,
    "dialect": {"token_path": "/open/token", "list_path": "/open/records", "list_success": "200", "items": "data", "total": "count"}
}]}"#;

#[tokio::test]
async fn a_province_is_added_by_one_row_of_the_table() {
    use super::http::{Reply, Wire};
    use super::profile::{Ask, Question};
    use futures::FutureExt;
    let province = super::provinces::rows(NEW_ROW).unwrap().remove(0);
    let script = |ask: &Ask| {
        let body = match (
            ask.path.as_ref(),
            ask.body.contains("\"access_token\":\"t1\""),
        ) {
            ("/open/token", _) => serde_json::json!({"code": "1", "accessToken": "t1"}),
            ("/open/records", true) => serde_json::json!({"code": 200, "count": 2, "data": [
                {"VIN": "LSVWY4180KN246094", "companyName": "甲", "repairMileage": "1.2万公里", "repairDate": "2024-03-10"},
                {"basicInfo": "{\"vin\":\"LSVWY4180KN246094\",\"repairmileage\":\"21000\"}"},
            ]}),
            other => panic!("nobody serves {other:?}"),
        };
        let reply = Reply {
            status: reqwest::StatusCode::OK,
            retry_after: None,
            bytes: body.to_string().into_bytes(),
        };
        futures::future::ready(Ok(reply)).boxed()
    };
    let upstream = super::Upstream::new(
        Box::leak(Box::new(province)),
        crate::config::SourceConfig::default(),
        Wire::Script(std::sync::Arc::new(script)),
        tongguan_vocabulary::World::fixed(tongguan_testkit::noon()),
    )
    .unwrap();
    let question = Question {
        vin: "LSVWY4180KN246094".parse().unwrap(),
        plate: "蓬A12345".to_owned(),
    };
    let fetched = upstream.ask(&question).await;
    assert_eq!(fetched.outcome, crate::domain::outcome::Outcome::Found);
    let km: Vec<_> = fetched
        .rows
        .iter()
        .map(|row| Record::read("penglai", row, date!(2026 - 03 - 02)).unwrap())
        .map(|record| record.odometer.unwrap().to_km())
        .collect();
    assert_eq!(km, [12_000, 21_000]);
}

#[test]
fn a_plate_travels_in_bodies_only() {
    use super::profile::{Question, Session};
    let question = Question {
        vin: "LSVWY4180KN246094".parse().unwrap(),
        plate: "浙A12345".to_owned(),
    };
    let session = Session {
        company: "330000000000001",
        secret: "s3cret",
        token: "t",
        now: tongguan_testkit::noon(),
        nonce: "n".to_owned(),
    };
    let mut in_bodies = 0;
    for name in super::profile::NAMES {
        let profile = by_name(name).unwrap();
        let asks = [
            profile.clock(),
            profile.token(&session),
            Some(profile.list(&question, &session, 1)),
            profile.detail("1", &session),
        ];
        for ask in asks.into_iter().flatten() {
            let outside = format!("{}{:?}{:?}", ask.path, ask.query, ask.headers);
            assert!(!outside.contains("A12345"), "{name}: {outside}");
            in_bodies += u32::from(ask.body.contains("浙A12345"));
        }
    }
    assert_eq!(in_bodies, 4, "every profile that has a body sends it there");
}
