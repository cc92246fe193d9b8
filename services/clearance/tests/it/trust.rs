//! What outlives the issuer's accidents: its keys change or live in a token, its tables are checked.

use std::path::PathBuf;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use tongguan_api::clearance::v1 as pb;
use tongguan_certificate::{Algorithm, Certificate, FileKey, PublicKey, Signer as _, TrustBundle};
use tongguan_clearance::fsck::{Part, fsck};
use tongguan_clearance::{Config, config};
use tongguan_storage::{Database, execute};
use tongguan_testkit::on_every_database;
use tongguan_vocabulary::Ids;
use uuid::Uuid;

use crate::house::{House, OFFICER, date};

on_every_database! { tongguan_clearance::migrations();
    every_planted_fault_is_found_and_none_where_there_is_none,
    a_new_key_is_announced_first_and_old_certificates_verify_for_ever,
}

/// A folder of its own, removed at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("tongguan-trust-{}", Ids::random().next()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn config(&self) -> Config {
        Config {
            keys: self.0.display().to_string(),
            ..House::config()
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) async fn opened(db: &Database, config: Config) -> House {
    House::configured(db.clone(), config).await.unwrap()
}

/// Why a house does not start.
pub(crate) async fn refused(db: &Database, config: Config) -> String {
    let error = House::configured(db.clone(), config).await.err().unwrap();
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Another certificate in the place of the one given.
pub(crate) async fn amended(house: &House, id: &str, day: u32) -> pb::Certificate {
    let amend = pb::AmendCertificateRequest {
        request_id: format!("amend-{day}"),
        certificate_id: id.to_owned(),
        reason: "the ship leaves earlier".into(),
        valid_until: Some(date(2026, 4, day as i32)),
    };
    let amended = house.client.clone();
    let amended = { amended }
        .amend_certificate(house.ask(OFFICER, amend))
        .await;
    amended.unwrap().into_inner()
}

async fn every_planted_fault_is_found_and_none_where_there_is_none(db: Database) {
    let folder = Folder::new();
    let house = opened(&db, folder.config()).await;
    let (_, id) = house.certified().await;
    let second = amended(&house, &id, 30).await;
    let third = amended(&house, &second.certificate_id, 20).await;
    house.stop().await;
    // One that was given up before it was issued is no fault.
    let given_up = "insert into certificates (tenant_id, id, case_id, state, live, version, body, to_be_signed, signature, cose, \
                    status_index, created_at, updated_at) select tenant_id, $1, case_id, 'DISCARDED', live, version, body, \
                    to_be_signed, signature, null, 3, created_at, updated_at from certificates where status_index = 0";
    let drawn = "update counters set next = next + 1 where name = 'status_index'";
    execute!(&db, |pool| sqlx::query(given_up)
        .bind(Ids::random().next())
        .execute(pool))
    .unwrap();
    execute!(&db, |pool| sqlx::query(drawn).execute(pool)).unwrap();
    let clean = fsck(&folder.config(), db.clone()).await.unwrap();
    assert_eq!(clean.faults, []);
    assert_eq!((clean.entries, clean.certificates), (3, 4));
    assert!(clean.tiles >= 1 && clean.checkpoints >= 3 && clean.trust_bundles == 1);

    let (first, third) = (
        id.parse::<Uuid>().unwrap(),
        third.certificate_id.parse::<Uuid>().unwrap(),
    );
    for (damage, part, problem) in [
        (
            "update log_entries set leaf_hash = (select leaf_hash from log_entries where log_index = 0) where log_index = 1",
            Part::Entry,
            "leaf hash",
        ),
        (
            "update log_checkpoints set note = (select note from log_checkpoints where size = 1) where size = 3",
            Part::Checkpoint,
            "signs 1 entries",
        ),
        (
            "update certificates set cose = (select c.cose from certificates c where c.id = $1) where id = $2",
            Part::Certificate,
            "its envelope is that of",
        ),
        (
            "update certificates set status_index = 77 where id = $1 and id <> $2",
            Part::Status,
            "its row has 77",
        ),
        (
            "delete from log_entries where log_index = 2 and certificate_id <> $1 and certificate_id = $2",
            Part::Certificate,
            "does not stand in the log",
        ),
    ] {
        if damage.contains("$1") {
            execute!(&db, |pool| sqlx::query(damage)
                .bind(first)
                .bind(third)
                .execute(pool))
            .unwrap();
        } else {
            execute!(&db, |pool| sqlx::query(damage).execute(pool)).unwrap();
        }
        let found = fsck(&folder.config(), db.clone()).await.unwrap();
        let named = found
            .faults
            .iter()
            .any(|fault| fault.part == part && fault.problem.contains(problem));
        assert!(named, "{damage}: {:#?}", found.faults);
    }
    // Keys are looked at and never made; a certificate that came back to life, and one published as what it is not.
    let found = fsck(&House::config(), db.clone()).await.unwrap();
    let keys = found.faults.iter().filter(|fault| fault.part == Part::Key);
    assert_eq!(keys.count(), 3, "{:#?}", found.faults);
    let nowhere = folder.0.join("nowhere");
    let elsewhere = Config {
        keys: nowhere.display().to_string(),
        ..folder.config()
    };
    let found = fsck(&elsewhere, db.clone()).await.unwrap();
    assert!(!nowhere.exists(), "keys were made");
    assert!(found.faults.iter().any(|fault| fault.part == Part::Key));
    for (damage, problem) in [
        (
            "update certificates set state = 'USED' where state = 'LIVE'",
            "is published as USED, it is LIVE",
        ),
        (
            "update cases set state = 'INVALIDATED'",
            "is LIVE and its case is INVALIDATED",
        ),
    ] {
        execute!(&db, |pool| sqlx::query(damage).execute(pool)).unwrap();
        let found = fsck(&folder.config(), db.clone()).await.unwrap();
        let named = found
            .faults
            .iter()
            .any(|fault| fault.problem.contains(problem));
        assert!(named, "{damage}: {:#?}", found.faults);
    }
    // All of them are named at once, and what follows from them: a tile, a log shorter than its checkpoint.
    let found = fsck(&folder.config(), db.clone()).await.unwrap();
    for part in [
        Part::Entry,
        Part::Tile,
        Part::Checkpoint,
        Part::Certificate,
        Part::Status,
    ] {
        assert!(
            found.faults.iter().any(|fault| fault.part == part),
            "{part:?}"
        );
    }
}

pub(crate) async fn bundle(house: &House) -> TrustBundle {
    let asked = house.client.clone();
    let asked = { asked }
        .get_trust_bundle(pb::GetTrustBundleRequest {})
        .await;
    let published = asked.unwrap().into_inner();
    let root = PublicKey::new(Algorithm::Es256, &published.root_key).unwrap();
    TrustBundle::open(&published.bundle, &[root]).unwrap()
}

fn signer(certificate: &pb::Certificate) -> String {
    let read = Certificate::from_qr_text(&certificate.qr_text).unwrap();
    read.record().key_id.to_string()
}

async fn a_new_key_is_announced_first_and_old_certificates_verify_for_ever(db: Database) {
    let folder = Folder::new();
    let house = opened(&db, folder.config()).await;
    let (_, id) = house.certified().await;
    let old = house.certificate(&id).await;
    house.stop().await;

    let next = FileKey::generate(Algorithm::Es256).unwrap();
    let file = folder.0.join("issuer-es256.next.pk8");
    std::fs::write(&file, next.to_pkcs8().unwrap()).unwrap();
    let house = opened(&db, folder.config()).await;
    let announced = bundle(&house).await;
    assert_eq!(announced.trust().version, 2);
    assert!(announced.key(next.key_id()).is_some());
    assert_eq!(
        house.verify(&old.qr_text).await.verdict(),
        pb::Verdict::Valid
    );
    house.stop().await;

    std::fs::rename(&file, folder.0.join("issuer-es256.pk8")).unwrap();
    let house = opened(&db, folder.config()).await;
    // Nothing to publish: every verifier that has the announced edition knows the key already.
    assert_eq!(bundle(&house).await.as_bytes(), announced.as_bytes());
    assert_eq!(
        house.verify(&old.qr_text).await.verdict(),
        pb::Verdict::Valid
    );
    let new = amended(&house, &id, 30).await;
    assert_eq!(signer(&new), next.key_id().to_string());
    assert_ne!(signer(&old), signer(&new));
    assert_eq!(
        house.verify(&new.qr_text).await.verdict(),
        pb::Verdict::Valid
    );
    assert_eq!(
        house.verify(&old.qr_text).await.verdict(),
        pb::Verdict::Superseded
    );
    house.stop().await;
    assert_eq!(fsck(&folder.config(), db).await.unwrap().faults, []);
}

/// The token of the environment, in which a test makes keys of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "which module there is, only the environment of the test knows"
)]
fn token() -> (config::Pkcs11, Session) {
    let module = std::env::var("TONGGUAN_TEST_PKCS11").unwrap();
    let pkcs11 = Pkcs11::new(&module).unwrap();
    // Another test of this process may have been first.
    let _ = pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slot = pkcs11.get_slots_with_initialized_token().unwrap()[0];
    let config = config::Pkcs11 {
        module,
        label: pkcs11
            .get_token_info(slot)
            .unwrap()
            .label()
            .trim_end()
            .to_owned(),
        pin: "1234".to_owned(),
        ..config::Pkcs11::default()
    };
    let session = pkcs11.open_rw_session(slot).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::new("1234".into())));
    (config, session)
}

/// Makes a key pair under a fresh label; the curve as an object identifier (SEC 1) or a name (RFC 8032).
fn make(session: &Session, mechanism: &Mechanism<'_>, curve: &[u8]) -> String {
    let label = Ids::random().next().to_string();
    let name = Attribute::Label(label.as_bytes().to_vec());
    let public = [
        Attribute::Token(true),
        Attribute::Verify(true),
        Attribute::EcParams(curve.to_vec()),
        name.clone(),
    ];
    let private = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        name,
    ];
    session
        .generate_key_pair(mechanism, &public, &private)
        .unwrap();
    label
}

#[tokio::test]
#[ignore = "needs a PKCS#11 module: TONGGUAN_TEST_PKCS11, its token's PIN 1234; tests/run has SoftHSM"]
async fn keys_in_a_token_sign_and_are_changed_without_a_gap() {
    const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const ED25519: &[u8] = b"\x13\x0cedwards25519";
    let db = tongguan_testkit::databases::sqlite(&tongguan_clearance::migrations()).await;
    let (token, session) = token();
    let pair = |session: &Session| make(session, &Mechanism::EccKeyPairGen, P256);
    let first = config::Pkcs11 {
        issuer: pair(&session),
        root: pair(&session),
        log: make(&session, &Mechanism::EccEdwardsKeyPairGen, ED25519),
        ..token
    };
    let announced = config::Pkcs11 {
        next_issuer: pair(&session),
        ..first.clone()
    };
    let second = config::Pkcs11 {
        issuer: announced.next_issuer.clone(),
        ..first.clone()
    };
    let with = |pkcs11: config::Pkcs11| Config {
        keys: String::new(),
        pkcs11,
        ..House::config()
    };
    let house = opened(&db, with(first)).await;
    let (_, id) = house.certified().await;
    let old = house.certificate(&id).await;
    assert_eq!(
        house.verify(&old.qr_text).await.verdict(),
        pb::Verdict::Valid
    );
    house.stop().await;

    let house = opened(&db, with(announced)).await;
    let published = bundle(&house).await;
    assert_eq!(published.trust().keys.len(), 2);
    house.stop().await;

    let house = opened(&db, with(second.clone())).await;
    assert_eq!(bundle(&house).await.as_bytes(), published.as_bytes());
    let new = amended(&house, &id, 30).await;
    assert_ne!(signer(&old), signer(&new));
    assert_eq!(
        house.verify(&new.qr_text).await.verdict(),
        pb::Verdict::Valid
    );
    assert_eq!(
        house.verify(&old.qr_text).await.verdict(),
        pb::Verdict::Superseded
    );
    house.stop().await;
    assert_eq!(
        fsck(&with(second.clone()), db.clone())
            .await
            .unwrap()
            .faults,
        []
    );

    // What can not sign does not start, and says which key of which token.
    let wrong = config::Pkcs11 {
        issuer: "no such key".to_owned(),
        ..second
    };
    let refused = refused(&db, with(wrong)).await;
    assert!(
        refused.contains("\"no such key\"") && refused.contains("is not there"),
        "{refused}"
    );
}
