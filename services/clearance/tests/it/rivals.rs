//! Several issuers at once, one of them an hour ahead and one an hour behind: still one certificate.

use tongguan_api::clearance::v1 as pb;
use tongguan_certificate::{Algorithm, PublicKey, Status, TrustBundle};
use tongguan_storage::Database;
use tongguan_testkit::{noon, on_every_database};
use tongguan_vocabulary::{Clock, Ids};

use crate::house::{House, VIN};
use crate::peers::Stage;

on_every_database! { tongguan_clearance::migrations();
    rivals_with_clocks_an_hour_apart_issue_one_certificate,
    what_an_issuer_an_hour_behind_signs_is_trusted_though_another_announced_the_key,
}

async fn rivals_with_clocks_an_hour_apart_issue_one_certificate(db: Database) {
    let folder = std::env::temp_dir().join(format!("clearance-rivals-{}", Ids::random().next()));
    let keys = folder.display().to_string();
    let stage = Stage::new(VIN).0;
    let at = |hours| Clock::fixed(noon() + time::Duration::hours(hours));
    // The one that is ahead announces the keys: what the others sign is older than the announcement.
    let ahead = House::at(db.clone(), at(1), stage.clone(), &keys).await;
    let behind = House::at(db.clone(), at(-1), stage.clone(), &keys).await;
    let house = House::at(db.clone(), at(0), stage.clone(), &keys).await;
    let rivals = [behind, ahead];
    let (case_id, id) = house.certified().await;
    for rival in &rivals {
        // Every worker has seen the case settle before the count is taken.
        rival.stop().await;
    }
    let asked = pb::GetCheckpointRequest {};
    let checkpoint = house.client.clone().get_checkpoint(asked).await.unwrap();
    assert_eq!(checkpoint.into_inner().size, 1, "a second certificate");
    let qr = house.certificate(&id).await.qr_text;
    // Whoever issued it: by now its hour has come.
    house.clock.advance(time::Duration::hours(2));
    assert_eq!(house.verify(&qr).await.verdict(), pb::Verdict::Valid);
    let version = house.get(&case_id).await.version;
    let mut events = house.events(&case_id).await;
    let (mut last, mut certified, mut decided) = (0, 0, 0);
    while last < version {
        let event = tokio_stream::StreamExt::next(&mut events)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(event.version, last + 1, "one audit line a change");
        last = event.version;
        certified += u32::from(event.kind == "CERTIFIED");
        decided += u32::from(event.kind == "DECIDED_READY");
    }
    assert_eq!((decided, certified), (1, 1));
    house.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}

async fn what_an_issuer_an_hour_behind_signs_is_trusted_though_another_announced_the_key(
    db: Database,
) {
    let folder = std::env::temp_dir().join(format!("clearance-rivals-{}", Ids::random().next()));
    let keys = folder.display().to_string();
    let stage = Stage::new(VIN).0;
    let at = |hours| Clock::fixed(noon() + time::Duration::hours(hours));
    let ahead = House::at(db.clone(), at(1), stage.clone(), &keys).await;
    ahead.stop().await;
    let behind = House::at(db.clone(), at(-1), stage.clone(), &keys).await;
    let (_, id) = behind.certified().await;
    let qr = behind.certificate(&id).await.qr_text;
    assert_eq!(behind.verify(&qr).await.verdict(), pb::Verdict::Valid);
    // The status list it signs is believed as well.
    let asked = pb::GetTrustBundleRequest {};
    let published = behind.client.clone().get_trust_bundle(asked).await.unwrap();
    let published = published.into_inner();
    let root = PublicKey::new(Algorithm::Es256, &published.root_key).unwrap();
    let bundle = TrustBundle::open(&published.bundle, &[root]).unwrap();
    assert_eq!(
        behind.status_list(&bundle).await.get(0),
        Some(Status::Valid)
    );
    behind.stop().await;
    std::fs::remove_dir_all(folder).unwrap();
}
