//! The conformance suite of the store, on every database.

mod issuing;

use sqlx::types::Json;
use time::Duration;
use tongguan_storage::{Database, Once, execute, on, outbox};
use tongguan_testkit::{noon, on_every_database};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Entry, Happened, STREAM, Store};
use crate::domain::case::{Declared, Exporter, ExporterKind, Trip};
use crate::domain::document::{DocumentKind, IssuerKind, Statements};
use crate::domain::{Case, Document, Event, State};
use crate::error::Error;

on_every_database! { crate::migrations();
    a_case_round_trips,
    one_open_case_per_vin_and_tenant,
    each_change_is_one_audit_line_and_one_event,
    a_stale_epoch_changes_nothing,
    a_held_lease_is_not_claimed_and_an_ended_one_is,
    a_case_that_holds_papers_and_decision_itself_is_moved_when_it_is_written,
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

async fn a_case_that_holds_papers_and_decision_itself_is_moved_when_it_is_written(db: Database) {
    let store = Store::new(db.clone());
    let opened = store.open(&once(), &entry(), &case(1, VIN)).await.unwrap();
    let old = Case {
        documents: vec![paper(5), paper(6)],
        ..opened.clone()
    };
    const WRITE: &str = "update cases set body = $1 where id = $2";
    execute!(&db, |pool| sqlx::query(WRITE)
        .bind(Json(&old))
        .bind(old.id)
        .execute(pool))
    .unwrap();
    assert_eq!(
        store.find(&tenant(), old.id).await.unwrap(),
        Some(old.clone())
    );
    let filed = store
        .change(&once(), &entry(), old.id, "", &submit)
        .await
        .unwrap();
    assert_eq!(filed.documents, old.documents);
    assert_eq!(
        store.find(&tenant(), old.id).await.unwrap(),
        Some(filed.clone())
    );
    let bodies: Vec<Json<Case>> = on!(&db, |pool| sqlx::query_scalar("select body from cases")
        .fetch_all(pool)
        .await)
    .unwrap();
    assert!(bodies[0].0.documents.is_empty());
    // What did not change is not written again: the row beside the case is where it is read from.
    let drop_one = |case: &mut Case| {
        case.documents.pop();
        case.take(Event::Withdraw)?;
        Ok(Happened::new("WITHDRAWN"))
    };
    let dropped = store
        .change(&once(), &entry(), old.id, "", &drop_one)
        .await
        .unwrap();
    assert_eq!(dropped.documents, old.documents[..1]);
    assert_eq!(store.find(&tenant(), old.id).await.unwrap(), Some(dropped));
}

fn paper(id: u128) -> Document {
    Document {
        id: Uuid::from_u128(id),
        kind: DocumentKind::Contract,
        code: "sales-contract".into(),
        number: "C-1".into(),
        issuer: String::new(),
        issuer_kind: IssuerKind::Exporter,
        issued: None,
        valid_until: None,
        sha256: String::new(),
        media_type: String::new(),
        size_bytes: 1,
        sealed: false,
        statements: Statements::default(),
        attached_at: noon(),
        attached_by: "tester".into(),
        replaced_by: None,
    }
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
