//! The conformance suite of the store, on every database.

use time::Duration;
use tongguan_storage::{Database, Once, outbox};
use tongguan_testkit::{noon, on_every_database};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Draft, Entry, Happened, STREAM, Store};
use crate::domain::case::{Declared, Exporter, ExporterKind, Trip};
use crate::domain::{Case, Event, State};
use crate::error::Error;

on_every_database! { crate::migrations();
    a_case_round_trips,
    one_open_case_per_vin_and_tenant,
    each_change_is_one_audit_line_and_one_event,
    a_stale_epoch_changes_nothing,
    a_held_lease_is_not_claimed_and_an_ended_one_is,
    a_certificate_is_signed_once,
    the_log_has_no_gaps_and_takes_a_certificate_once,
    a_change_that_fails_leaves_nothing,
}

fn tenant() -> Tenant {
    "acme".parse().unwrap()
}

fn entry() -> Entry {
    Entry {
        tenant: tenant(),
        actor: "tester".into(),
        at: noon(),
    }
}

fn case(id: u128, vin: &str) -> Case {
    let exporter = Exporter {
        code: "91310000MA1FL0AB1X".into(),
        name: "某某".into(),
        kind: ExporterKind::Trading,
        filing_valid_until: None,
    };
    Case::open(
        Uuid::from_u128(id),
        vin.parse().unwrap(),
        "KZ".parse().unwrap(),
        exporter,
        Trip::default(),
        Declared::new(),
        noon(),
    )
}

fn once() -> Once {
    Once::new(&tenant(), "test", "", &[], noon())
}

const VIN: &str = "LSVWY4180KN246094";

fn submit(case: &mut Case) -> Result<Happened, Error> {
    case.take(Event::Submit)?;
    Ok(Happened::new("SUBMITTED"))
}

fn gather(case: &mut Case) -> Result<Happened, Error> {
    case.take(Event::GatherStarted)?;
    Ok(Happened::new("GATHERING"))
}

async fn submitted(store: &Store) -> Case {
    let case = store.open(&once(), &entry(), &case(1, VIN)).await.unwrap();
    store
        .change(&once(), &entry(), case.id, "", &submit)
        .await
        .unwrap()
}

async fn a_case_round_trips(db: Database) {
    let store = Store::new(db);
    let opened = store.open(&once(), &entry(), &case(1, VIN)).await.unwrap();
    assert_eq!(
        store.find(&tenant(), opened.id).await.unwrap(),
        Some(opened.clone())
    );
    assert_eq!(
        store.find_open(&tenant(), opened.vin).await.unwrap(),
        Some(opened.id)
    );
    assert_eq!(
        store
            .find(&"other".parse().unwrap(), opened.id)
            .await
            .unwrap(),
        None
    );
}

async fn one_open_case_per_vin_and_tenant(db: Database) {
    let store = Store::new(db);
    store.open(&once(), &entry(), &case(1, VIN)).await.unwrap();
    assert!(matches!(
        store.open(&once(), &entry(), &case(2, VIN)).await,
        Err(Error::CaseOpen { .. })
    ));
    let other = Entry {
        tenant: "other".parse().unwrap(),
        ..entry()
    };
    store.open(&once(), &other, &case(3, VIN)).await.unwrap();
}

async fn each_change_is_one_audit_line_and_one_event(db: Database) {
    let store = Store::new(db.clone());
    let case = submitted(&store).await;
    let events = outbox::after(&db, &tenant(), STREAM, 0, 10).await.unwrap();
    assert_eq!(
        events
            .iter()
            .map(|event| (event.seq, event.kind.as_str()))
            .collect::<Vec<_>>(),
        [(1, "OPENED"), (2, "SUBMITTED")]
    );
    let lines = store.stream(&tenant(), 0, 10).await.unwrap();
    assert_eq!(
        lines
            .iter()
            .map(|(_, line)| line.version)
            .collect::<Vec<_>>(),
        [1, 2]
    );
    assert_eq!((case.version, lines[1].1.state.as_str()), (2, "SUBMITTED"));
}

async fn a_stale_epoch_changes_nothing(db: Database) {
    let store = Store::new(db);
    let case = submitted(&store).await;
    let lease = Duration::seconds(30);
    let paused = store
        .claim_due("one", noon(), lease, 8)
        .await
        .unwrap()
        .remove(0);
    let later = noon() + Duration::seconds(31);
    let taken = store
        .claim_due("two", later, lease, 8)
        .await
        .unwrap()
        .remove(0);
    assert!(taken.epoch > paused.epoch);
    let refused = store.advance(&paused, &entry(), &gather).await;
    assert!(
        matches!(refused, Err(Error::LeaseLost { .. })),
        "{refused:?}"
    );
    assert_eq!(
        store.find(&tenant(), case.id).await.unwrap().unwrap().state,
        State::Submitted
    );
    store.advance(&taken, &entry(), &gather).await.unwrap();
}

async fn a_held_lease_is_not_claimed_and_an_ended_one_is(db: Database) {
    let store = Store::new(db);
    submitted(&store).await;
    let lease = Duration::seconds(30);
    let held = store.claim_due("one", noon(), lease, 8).await.unwrap();
    assert!(
        store
            .claim_due("two", noon(), lease, 8)
            .await
            .unwrap()
            .is_empty()
    );
    store.release(&held[0]).await.unwrap();
    assert_eq!(
        store
            .claim_due("two", noon(), lease, 8)
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn a_certificate_is_signed_once(db: Database) {
    let store = Store::new(db);
    let case = submitted(&store).await;
    let draft = Draft {
        id: Uuid::from_u128(77),
        case: case.id,
        status_index: store.next_status_index().await.unwrap(),
        to_be_signed: vec![1, 2, 3],
        signature: None,
        expires_at: noon() + Duration::DAY,
        record: serde_json::json!({ "of": "a test" }),
    };
    assert_eq!(
        store.prepare(&tenant(), &draft, noon()).await.unwrap(),
        draft
    );
    let rival = Draft {
        id: Uuid::from_u128(78),
        to_be_signed: vec![9],
        ..draft.clone()
    };
    assert_eq!(
        store.prepare(&tenant(), &rival, noon()).await.unwrap().id,
        draft.id
    );
    assert_eq!(
        store
            .sign_once(&tenant(), draft.id, &[7; 64])
            .await
            .unwrap(),
        [7; 64]
    );
    assert_eq!(
        store
            .sign_once(&tenant(), draft.id, &[8; 64])
            .await
            .unwrap(),
        [7; 64]
    );
    assert!(
        store
            .find_certificate(&tenant(), draft.id)
            .await
            .unwrap()
            .is_none()
    );
}

async fn the_log_has_no_gaps_and_takes_a_certificate_once(db: Database) {
    let store = Store::new(db);
    for (place, id) in [(0, 1), (1, 2), (0, 1), (2, 3)] {
        let index = store
            .append(&tenant(), Uuid::from_u128(id), &[id as u8], &[id as u8; 32])
            .await
            .unwrap();
        assert_eq!(index, place, "certificate {id}");
    }
    assert_eq!(
        store.leaves(1, 10).await.unwrap(),
        [vec![2; 32], vec![3; 32]]
    );
    assert_eq!(store.entries(0, 2).await.unwrap(), [vec![1], vec![2]]);
    assert_eq!(store.store_checkpoint(3, "first").await.unwrap(), "first");
    assert_eq!(store.store_checkpoint(3, "second").await.unwrap(), "first");
}

async fn a_change_that_fails_leaves_nothing(db: Database) {
    let store = Store::new(db.clone());
    let case = store.open(&once(), &entry(), &case(1, VIN)).await.unwrap();
    let refused = store.change(&once(), &entry(), case.id, "", &gather).await;
    assert!(matches!(refused, Err(Error::Illegal(_))));
    assert_eq!(store.find(&tenant(), case.id).await.unwrap(), Some(case));
    assert_eq!(
        outbox::after(&db, &tenant(), STREAM, 0, 10)
            .await
            .unwrap()
            .len(),
        1
    );
}
