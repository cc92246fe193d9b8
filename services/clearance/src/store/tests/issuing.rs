//! Preparing, signing, logging and issuing, on every database.

use time::Duration;
use tongguan_storage::Database;
use tongguan_testkit::{noon, on_every_database};
use uuid::Uuid;

use super::super::{Claim, Draft, Happened, Held, Issuing, Line, Loaded, Signed, Store};
use super::{VIN, case, entry, once, submit, submitted, tenant};
use crate::domain::certificate::Life;
use crate::domain::{Case, Event};
use crate::error::Error;

on_every_database! { crate::migrations();
    a_certificate_is_prepared_once_until_it_is_given_up,
    a_certificate_is_signed_once_and_logged_once_without_gaps,
    of_a_batch_only_what_is_as_it_was_read_is_issued,
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
