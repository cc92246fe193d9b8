//! Every sample dossier comes to the end it must, wherever the roles run and whatever database they keep.

use std::path::PathBuf;

use tongguan::dossier::{self, Dossier};
use tongguan::journey::Outcome;
use tongguan::stand::{Stand, compare};
use tongguan::{Role, Settings};
use tongguan_testkit::databases::postgres_url;
use tongguan_vocabulary::Ids;

use crate::apart::{Apart, place_all};

/// A folder of the test's own, removed when the test ends well.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn fresh() -> Self {
        let folder =
            std::env::temp_dir().join(format!("tongguan-journey-{}", Ids::random().next()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(crate) fn file(&self, role: Role) -> String {
        format!("sqlite://{}", self.0.join(format!("{role}.db")).display())
    }

    pub(crate) fn remove(self) {
        std::fs::remove_dir_all(self.0).unwrap();
    }
}

pub(crate) fn samples() -> Vec<Dossier> {
    let samples = dossier::samples().into_iter();
    samples
        .map(|(name, text)| dossier::parse(name, text).unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dossier_ends_as_it_must_in_process_on_sqlite() {
    let folder = Folder::fresh();
    Box::pin(in_process(Settings::under(&folder.0))).await;
    folder.remove();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL cluster: tests/run starts one"]
async fn every_dossier_ends_as_it_must_in_process_on_postgres() {
    let folder = Folder::fresh();
    let mut settings = Settings::under(&folder.0);
    place_all(&mut settings, async |_| postgres_url().await).await;
    Box::pin(in_process(settings)).await;
    folder.remove();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dossier_ends_as_it_must_over_sockets_on_sqlite() {
    let folder = Folder::fresh();
    let dossiers = samples();
    over_sockets(
        Apart::start(&folder.0, &dossiers, async |role| folder.file(role)).await,
        &dossiers,
    )
    .await;
    folder.remove();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL cluster: tests/run starts one"]
async fn every_dossier_ends_as_it_must_over_sockets_on_postgres() {
    let folder = Folder::fresh();
    let dossiers = samples();
    over_sockets(
        Apart::start(&folder.0, &dossiers, async |_| postgres_url().await).await,
        &dossiers,
    )
    .await;
    folder.remove();
}

async fn in_process(settings: Settings) {
    let dossiers = samples();
    let stand = Stand::set_up(settings, &dossiers).await.unwrap();
    let mut wrong = Vec::new();
    for dossier in &dossiers {
        note(&mut wrong, dossier, &stand.run(dossier).await.unwrap());
    }
    stand.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn over_sockets(apart: Apart, dossiers: &[Dossier]) {
    let mut wrong = Vec::new();
    for dossier in dossiers {
        note(&mut wrong, dossier, &apart.run(dossier).await);
    }
    apart.stop().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn note(wrong: &mut Vec<String>, dossier: &Dossier, outcome: &Outcome) {
    let differences = compare(dossier, outcome);
    wrong.extend(
        differences
            .into_iter()
            .map(|difference| format!("{}: {difference}", dossier.name)),
    );
    let Some(issued) = &outcome.certificate else {
        return;
    };
    // A certificate of the journey, with any one byte changed, is never VALID.
    let root = tongguan_certificate::PublicKey::new(
        tongguan_certificate::Algorithm::Es256,
        &issued.trust.root_key,
    )
    .unwrap();
    let bundle = tongguan_certificate::TrustBundle::open(&issued.trust.bundle, &[root]).unwrap();
    let status = tongguan_certificate::StatusList::open(&issued.status_list, &bundle).unwrap();
    let against = tongguan_certificate::Against {
        status: Some(&status),
        ..Default::default()
    };
    let verifier = tongguan_certificate::Verifier::new(bundle);
    let cose = &issued.certificate.cose;
    // Each journey takes another residue, so that together they flip every position.
    let offset = dossier.name.bytes().map(usize::from).sum::<usize>() % 7;
    for position in (offset..cose.len()).step_by(7) {
        let mut flipped = cose.to_vec();
        flipped[position] ^= 0x01;
        let report = verifier.verify(&flipped, &against, issued.offline.freshness.checked_at);
        if report.verdict == tongguan_certificate::Verdict::Valid {
            wrong.push(format!(
                "{}: byte {position} flipped and still VALID",
                dossier.name
            ));
        }
    }
}
