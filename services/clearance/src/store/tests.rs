//! The conformance suite of the store, on every database.

use sqlx::types::Json;
use time::Duration;
use tongguan_storage::{Database, Once, execute, on, outbox};
use tongguan_testkit::{noon, on_every_database};
use tongguan_vocabulary::Tenant;
use uuid::Uuid;

use super::{Claim, Draft, Entry, Happened, Held, Issuing, Line, Loaded, STREAM, Signed, Store};
use crate::domain::case::{Declared, Exporter, ExporterKind, Trip};
use crate::domain::certificate::Life;
use crate::domain::document::{DocumentKind, IssuerKind, Statements};
use crate::domain::{Case, Document, Event, State};
use crate::error::Error;

on_every_database! { crate::migrations();
    a_case_round_trips,
    one_open_case_per_vin_and_tenant,
    each_change_is_one_audit_line_and_one_event,
    a_stale_epoch_changes_nothing,
    a_held_lease_is_not_claimed_and_an_ended_one_is,
    a_certificate_is_prepared_once_until_it_is_given_up,
    a_certificate_is_signed_once_and_logged_once_without_gaps,
    of_a_batch_only_what_is_as_it_was_read_is_issued,
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

fn draft(id: u128, case: Uuid, status_index: u32) -> Draft {
    Draft {
        id: Uuid::from_u128(id),
        case,
        status_index,
        to_be_signed: vec![id as u8],
        signature: None,
        expires_at: noon() + Duration::DAY,
        record: serde_json::json!({ "of": "a test" }),
    }
}

async fn prepare(store: &Store, id: u128, cases: &[Uuid], ours: bool) -> Vec<Option<Draft>> {
    let wanted: Vec<_> = cases.iter().map(|case| (tenant(), *case)).collect();
    let make = |place: usize, index| Some(draft(id + place as u128, cases[place], index));
    store
        .prepare(&wanted, noon(), &|_| ours, &make)
        .await
        .unwrap()
}

fn signed(id: u128, signature: u8) -> Signed {
    Signed {
        tenant: tenant(),
        id: Uuid::from_u128(id),
        signature: vec![signature; 64],
    }
}

/// What the log holds of a certificate: its signature's first byte.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the store asks for an answer that may fail"
)]
fn entry_of(_: usize, signature: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
    Ok((vec![signature[0]], vec![signature[0]; 32]))
}

async fn a_certificate_is_prepared_once_until_it_is_given_up(db: Database) {
    let store = Store::new(db);
    let case = submitted(&store).await;
    let other = Uuid::from_u128(2);
    let first = prepare(&store, 77, &[case.id, other], true).await;
    let expected = [draft(77, case.id, 0), draft(78, other, 1)].map(Some);
    assert_eq!(first, expected);
    // A rival's bytes come too late; a new key gives up what it can not sign.
    assert_eq!(
        prepare(&store, 90, &[other, case.id], true).await,
        [expected[1].clone(), expected[0].clone()]
    );
    assert_eq!(
        prepare(&store, 95, &[case.id], false).await,
        [Some(draft(95, case.id, 2))]
    );
    assert!(
        store
            .find_certificate(&tenant(), Uuid::from_u128(95))
            .await
            .unwrap()
            .is_none()
    );
}

async fn a_certificate_is_signed_once_and_logged_once_without_gaps(db: Database) {
    let store = Store::new(db);
    let case = submitted(&store).await;
    let others = [2_u128, 3].map(Uuid::from_u128);
    prepare(&store, 77, &[case.id, others[0], others[1]], true).await;
    let log = async |batch: &[Signed]| {
        let logged = store.sign_and_log(batch, &entry_of).await.unwrap();
        logged
            .iter()
            .map(|one| (one.signature[0], one.index))
            .collect::<Vec<_>>()
    };
    assert_eq!(log(&[signed(78, 7)]).await, [(7, 0)]);
    // A batch that holds what stands already answers that, in its own order.
    let batch = [signed(79, 9), signed(78, 8), signed(77, 5)];
    assert_eq!(log(&batch).await, [(9, 1), (7, 0), (5, 2)]);
    assert_eq!(log(&batch).await, [(9, 1), (7, 0), (5, 2)]);
    assert_eq!(
        store.leaves(1, 10).await.unwrap(),
        [vec![9; 32], vec![5; 32]]
    );
    assert_eq!(store.entries(0, 2).await.unwrap(), [vec![7], vec![9]]);
    assert_eq!(store.store_checkpoint(3, "first").await.unwrap(), "first");
    assert_eq!(store.store_checkpoint(3, "second").await.unwrap(), "first");
}

fn issuing(claim: Claim, loaded: Loaded, held: Uuid) -> Issuing {
    let case = claim.id;
    let line = Line::of(&loaded.case, Happened::new("CERTIFIED"));
    Issuing {
        claim,
        loaded,
        line,
        held: Held {
            id: held,
            case,
            life: Life::Live,
            record: serde_json::json!({}),
            issued_at: noon(),
            expires_at: noon() + Duration::DAY,
            status_index: 0,
            log_index: 0,
            simulated: true,
            cose: vec![1, 2, 3],
        },
    }
}

async fn of_a_batch_only_what_is_as_it_was_read_is_issued(db: Database) {
    let store = Store::new(db);
    let vins = [
        VIN,
        "LSVWY4180KN246095",
        "LSVWY4180KN246096",
        "LSVWY4180KN246097",
    ];
    let mut cases = Vec::new();
    for (id, vin) in (1..).zip(vins) {
        store.open(&once(), &entry(), &case(id, vin)).await.unwrap();
        let id = Uuid::from_u128(id);
        store
            .change(&once(), &entry(), id, "", &submit)
            .await
            .unwrap();
        cases.push(id);
    }
    prepare(&store, 70, &cases, true).await;
    let lease = Duration::seconds(30);
    let claims = store.claim_due("one", noon(), lease, 8).await.unwrap();
    let mut loaded = store.load(claims).await.unwrap();
    loaded.sort_by_key(|(claim, _)| claim.id);
    // One is changed meanwhile, one given up, one claimed by somebody else once its lease ended.
    let withdraw = |case: &mut Case| {
        case.take(Event::Withdraw)?;
        Ok(Happened::new("WITHDRAWN"))
    };
    store
        .change(&once(), &entry(), cases[0], "", &withdraw)
        .await
        .unwrap();
    store.discard_prepared(&tenant(), cases[1]).await.unwrap();
    store.release(&loaded[3].0).await.unwrap();
    let rival = store.claim_due("two", noon(), lease, 8).await.unwrap();
    assert_eq!(
        rival.iter().map(|claim| claim.id).collect::<Vec<_>>(),
        [cases[3]]
    );
    let mut batch: Vec<Issuing> = (70..)
        .zip(loaded)
        .map(|(id, (claim, loaded))| issuing(claim, loaded, Uuid::from_u128(id)))
        .collect();
    let issued = store
        .issue(&entry(), &mut batch, (4, "note"))
        .await
        .unwrap();
    assert_eq!(issued.into_iter().collect::<Vec<_>>(), [cases[2]]);
    let versions = async |place: usize| {
        store
            .find(&tenant(), cases[place])
            .await
            .unwrap()
            .unwrap()
            .version
    };
    assert_eq!(
        [
            versions(0).await,
            versions(1).await,
            versions(2).await,
            versions(3).await
        ],
        [3, 2, 3, 2]
    );
    let held = store
        .find_certificate(&tenant(), Uuid::from_u128(72))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((held.cose, held.life), (vec![1, 2, 3], Life::Live));
    assert_eq!(
        store.last_checkpoint().await.unwrap().as_deref(),
        Some("note")
    );
    // Its claim ended with it.
    assert!(
        store
            .issue(&entry(), &mut batch, (4, "note"))
            .await
            .unwrap()
            .is_empty()
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
