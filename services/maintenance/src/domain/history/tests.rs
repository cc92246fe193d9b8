//! What a reader is told of how far to lean on a history.

use std::sync::Arc;

use time::Duration;
use time::macros::{date, datetime};

use super::*;

const NOW: OffsetDateTime = datetime!(2026-03-02 04:00 UTC);

const LIVES: Lives = Lives {
    found: Duration::DAY,
    partial: Duration::HOUR,
    nothing: Duration::hours(6),
    refused: Duration::minutes(5),
    failed: Duration::SECOND,
    usable: Duration::days(30),
};

fn answer(source: &str, outcome: Outcome, records: Vec<Record>) -> Answer {
    Answer {
        id: Uuid::nil(),
        source: source.to_owned(),
        outcome,
        detail: String::new(),
        profile: String::new(),
        simulated: true,
        raw_sha256: String::new(),
        consent: "c".to_owned(),
        fetched_at: NOW,
        as_of: None,
        rows: records.len() as u32,
        unreadable: 0,
        retry_after: outcome.passes().then_some(30),
        records,
        changes: Changes::default(),
    }
}

fn told(answers: Vec<Answer>, at: OffsetDateTime) -> History {
    let used = answers
        .into_iter()
        .map(|answer| Used::new(Arc::new(answer), None, &LIVES, at));
    let vin = "LSVWY4180KN246094".parse().unwrap();
    assemble(&vin, used.collect(), &Known::default(), at, at.date())
}

fn visit(key: &str, day: Date, km: u32) -> Record {
    Record {
        key: key.to_owned(),
        list_number: key.to_owned(),
        shop: "甲".to_owned(),
        intake: Some(day),
        odometer: Some(tongguan_vocabulary::Odometer::km(km)),
        ..Record::default()
    }
}

fn visits() -> Vec<Record> {
    vec![
        visit("1", date!(2025 - 04 - 01), 10_000),
        visit("2", date!(2025 - 10 - 01), 20_000),
    ]
}

#[test]
fn completeness_says_what_keeps_it_from_one() {
    let whole = told(vec![answer("zhejiang", Outcome::Found, visits())], NOW);
    assert_eq!(whole.completeness, (1.0, vec![]));
    assert_eq!(
        whole.coverage,
        Some((date!(2025 - 04 - 01), date!(2025 - 10 - 01), 183))
    );

    let half = told(
        vec![
            answer("zhejiang", Outcome::Found, visits()),
            answer("hunan", Outcome::UpstreamDown, vec![]),
        ],
        NOW,
    );
    assert_eq!(half.outcome, Outcome::FoundPartial);
    assert_eq!(
        half.completeness,
        (
            0.5,
            vec!["source hunan gave no answer: UPSTREAM_DOWN".to_owned()]
        )
    );
    assert_eq!(half.retry_after, Some(30));

    let mut poor = visits();
    poor[1].odometer = None;
    poor[1].intake = Some(date!(2024 - 01 - 01));
    let mut partial = answer("zhejiang", Outcome::FoundPartial, poor);
    partial.unreadable = 2;
    let (score, reasons) = told(vec![partial], NOW).completeness;
    assert_eq!((score, reasons.len()), (0.6, 4), "{reasons:?}");

    let nothing = told(vec![answer("zhejiang", Outcome::NoRecord, vec![])], NOW);
    assert_eq!(nothing.outcome, Outcome::NoRecord);
    assert!(nothing.completeness.1[0].contains("does not mean that nothing was ever repaired"));
}

#[test]
fn an_answer_ages_from_fresh_to_stale_to_expired() {
    for (age, freshness, outcome) in [
        (Duration::hours(24), Freshness::Fresh, Outcome::Found),
        (Duration::hours(25), Freshness::Stale, Outcome::Found),
        (Duration::days(30), Freshness::Stale, Outcome::Found),
        (
            Duration::days(31),
            Freshness::Expired,
            Outcome::UpstreamDown,
        ),
    ] {
        let history = told(
            vec![answer("zhejiang", Outcome::Found, visits())],
            NOW + age,
        );
        assert_eq!(
            (history.freshness, history.outcome),
            (Some(freshness), outcome),
            "{age}"
        );
        assert_eq!(history.fetched_at, Some(NOW));
    }
    let nothing = told(
        vec![answer("zhejiang", Outcome::NoRecord, vec![])],
        NOW + Duration::hours(7),
    );
    assert_eq!(nothing.freshness, Some(Freshness::Stale));
}
