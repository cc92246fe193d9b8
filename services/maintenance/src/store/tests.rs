//! The conformance suite of the store, on every database.

use time::macros::date;
use tongguan_testkit::noon;

use super::*;
use crate::domain::findings::Changes;
use crate::domain::history::Known;
use crate::domain::lookup::{Basis, Consent, Purpose};
use crate::domain::record::Record;

tongguan_testkit::on_every_database! { crate::migrations();
    the_newest_answer_round_trips,
    a_lookup_round_trips_and_is_found_by_its_question,
    only_one_worker_claims_a_lookup,
    a_stale_epoch_changes_nothing,
    old_answers_lose_their_raw_bytes_first,
}

const VIN: &str = "LSVWY4180KN246094";

fn tenant() -> Tenant {
    "acme".parse().unwrap()
}

fn vin() -> Vin {
    VIN.parse().unwrap()
}

fn answer(id: u128, at: OffsetDateTime) -> Answer {
    Answer {
        id: Uuid::from_u128(id),
        source: "zhejiang".to_owned(),
        outcome: Outcome::Found,
        detail: "told".to_owned(),
        profile: "lcippro_flat/1".to_owned(),
        simulated: true,
        raw_sha256: "00".repeat(32),
        consent: "c1".to_owned(),
        fetched_at: at,
        as_of: Some(date!(2026 - 03 - 01)),
        rows: 1,
        unreadable: 0,
        retry_after: None,
        records: vec![Record {
            key: format!("key {id}"),
            intake: Some(date!(2024 - 02 - 29)),
            ..Record::default()
        }],
        changes: Changes::default(),
    }
}

fn lookup(id: u128) -> Lookup {
    Lookup {
        id: Uuid::from_u128(id),
        ask: Ask {
            vin: vin(),
            consent: Consent {
                id: "c1".to_owned(),
                basis: Basis::Owner,
                given: "2026-02".parse().unwrap(),
                valid_until: None,
                document_sha256: String::new(),
            },
            purpose: Purpose::Sale,
            sources: vec!["zhejiang".to_owned()],
            wait_ms: None,
            max_age_s: None,
            known: Known::default(),
        },
        state: State::Running,
        outcome: None,
        failures: Vec::new(),
        attempts: 0,
        next_attempt_at: noon(),
        deadline_at: noon() + time::Duration::DAY,
        created_at: noon(),
        updated_at: noon(),
    }
}

fn once(key: &str) -> Once {
    Once::new(&tenant(), "StartLookup", key, b"body", noon())
}

async fn the_newest_answer_round_trips(db: Database) {
    let store = Store::new(db);
    let later = noon() + time::Duration::HOUR;
    for (id, at) in [(2, later), (1, noon())] {
        store
            .keep_answer(&tenant(), &vin(), &answer(id, at), Some(b"sealed"))
            .await
            .unwrap();
    }
    let found = store
        .find_answer(&tenant(), &vin(), "zhejiang")
        .await
        .unwrap();
    assert_eq!(found, Some(answer(2, later)));
    assert_eq!(
        store
            .find_answer(&"rival".parse().unwrap(), &vin(), "zhejiang")
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        store.find_answer(&tenant(), &vin(), "hunan").await.unwrap(),
        None
    );
}

async fn a_lookup_round_trips_and_is_found_by_its_question(db: Database) {
    let store = Store::new(db);
    let ids = |n| Uuid::from_u128(n);
    let first = store
        .start(&once("a"), &tenant(), &lookup(1), noon(), ids(91))
        .await
        .unwrap();
    let same = store
        .start(&once("b"), &tenant(), &lookup(2), noon(), ids(92))
        .await
        .unwrap();
    let replayed = store
        .start(&once("a"), &tenant(), &lookup(3), noon(), ids(93))
        .await
        .unwrap();
    assert_eq!([first.id, same.id, replayed.id], [ids(1); 3]);
    let found = store.find_lookup(&tenant(), ids(1)).await.unwrap().unwrap();
    assert_eq!(found.ask.consent, lookup(1).ask.consent);
    assert_eq!(
        (found.deadline_at, found.state),
        (lookup(1).deadline_at, State::Running)
    );
    assert!(
        store
            .find_lookup(&"rival".parse().unwrap(), ids(1))
            .await
            .unwrap()
            .is_none()
    );
    let events = outbox::after(&store.db, &tenant(), STREAM, 0, 10)
        .await
        .unwrap();
    assert_eq!(
        events
            .iter()
            .map(|event| event.kind.as_str())
            .collect::<Vec<_>>(),
        ["STARTED"]
    );
}

async fn only_one_worker_claims_a_lookup(db: Database) {
    let store = Store::new(db);
    store
        .start(
            &once("a"),
            &tenant(),
            &lookup(1),
            noon(),
            Uuid::from_u128(91),
        )
        .await
        .unwrap();
    let (now, until) = (noon(), noon() + time::Duration::minutes(2));
    assert_eq!(store.claim("one", now, until, 10).await.unwrap().len(), 1);
    assert_eq!(
        store.claim("two", now, until, 10).await.unwrap().len(),
        0,
        "the lease holds"
    );
    let later = until + time::Duration::SECOND;
    assert_eq!(
        store.claim("two", later, later, 10).await.unwrap().len(),
        1,
        "the lease ran out"
    );
}

async fn a_stale_epoch_changes_nothing(db: Database) {
    let store = Store::new(db);
    store
        .start(
            &once("a"),
            &tenant(),
            &lookup(1),
            noon(),
            Uuid::from_u128(91),
        )
        .await
        .unwrap();
    let claimed = store
        .claim("one", noon(), noon() + time::Duration::MINUTE, 1)
        .await
        .unwrap()
        .remove(0);
    store
        .cancel(&tenant(), Uuid::from_u128(1), noon(), Uuid::from_u128(92))
        .await
        .unwrap();
    let failures = vec![Answer {
        outcome: Outcome::UpstreamDown,
        ..answer(7, noon())
    }];
    let parked = claimed.lookup.clone().after_attempt(
        Outcome::UpstreamDown,
        &[Outcome::UpstreamDown],
        failures,
        time::Duration::SECOND,
        noon(),
    );
    assert!(
        !store
            .record_attempt(&claimed, &parked, Uuid::from_u128(93))
            .await
            .unwrap()
    );
    let found = store
        .find_lookup(&tenant(), Uuid::from_u128(1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.state, found.attempts), (State::Cancelled, 0));
    assert_eq!(store.parked("zhejiang").await.unwrap(), 0);
}

async fn old_answers_lose_their_raw_bytes_first(db: Database) {
    let store = Store::new(db);
    let days = time::Duration::days;
    store
        .keep_answer(
            &tenant(),
            &vin(),
            &answer(1, noon() - days(100)),
            Some(b"sealed"),
        )
        .await
        .unwrap();
    store
        .keep_answer(&tenant(), &vin(), &answer(2, noon()), Some(b"sealed"))
        .await
        .unwrap();
    store
        .start(
            &once("a"),
            &tenant(),
            &lookup(1),
            noon(),
            Uuid::from_u128(91),
        )
        .await
        .unwrap();
    let cancelled = Uuid::from_u128(1);
    let gone = |raw, answers, lookups| Erased {
        raw,
        answers,
        lookups,
    };
    let erase = async |answer_days| {
        let whole = noon() + days(1) - days(answer_days);
        store.erase_old(noon() - days(90), whole).await.unwrap()
    };
    assert_eq!(erase(400).await, gone(1, 0, 0));
    assert_eq!(erase(400).await, gone(0, 0, 0));
    assert_eq!(erase(50).await, gone(0, 1, 0));
    assert_eq!(erase(0).await, gone(0, 1, 0), "an open lookup stays");
    store
        .cancel(&tenant(), cancelled, noon(), Uuid::from_u128(92))
        .await
        .unwrap();
    assert_eq!(erase(0).await, gone(0, 0, 1));
}
