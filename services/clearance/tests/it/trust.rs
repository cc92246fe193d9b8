//! What outlives the issuer's accidents: its keys change or live in a token, its log is watched, its tables are checked.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::Attribute;
use cryptoki::session::{Session, UserType};
use cryptoki::types::AuthPin;
use tongguan_api::clearance::v1 as pb;
use tongguan_certificate::log::witness::{AddCheckpoint, Refusal, Witness as Seen};
use tongguan_certificate::{
    Algorithm, Certificate, FileKey, NoteKey, NoteKeyKind, PublicKey, Signer as _, TrustBundle,
};
use tongguan_clearance::fsck::{Part, fsck};
use tongguan_clearance::{Config, config};
use tongguan_rpc::Tasks;
use tongguan_storage::{Database, execute};
use tongguan_testkit::{noon, on_every_database};
use tongguan_vocabulary::Ids;
use uuid::Uuid;

use crate::house::{House, OFFICER, date};

on_every_database! { tongguan_clearance::migrations();
    every_planted_fault_is_found_and_none_where_there_is_none,
    a_new_key_is_announced_first_and_old_certificates_verify_for_ever,
    a_log_restored_from_an_old_copy_does_not_start_beside_its_witness,
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("tongguan-trust-{}", Ids::random().next()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn config(&self) -> Config {
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

async fn opened(db: &Database, config: Config) -> House {
    House::configured(db.clone(), config).await.unwrap()
}

/// Why a house does not start.
async fn refused(db: &Database, config: Config) -> String {
    let error = House::configured(db.clone(), config).await.err().unwrap();
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Another certificate in the place of the one given.
async fn amended(house: &House, id: &str, day: u32) -> pb::Certificate {
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
    let clean = fsck(&folder.config(), db.clone()).await.unwrap();
    assert_eq!(clean.faults, []);
    assert_eq!((clean.entries, clean.certificates), (3, 3));
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

async fn bundle(house: &House) -> TrustBundle {
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

/// A witness of its own, on a port of its own, that says what tlog-witness says.
struct Watcher {
    address: String,
    key: NoteKey,
    seen: Arc<Mutex<Option<Seen>>>,
}

impl Watcher {
    async fn of(log: NoteKey, tasks: &Tasks) -> Self {
        let signer = Arc::new(FileKey::generate(Algorithm::Ed25519).unwrap());
        let public = signer.public_key().clone();
        let key = NoteKey::new("witness.example", NoteKeyKind::Witness, public).unwrap();
        let seen = Arc::new(Mutex::new(Some(Seen::new(log.name()))));
        let answer = {
            let (seen, key) = (seen.clone(), key.clone());
            move |text: String| {
                let offered: AddCheckpoint = text.parse().unwrap();
                let mut held = seen.lock().unwrap();
                let answer = match held.as_mut() {
                    None => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
                    Some(witness) => match witness.add(&offered, &log) {
                        Ok(()) => (
                            StatusCode::OK,
                            witness
                                .cosign(&key, signer.as_ref(), noon().into())
                                .unwrap(),
                        ),
                        Err(Refusal::Conflict { seen }) => {
                            (StatusCode::CONFLICT, format!("{seen}\n"))
                        }
                        Err(other) => {
                            (StatusCode::from_u16(other.status()).unwrap(), String::new())
                        }
                    },
                };
                std::future::ready(answer)
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = axum::serve(
            listener,
            Router::new().route("/add-checkpoint", post(answer)),
        );
        let stopping = tasks.stopping();
        tasks.spawn("witness of the test", async move {
            let stop = async move { stopping.cancelled().await };
            served.with_graceful_shutdown(stop).await.unwrap();
        });
        Self { address, key, seen }
    }

    fn seen(&self) -> u64 {
        self.seen
            .lock()
            .unwrap()
            .as_ref()
            .map_or(0, |seen| seen.seen().size)
    }
}

async fn a_log_restored_from_an_old_copy_does_not_start_beside_its_witness(db: Database) {
    let (folder, tasks) = (Folder::new(), Tasks::new());
    let house = opened(&db, folder.config()).await;
    let log = bundle(&house).await.trust().logs[0].clone();
    house.stop().await;
    let watcher = Watcher::of(log, &tasks).await;
    let config = Config {
        witnesses: vec![config::Witness {
            vkey: watcher.key.to_string(),
            address: watcher.address.clone(),
        }],
        witness_quorum: 1,
        witness_interval_ms: 10,
        ..folder.config()
    };
    let house = opened(&db, config.clone()).await;
    let trust = bundle(&house).await.trust().clone();
    assert_eq!(
        (trust.witnesses, trust.quorum),
        (vec![watcher.key.clone()], 1)
    );
    let (_, id) = house.certified().await;
    amended(&house, &id, 30).await;
    // Published is what the witness cosigned, as soon as it did.
    let note = loop {
        let asked = house.client.clone();
        let asked = { asked }.get_checkpoint(pb::GetCheckpointRequest {}).await;
        let checkpoint = asked.unwrap().into_inner();
        if checkpoint.size == 2 && checkpoint.note.contains("witness.example") {
            break checkpoint.note;
        }
        tokio::task::yield_now().await;
    };
    assert!(note.ends_with('\n'));
    assert_eq!(watcher.seen(), 2);
    house.stop().await;

    // A witness that is away says nothing against the log.
    let held = watcher.seen.lock().unwrap().take();
    opened(&db, config.clone()).await.stop().await;
    *watcher.seen.lock().unwrap() = held;
    opened(&db, config.clone()).await.stop().await;

    // The last entry and its checkpoint are gone, as after a restore from last night's copy.
    for forget in [
        "delete from log_entries where log_index = 1",
        "delete from log_checkpoints where size > 1",
    ] {
        execute!(&db, |pool| sqlx::query(forget).execute(pool)).unwrap();
    }
    let refused = refused(&db, config.clone()).await;
    assert_eq!(
        refused,
        "witness witness.example saw 2 entries that the log in the store, with 1, does not continue"
    );
    // Without its witness nobody could tell.
    let alone = Config {
        witnesses: Vec::new(),
        witness_quorum: 0,
        ..config
    };
    opened(&db, alone).await.stop().await;
    tasks.stop().await;
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
