//! The process dies at every named point, before and after each commit and between signing and storing: nothing
//! that was acknowledged is lost, there is no second certificate, and the log stays consistent.

use std::fmt::Debug;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tongguan_api::clearance::v1 as pb;
use tongguan_certificate::log::audit::audit;
use tongguan_clearance::fail;
use tongguan_storage::{Config, Database, connect, migrate};
use tongguan_testkit::noon;
use tongguan_vocabulary::{Clock, Ids};
use tonic::{Response, Status};

use crate::house::{CODE, CUSTOMS, EXPORTS, House, OFFICER, VIN, date, dossier, licence, opening};
use crate::peers::Stage;

/// Points that are met more than once on the way, and at which meeting it matters.
const LATER: [(&str, u32); 6] = [
    ("change.before", 6), // the submission
    ("change.after", 6),
    ("batch.before", 2), // the licence
    ("batch.after", 2),
    ("certificate.before", 2), // the one use
    ("certificate.after", 2),
];

struct Folder(PathBuf);

impl Folder {
    fn fresh() -> Self {
        let folder = std::env::temp_dir().join(format!("clearance-kill-{}", Ids::random().next()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone_already = std::fs::remove_dir_all(&self.0);
    }
}

async fn database(folder: &Path) -> Database {
    let config = Config {
        url: format!("sqlite://{}", folder.join("clearance.db").display()),
        max_connections: 4,
        auto_migrate: true,
    };
    let db = connect(&config).await.unwrap();
    migrate(&db, &tongguan_clearance::migrations())
        .await
        .unwrap();
    db
}

/// Where acknowledged answers are written down, one a line, before the next request is made.
struct Ledger(PathBuf);

impl Ledger {
    fn note(&self, step: &str, answer: &impl Debug) {
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.0)
            .unwrap();
        writeln!(file, "{step}\t{answer:?}").unwrap();
    }

    fn lines(&self) -> Vec<(String, String)> {
        let text = std::fs::read_to_string(&self.0).unwrap_or_default();
        let whole = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        whole
            .filter_map(|line| line.trim_end().split_once('\t'))
            .map(|(step, answer)| (step.to_owned(), answer.to_owned()))
            .collect()
    }
}

/// From the draft to the exit, each request with a key of its own, each answer noted.
async fn journey(house: &House, ledger: &Ledger) -> Result<(), Status> {
    let mut client = house.client.clone();
    let request_id = |name: &str| format!("kill-{name}");
    let open = pb::OpenCaseRequest {
        request_id: request_id("open"),
        ..opening(VIN)
    };
    let case = note(
        ledger,
        "open",
        client.open_case(house.ask(EXPORTS, open)).await,
    )?;
    let case_id = case.case_id;
    for (place, document) in dossier().into_iter().enumerate() {
        let attach = pb::AttachDocumentRequest {
            request_id: request_id(&format!("attach-{place}")),
            case_id: case_id.clone(),
            document: Some(document),
            ..Default::default()
        };
        let attached = client.attach_document(house.ask(EXPORTS, attach)).await;
        note(ledger, &format!("attach-{place}"), attached)?;
    }
    let submit = pb::SubmitCaseRequest {
        request_id: request_id("submit"),
        case_id: case_id.clone(),
        ..Default::default()
    };
    note(
        ledger,
        "submit",
        client.submit_case(house.ask(EXPORTS, submit)).await,
    )?;
    house.reaches(&case_id, pb::CaseState::Ready).await;
    let create = pb::CreateLicenceBatchRequest {
        request_id: request_id("batch"),
        commodity_code: CODE.into(),
        destination: "KZ".into(),
        declared_quantity: 1,
        case_ids: vec![case_id.clone()],
    };
    let batch = client
        .create_licence_batch(house.ask(EXPORTS, create))
        .await;
    let batch_id = note(ledger, "batch", batch)?.batch_id;
    let hand_in = pb::SubmitLicenceBatchRequest {
        request_id: request_id("hand-in"),
        batch_id: batch_id.clone(),
    };
    let handed_in = client
        .submit_licence_batch(house.ask(EXPORTS, hand_in))
        .await;
    note(ledger, "hand-in", handed_in)?;
    let record = pb::RecordLicenceRequest {
        request_id: request_id("licence"),
        ..licence(&batch_id)
    };
    note(
        ledger,
        "licence",
        client.record_licence(house.ask(OFFICER, record)).await,
    )?;
    house.reaches(&case_id, pb::CaseState::Certified).await;
    let certificate_id = house.get(&case_id).await.certificate_id;
    let reserve = pb::ReserveCertificateRequest {
        request_id: request_id("reserve"),
        certificate_id: certificate_id.clone(),
        movement: "D-1".into(),
        ..Default::default()
    };
    let held = client
        .reserve_certificate(house.ask(CUSTOMS, reserve))
        .await;
    let reservation_id = note(ledger, "reserve", held)?.reservation_id;
    let consume = pb::ConsumeCertificateRequest {
        request_id: request_id("consume"),
        certificate_id,
        reservation_id,
        ..Default::default()
    };
    let used = client
        .consume_certificate(house.ask(CUSTOMS, consume))
        .await;
    note(ledger, "consume", used)?;
    let exit = pb::RecordExitRequest {
        request_id: request_id("exit"),
        case_id,
        date: Some(date(2026, 3, 10)),
        declaration_number: "D-1".into(),
        ..Default::default()
    };
    note(
        ledger,
        "exit",
        client.record_exit(house.ask(CUSTOMS, exit)).await,
    )?;
    Ok(())
}

fn note<A: Debug>(
    ledger: &Ledger,
    step: &str,
    answer: Result<Response<A>, Status>,
) -> Result<A, Status> {
    let answer = answer?.into_inner();
    ledger.note(step, &answer);
    Ok(answer)
}

impl House {
    /// Waits until a case came as far as a state, or further.
    async fn reaches(&self, case_id: &str, state: pb::CaseState) {
        let reached = async {
            while (self.get(case_id).await.state() as i32) < state as i32 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_mins(1), reached)
            .await
            .unwrap();
    }
}

/// The child: reads which point kills it from the folder it runs in; without one it walks to the end.
#[tokio::test]
#[ignore = "the kill test runs this in processes of its own"]
async fn the_way_on_which_the_process_dies() {
    let here = std::env::current_dir().unwrap();
    let (folder, armed) = match std::fs::read_to_string(here.join("point")) {
        Ok(point) => (here, Some(point)),
        Err(_) => (Folder::fresh().0.clone(), None),
    };
    std::fs::create_dir_all(&folder).unwrap();
    if let Some((point, nth)) = armed.as_deref().and_then(|point| point.split_once(' ')) {
        fail::arm(point, nth.parse().unwrap());
    }
    let keys = folder.join("keys").display().to_string();
    let house = House::at(
        database(&folder).await,
        Clock::fixed(noon()),
        Stage::new(VIN).0,
        &keys,
    )
    .await;
    journey(&house, &Ledger(folder.join("ledger")))
        .await
        .unwrap();
    if armed.is_none() {
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

fn dies_at(folder: &Path, point: &str, nth: u32) {
    std::fs::write(folder.join("point"), format!("{point} {nth}")).unwrap();
    let ended = Command::new(std::env::current_exe().unwrap())
        .args([
            "kill::the_way_on_which_the_process_dies",
            "--exact",
            "--ignored",
        ])
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&ended),
        Some(6),
        "the process did not die at {point} {nth}: {ended}"
    );
}

async fn comes_back(point: &str, nth: u32) {
    let folder = Folder::fresh();
    dies_at(&folder.0, point, nth);
    let before = Ledger(folder.0.join("ledger")).lines();

    // A minute later, so that the leases of the dead process are over.
    let clock = Clock::fixed(noon() + time::Duration::MINUTE);
    let keys = folder.0.join("keys").display().to_string();
    let house = House::at(database(&folder.0).await, clock, Stage::new(VIN).0, &keys).await;
    let again = Ledger(folder.0.join("again"));
    journey(&house, &again).await.unwrap();
    let after = again.lines();
    for (was, is) in before.iter().zip(&after) {
        assert_eq!(was, is, "{point} {nth}: an acknowledged answer changed");
    }
    assert!(before.len() <= after.len());

    let list = pb::ListCasesRequest::default();
    let listed = house
        .client
        .clone()
        .list_cases(house.ask(EXPORTS, list))
        .await;
    let cases = listed.unwrap().into_inner().cases;
    assert_eq!(cases.len(), 1, "{point} {nth}");
    assert_eq!(cases[0].state(), pb::CaseState::Exited);
    let asked = pb::GetCheckpointRequest {};
    let checkpoint = house.client.clone().get_checkpoint(asked).await.unwrap();
    assert_eq!(
        checkpoint.into_inner().size,
        1,
        "{point} {nth}: a second certificate"
    );
    let bundle = pb::GetLogTileRequest {
        path: "tile/entries/000.p/1".into(),
    };
    let bundle = house.client.clone().get_log_tile(bundle).await.unwrap();
    let (tree, findings) = audit([&bundle.into_inner().content[..]], &[]);
    assert!(findings.is_empty(), "{point} {nth}: {findings:?}");
    assert_eq!(tree.size(), 1);
    let certificate = house.certificate(&cases[0].certificate_id).await;
    let verdict = house.verify(&certificate.qr_text).await.verdict();
    assert_eq!(verdict, pb::Verdict::Used);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_at_any_named_point_comes_back_to_the_same_end() {
    let first = fail::POINTS.iter().map(|point| (*point, 1));
    for (point, nth) in first.chain(LATER) {
        comes_back(point, nth).await;
    }
}
