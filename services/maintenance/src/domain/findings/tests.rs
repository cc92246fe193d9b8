//! Each finding from the records it rests on, and what must not be found.

use time::macros::date;

use super::super::odometer::{Timeline, analyse};
use super::*;
use crate::domain::record::Job;

const TODAY: Date = date!(2026 - 03 - 02);

fn visit(key: &str, day: Date, km: u32, job: &str) -> Record {
    Record {
        key: key.to_owned(),
        identity: key.split('/').next().unwrap_or_default().to_owned(),
        intake: Some(day),
        odometer: Some(tongguan_vocabulary::Odometer::km(km)),
        shop: format!("shop {key}"),
        jobs: vec![Job {
            name: job.to_owned(),
            hours: None,
        }],
        ..Record::default()
    }
}

fn judged(records: &[Record]) -> Analysis {
    analyse(&Timeline {
        readings: records.iter().filter_map(Record::reading).collect(),
        first_registered: None,
        as_of: TODAY,
        commercial: false,
        imported: false,
        stale: false,
    })
}

fn found(records: &[Record], registered: Option<PartialDate>, answered: bool) -> Vec<Code> {
    let days: Vec<Date> = records.iter().filter_map(Record::day).collect();
    let gap = days
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).whole_days() as u32)
        .max();
    let changes = Changes::default();
    let list = findings(
        records,
        &judged(records),
        &changes,
        gap.unwrap_or(0),
        registered,
        TODAY,
        answered,
    );
    list.iter().map(|finding| finding.code).collect()
}

#[test]
fn words_of_a_repair_give_away_what_happened() {
    for (job, code) in [
        ("左前纵梁校正焊接", Code::StructuralRepair),
        ("泡水车全车线束清洗", Code::FloodRepair),
        ("更换安全气囊", Code::AirbagRepair),
        ("更换动力电池总成", Code::TractionBatteryReplaced),
        ("更换发动机总成", Code::EngineReplaced),
        ("更换仪表总成", Code::MeterReplaced),
        ("出租车年检", Code::CommercialUse),
    ] {
        let records = [
            visit("1", date!(2025 - 03 - 01), 20_000, "常规保养"),
            visit("2", date!(2025 - 09 - 01), 30_000, job),
        ];
        assert_eq!(found(&records, None, true), [code], "{job}");
        let mut aside = records;
        aside[1].standing = Standing::SetAside;
        assert_eq!(
            found(&aside, None, true),
            [Code::OtherCarRows],
            "another car's repair is not this one's: {job}"
        );
    }
}

#[test]
fn a_gap_counts_from_two_years_on() {
    let mut records = [
        visit("1", date!(2021 - 03 - 01), 20_000, "常规保养"),
        visit("2", date!(2023 - 03 - 02), 40_000, "常规保养"),
    ];
    assert_eq!(found(&records, None, true), []);
    records[1].intake = Some(date!(2023 - 03 - 03));
    assert_eq!(found(&records, None, true), [Code::HistoryGap]);
}

#[test]
fn a_registered_car_without_service_and_kilometres_looks_new() {
    let recent: Option<PartialDate> = Some(date!(2025 - 12 - 01).into());
    let old: Option<PartialDate> = Some(date!(2019 - 12 - 01).into());
    let delivery = [visit("1", date!(2025 - 12 - 02), 45, "新车交付检查")];
    let driven = [visit("1", date!(2026 - 02 - 02), 6_000, "钣金喷漆")];
    let serviced = [visit("1", date!(2026 - 02 - 02), 450, "首次保养")];
    let new = vec![Code::NewCarPattern];
    assert_eq!(found(&[], recent, true), new);
    assert_eq!(found(&delivery, recent, true), new);
    assert_eq!(found(&delivery, old, true), new);
    assert_eq!(found(&driven, recent, true), []);
    assert_eq!(found(&serviced, recent, true), []);
    assert_eq!(found(&[], old, true), [], "an old car just has no history");
    assert_eq!(found(&[], None, true), [], "nothing is known of its age");
    assert_eq!(
        found(&[], recent, false),
        [],
        "a source that was not heard says nothing"
    );
}

#[test]
fn only_a_full_answer_shows_that_a_record_vanished() {
    let day = date!(2025 - 03 - 01);
    let before = [
        visit("a/1", day, 20_000, "常规保养"),
        visit("b/1", day, 30_000, "常规保养"),
    ];
    let after = [visit("a/2", day, 15_000, "常规保养")];
    assert_eq!(changes(&before, &before, true), Changes::default());
    let full = changes(&before, &after, true);
    assert_eq!(
        (full.changed, full.vanished),
        (vec!["a/2".to_owned()], vec!["b/1".to_owned()])
    );
    assert_eq!(
        changes(&before, &after, false).vanished,
        Vec::<String>::new()
    );
}
