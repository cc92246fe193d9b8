//! Evidence: stored under its hash, refused when it is not what it says.

use tongguan_api::inspection::v1 as pb;
use tongguan_inspection::Config;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::{Code, Status};

use crate::house::{House, VIN, refusal, report};

on_every_database! { tongguan_inspection::migrations();
    a_photograph_is_stored_once_under_its_hash,
    a_lying_type_and_a_polyglot_are_refused,
    a_length_that_is_too_large_is_refused_before_any_byte,
    more_bytes_than_announced_are_refused,
    uploads_at_once_are_bounded,
    a_stream_without_header_is_refused,
    a_report_tells_which_evidence_is_stored,
    evidence_can_be_required_to_be_stored,
}

fn jpeg(inside: &[u8]) -> Vec<u8> {
    [&[0xFF, 0xD8, 0xFF, 0xE0], inside, &[0xFF, 0xD9]].concat()
}

fn header(media_type: &str, size: u64, sha256: &str) -> pb::UploadEvidenceRequest {
    let header = pb::EvidenceHeader {
        media_type: media_type.into(),
        size,
        sha256: sha256.into(),
    };
    pb::UploadEvidenceRequest {
        part: Some(pb::upload_evidence_request::Part::Header(header)),
    }
}

fn chunk(bytes: &[u8]) -> pb::UploadEvidenceRequest {
    pb::UploadEvidenceRequest {
        part: Some(pb::upload_evidence_request::Part::Chunk(
            bytes.to_vec().into(),
        )),
    }
}

async fn send(
    house: &House,
    messages: Vec<pb::UploadEvidenceRequest>,
) -> Result<pb::UploadEvidenceResponse, Status> {
    let request = house.ask(tokio_stream::iter(messages));
    Ok(house
        .client
        .clone()
        .upload_evidence(request)
        .await?
        .into_inner())
}

async fn upload(
    house: &House,
    media_type: &str,
    bytes: &[u8],
) -> Result<pb::UploadEvidenceResponse, Status> {
    let chunks = bytes.chunks(7).map(chunk);
    send(
        house,
        std::iter::once(header(media_type, 0, ""))
            .chain(chunks)
            .collect(),
    )
    .await
}

fn files(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}

async fn a_photograph_is_stored_once_under_its_hash(db: Database) {
    let house = House::over(db).await;
    let photo = jpeg(b"a car from the front");
    let first = upload(&house, "image/jpeg", &photo).await.unwrap();
    assert_eq!(
        (first.size, first.already_stored),
        (photo.len() as u64, false)
    );
    let path = house
        .folder
        .join("acme")
        .join(&first.sha256[..2])
        .join(&first.sha256);
    assert_eq!(std::fs::read(path).unwrap(), photo);
    let expected = vec![
        header("image/jpeg", photo.len() as u64, &first.sha256),
        chunk(&photo),
    ];
    let again = send(&house, expected).await.unwrap();
    assert!(again.already_stored);
    assert_eq!(files(&house.folder), 1);
    let wrong = vec![
        header("image/jpeg", 0, &first.sha256),
        chunk(&jpeg(b"another")),
    ];
    refusal(
        send(&house, wrong).await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
}

async fn a_lying_type_and_a_polyglot_are_refused(db: Database) {
    let house = House::over(db).await;
    let photo = jpeg(b"pixels");
    refusal(
        upload(&house, "image/png", &photo).await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
    refusal(
        upload(&house, "text/html", &photo).await,
        Code::InvalidArgument,
        "INVALID_FIELDS",
    );
    refusal(
        upload(&house, "image/jpeg", b"").await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
    let script = jpeg(b"<script>alert(1)</script>");
    refusal(
        upload(&house, "image/jpeg", &script).await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
    assert_eq!(files(&house.folder), 0);
}

async fn a_length_that_is_too_large_is_refused_before_any_byte(db: Database) {
    let house = House::over(db).await;
    let ten_gigabytes = vec![header("image/jpeg", 10 << 30, "")];
    refusal(
        send(&house, ten_gigabytes).await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
}

async fn more_bytes_than_announced_are_refused(db: Database) {
    let config = Config {
        max_evidence_bytes: 64,
        ..Config::default()
    };
    let house = House::with(db, config).await;
    let long = jpeg(&[7; 100]);
    refusal(
        upload(&house, "image/jpeg", &long).await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
    let photo = jpeg(b"pixels");
    let short = vec![
        header("image/jpeg", photo.len() as u64 - 1, ""),
        chunk(&photo),
    ];
    refusal(
        send(&house, short).await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
    let cut = vec![
        header("image/jpeg", photo.len() as u64 + 1, ""),
        chunk(&photo),
    ];
    refusal(
        send(&house, cut).await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
    assert_eq!(files(&house.folder), 0);
}

async fn uploads_at_once_are_bounded(db: Database) {
    let config = Config {
        max_uploads: 1,
        ..Config::default()
    };
    let house = House::with(db, config).await;
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    sender.send(header("image/jpeg", 0, "")).await.unwrap();
    let mut client = house.client.clone();
    let messages = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let mut slow = std::pin::pin!(client.upload_evidence(house.ask(messages)));
    // In process a call runs where it is polled: a few turns take it to its second message.
    for _ in 0..100 {
        assert!(futures::poll!(slow.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    let answer = upload(&house, "image/jpeg", &jpeg(b"another")).await;
    refusal(answer, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    sender.send(chunk(&jpeg(b"slow"))).await.unwrap();
    drop(sender);
    slow.await.unwrap();
    upload(&house, "image/jpeg", &jpeg(b"another"))
        .await
        .unwrap();
}

async fn a_stream_without_header_is_refused(db: Database) {
    let house = House::over(db).await;
    let answer = send(&house, vec![chunk(&jpeg(b"x"))]).await;
    assert_eq!(
        refusal(answer, Code::InvalidArgument, "INVALID_FIELDS"),
        ["header"]
    );
    refusal(
        send(&house, vec![]).await,
        Code::InvalidArgument,
        "INVALID_FIELDS",
    );
    let twice = vec![header("image/jpeg", 0, ""), header("image/jpeg", 0, "")];
    assert_eq!(
        refusal(
            send(&house, twice).await,
            Code::InvalidArgument,
            "INVALID_FIELDS"
        ),
        ["chunk"]
    );
}

fn with_evidence(body: &pb::InspectionBody, hashes: &[&str]) -> pb::InspectionReport {
    let mut report = report(body, "R-1", VIN);
    report.evidence = hashes
        .iter()
        .map(|hash| pb::Evidence {
            sha256: (*hash).into(),
            shot: "front_left".into(),
            stored: false,
        })
        .collect();
    report
}

async fn a_report_tells_which_evidence_is_stored(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let here = upload(&house, "image/jpeg", &jpeg(b"front"))
        .await
        .unwrap()
        .sha256;
    let stored = house
        .submit(with_evidence(&body, &[&here, &"a".repeat(64)]))
        .await
        .unwrap();
    let marks: Vec<_> = stored
        .report
        .unwrap()
        .evidence
        .into_iter()
        .map(|evidence| evidence.stored)
        .collect();
    assert_eq!(marks, [true, false]);
    assert!(
        stored
            .notices
            .iter()
            .any(|notice| notice.code == "EVIDENCE_NOT_STORED")
    );
}

async fn evidence_can_be_required_to_be_stored(db: Database) {
    let config = Config {
        evidence_must_be_stored: true,
        ..Config::default()
    };
    let house = House::with(db, config).await;
    let body = house.station().await;
    let here = upload(&house, "image/jpeg", &jpeg(b"front"))
        .await
        .unwrap()
        .sha256;
    let answer = house
        .submit(with_evidence(&body, &[&here, &"a".repeat(64)]))
        .await;
    assert_eq!(
        refusal(answer, Code::InvalidArgument, "INVALID_FIELDS"),
        ["report.evidence[1].sha256"]
    );
    house.submit(with_evidence(&body, &[&here])).await.unwrap();
}
