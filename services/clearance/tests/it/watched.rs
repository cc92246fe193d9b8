//! The log beside its witness: what the witness saw the log must hold, at the start and while it runs.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use tongguan_api::clearance::v1 as pb;
use tongguan_certificate::log::witness::{AddCheckpoint, Refusal, Witness as Seen};
use tongguan_certificate::{Algorithm, Checkpoint, FileKey, NoteKey, NoteKeyKind, Signer as _};
use tongguan_clearance::{Config, config};
use tongguan_rpc::Tasks;
use tongguan_storage::{Database, execute};
use tongguan_testkit::{noon, on_every_database};
use tonic::Status;
use tonic_types::StatusExt as _;

use crate::house::{CUSTOMS, OFFICER, date};
use crate::trust::{Folder, amended, bundle, opened, refused};

on_every_database! { tongguan_clearance::migrations();
    a_log_restored_from_an_old_copy_does_not_start_beside_its_witness,
    nothing_is_signed_reserved_or_called_valid_once_a_witness_saw_another_log,
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

/// A watcher of a database's log, and the configuration that names it.
async fn watched(db: &Database, folder: &Folder, tasks: &Tasks) -> (Watcher, Config) {
    let house = opened(db, folder.config()).await;
    let log = bundle(&house).await.trust().logs[0].clone();
    house.stop().await;
    let watcher = Watcher::of(log, tasks).await;
    let config = Config {
        witnesses: vec![config::Witness {
            vkey: watcher.key.to_string(),
            address: watcher.address.clone(),
        }],
        witness_quorum: 1,
        witness_interval_ms: 10,
        ..folder.config()
    };
    (watcher, config)
}

/// Why an answer was refused, as its `ErrorInfo` says it.
fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let info = answer.unwrap_err().get_details_error_info();
    info.map(|info| info.reason).unwrap_or_default()
}

async fn nothing_is_signed_reserved_or_called_valid_once_a_witness_saw_another_log(db: Database) {
    let (folder, tasks) = (Folder::new(), Tasks::new());
    let (watcher, config) = watched(&db, &folder, &tasks).await;
    let house = opened(&db, config).await;
    let (_, id) = house.certified().await;
    let qr_text = house.certificate(&id).await.qr_text;
    assert_eq!(house.verify(&qr_text).await.verdict(), pb::Verdict::Valid);

    // Somewhere else the same log went on: entries that are not in the store.
    let root = tongguan_certificate::Digest::of(b"another log");
    let elsewhere = Checkpoint {
        origin: bundle(&house).await.trust().logs[0].name().to_owned(),
        size: 50,
        root,
    };
    *watcher.seen.lock().unwrap() = Some(Seen::resume(elsewhere));
    let amend = pb::AmendCertificateRequest {
        certificate_id: id.clone(),
        reason: "the ship leaves earlier".into(),
        valid_until: Some(date(2026, 4, 20)),
        ..Default::default()
    };
    // Whether this one is still signed is a race; the next checkpoint of it is shown, and refused.
    let mut client = house.client.clone();
    let _first = client
        .amend_certificate(house.ask(OFFICER, amend.clone()))
        .await;
    let barred = loop {
        match client.get_checkpoint(pb::GetCheckpointRequest {}).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(status) => break status,
        }
    };
    assert_eq!(barred.code(), tonic::Code::FailedPrecondition);
    assert!(barred.message().contains("saw 50 entries"), "{barred}");
    assert_eq!(reason::<()>(Err(barred)), "LOG_BARRED");
    let list = pb::GetStatusListRequest::default();
    assert_eq!(reason(client.get_status_list(list).await), "LOG_BARRED");
    let held = pb::ReserveCertificateRequest {
        certificate_id: id.clone(),
        movement: "D-1".into(),
        ..Default::default()
    };
    let held = client.reserve_certificate(house.ask(CUSTOMS, held)).await;
    assert_eq!(reason(held), "LOG_BARRED");
    let check = pb::CheckCertificateRequest {
        certificate_id: id.clone(),
        ..Default::default()
    };
    let checked = client.check_certificate(house.ask(CUSTOMS, check)).await;
    assert_eq!(reason(checked), "LOG_BARRED");
    let again = pb::AmendCertificateRequest {
        request_id: "again".into(),
        ..amend
    };
    let again = client.amend_certificate(house.ask(OFFICER, again)).await;
    assert!(again.is_err(), "{again:?}");
    // Its use may have been forgotten with the rest: an unknown is not a pass.
    assert_eq!(
        house.verify(&qr_text).await.verdict(),
        pb::Verdict::CouldNotCheck
    );
    house.stop().await;
    tasks.stop().await;
}

async fn a_log_restored_from_an_old_copy_does_not_start_beside_its_witness(db: Database) {
    let (folder, tasks) = (Folder::new(), Tasks::new());
    let (watcher, config) = watched(&db, &folder, &tasks).await;
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
