//! Evidence: stored under its hash, refused when it is not what it says.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_stream::StreamExt as _;
use tongguan_api::inspection::v1 as pb;
use tongguan_inspection::Config;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::{Code, Status};

use crate::house::{House, OTHER, VIN, refusal, report};
use crate::pictures::{jpeg, photo, scene};

on_every_database! { tongguan_inspection::migrations();
    a_photograph_is_stored_once_under_its_hash,
    a_lying_type_and_a_polyglot_are_refused,
    a_length_that_is_too_large_is_refused_before_any_byte,
    more_bytes_than_announced_are_refused,
    uploads_at_once_are_bounded,
    a_stream_without_header_is_refused,
    a_report_tells_which_evidence_is_stored,
    evidence_can_be_required_to_be_stored,
    every_shot_can_be_required,
    ten_gigabytes_that_nobody_announced_are_refused_early,
    a_picture_too_large_to_unpack_is_refused_by_its_first_bytes,
    a_stream_that_breaks_leaves_nothing,
    a_photograph_that_looks_like_another_cars_is_shown,
}

/// A photograph with a comment inside, where every reader looks past it.
fn commented(comment: &[u8]) -> Vec<u8> {
    let plain = photo(1);
    let length = (comment.len() as u16 + 2).to_be_bytes();
    [&plain[..2], &[0xFF, 0xFE], &length, comment, &plain[2..]].concat()
}

pub(crate) fn header(media_type: &str, size: u64, sha256: &str) -> pb::UploadEvidenceRequest {
    let header = pb::EvidenceHeader {
        media_type: media_type.into(),
        size,
        sha256: sha256.into(),
    };
    pb::UploadEvidenceRequest {
        part: Some(pb::upload_evidence_request::Part::Header(header)),
    }
}

pub(crate) fn chunk(bytes: &[u8]) -> pb::UploadEvidenceRequest {
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

pub(crate) async fn upload(
    house: &House,
    media_type: &str,
    bytes: &[u8],
) -> Result<pb::UploadEvidenceResponse, Status> {
    let chunks = bytes.chunks(777).map(chunk);
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
    let (photo, another) = (photo(1), photo(2));
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
    let wrong = vec![header("image/jpeg", 0, &first.sha256), chunk(&another)];
    refusal(
        send(&house, wrong).await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
}

async fn a_lying_type_and_a_polyglot_are_refused(db: Database) {
    let house = House::over(db).await;
    let photo = photo(1);
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
    let script = commented(b"<script>alert(1)</script>");
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
    let long = photo(2);
    refusal(
        upload(&house, "image/jpeg", &long).await,
        Code::InvalidArgument,
        "EVIDENCE_REFUSED",
    );
    let photo = photo(1);
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
    let answer = upload(&house, "image/jpeg", &photo(2)).await;
    refusal(answer, Code::ResourceExhausted, "QUOTA_EXCEEDED");
    sender.send(chunk(&photo(1))).await.unwrap();
    drop(sender);
    slow.await.unwrap();
    upload(&house, "image/jpeg", &photo(2)).await.unwrap();
}

async fn a_stream_without_header_is_refused(db: Database) {
    let house = House::over(db).await;
    let answer = send(&house, vec![chunk(&photo(1))]).await;
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
    let here = upload(&house, "image/jpeg", &photo(1))
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
    let here = upload(&house, "image/jpeg", &photo(1))
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

async fn every_shot_can_be_required(db: Database) {
    let config = Config {
        shots_must_be_complete: true,
        ..Config::default()
    };
    let house = House::with(db, config).await;
    let body = house.station().await;
    let answer = house.submit(with_evidence(&body, &[&"a".repeat(64)])).await;
    let fields = refusal(answer, Code::InvalidArgument, "INVALID_FIELDS");
    assert_eq!(fields, ["report.evidence"; 7], "eight shots but one");
    let request = pb::GetCatalogueRequest {
        standard: "WM/T 8-2022".into(),
        ..Default::default()
    };
    let mut client = house.client.clone();
    let catalogue = client.get_catalogue(house.ask(request)).await.unwrap();
    let mut complete = report(&body, "R-2", VIN);
    for (index, shot) in catalogue.into_inner().shots.into_iter().enumerate() {
        complete.evidence.push(pb::Evidence {
            sha256: format!("{index:064x}"),
            shot,
            stored: false,
        });
    }
    house.submit(complete).await.unwrap();
}

async fn ten_gigabytes_that_nobody_announced_are_refused_early(db: Database) {
    let house = House::over(db).await;
    let pulled = Arc::new(AtomicUsize::new(0));
    let counted = pulled.clone();
    // A good beginning, then one endless comment after another.
    let endless = [&[0xFF, 0xFE, 0xFF, 0xFF][..], &vec![b'x'; 0xFFFD]]
        .concat()
        .repeat(15);
    let first = [&[0xFF, 0xD8][..], &endless].concat();
    let pieces = std::iter::once(header("image/jpeg", 0, ""))
        .chain(std::iter::once(chunk(&first)))
        .chain(std::iter::repeat_n(chunk(&endless), 10_240))
        .inspect(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
    let request = house.ask(tokio_stream::iter(pieces));
    let answer = house.client.clone().upload_evidence(request).await;
    refusal(answer, Code::InvalidArgument, "EVIDENCE_REFUSED");
    let pulled = pulled.load(Ordering::Relaxed);
    assert!(
        pulled < 20,
        "{pulled} messages of about a megabyte were taken"
    );
    assert_eq!(files(&house.folder), 0);
}

async fn a_picture_too_large_to_unpack_is_refused_by_its_first_bytes(db: Database) {
    let house = House::over(db).await;
    let mut head = b"\x89PNG\r\n\x1a\n\0\0\0\x0DIHDR".to_vec();
    head.extend([0, 1, 0, 0, 0, 1, 0, 0, 8, 2, 0, 0, 0]);
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    sender.send(header("image/png", 0, "")).await.unwrap();
    sender.send(chunk(&head)).await.unwrap();
    // The stream stays open: the answer comes without its end.
    let messages = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let answer = house
        .client
        .clone()
        .upload_evidence(house.ask(messages))
        .await;
    let status = answer.as_ref().unwrap_err();
    assert!(status.message().contains("65536 x 65536"), "{status:?}");
    refusal(answer, Code::InvalidArgument, "EVIDENCE_REFUSED");
    drop(sender);
}

async fn a_stream_that_breaks_leaves_nothing(db: Database) {
    let house = House::over(db).await;
    let photo = photo(1);
    let half = chunk(&photo[..photo.len() / 2]);
    let (sender, receiver) = tokio::sync::mpsc::channel(4);
    sender
        .send(header("image/jpeg", photo.len() as u64, ""))
        .await
        .unwrap();
    sender.send(half.clone()).await.unwrap();
    let messages = tokio_stream::wrappers::ReceiverStream::new(receiver);
    {
        let mut client = house.client.clone();
        let mut broken = std::pin::pin!(client.upload_evidence(house.ask(messages)));
        for _ in 0..100 {
            assert!(futures::poll!(broken.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(files(&house.folder), 0);
    // What ends too soon is no photograph either, and the whole can be sent again.
    let short = tokio_stream::iter([header("image/jpeg", 0, ""), half]).map(|message| message);
    let answer = house.client.clone().upload_evidence(house.ask(short)).await;
    refusal(answer, Code::InvalidArgument, "EVIDENCE_REFUSED");
    assert_eq!(files(&house.folder), 0);
    assert!(
        !upload(&house, "image/jpeg", &photo)
            .await
            .unwrap()
            .already_stored
    );
}

async fn a_photograph_that_looks_like_another_cars_is_shown(db: Database) {
    let house = House::over(db).await;
    let body = house.station().await;
    let original = scene(1);
    let smaller = original.resize_exact(72, 54, image::imageops::FilterType::Triangle);
    let mut hashes = vec![];
    for bytes in [jpeg(&original, 90), jpeg(&smaller, 60), photo(2)] {
        hashes.push(upload(&house, "image/jpeg", &bytes).await.unwrap().sha256);
    }
    let submit = |number: &str, vin: &str, hash: &str| {
        let mut report = report(&body, number, vin);
        report.evidence = with_evidence(&body, &[hash]).evidence;
        house.submit(report)
    };
    let first = submit("R-1", VIN, &hashes[0]).await.unwrap();
    submit("R-2", VIN, &hashes[1]).await.unwrap();
    submit("R-3", OTHER, &hashes[2]).await.unwrap();
    assert_eq!(
        house.anomalies().await,
        [],
        "the same car, and another picture"
    );
    let second = submit("R-4", OTHER, &hashes[1]).await.unwrap();
    let seen = house.anomalies().await;
    let mut kinds: Vec<_> = seen.iter().map(pb::Anomaly::kind).collect();
    kinds.sort();
    use pb::anomaly::Kind;
    assert_eq!(kinds, [Kind::EvidenceReused, Kind::PhotoDuplicate]);
    let alike = seen
        .iter()
        .find(|seen| seen.kind() == Kind::PhotoDuplicate)
        .unwrap();
    assert_eq!(alike.inspection, second.id);
    assert_eq!(alike.related, [first.id]);
    assert_eq!(alike.evidence, [hashes[1].clone(), hashes[0].clone()]);
    let bits = &alike.figures[0];
    assert_eq!(
        (bits.name.as_str(), bits.limit),
        ("differing_bits", Some(19.0))
    );
    assert!(
        bits.value <= 19.0 && alike.explanation.contains("looks like"),
        "{alike:?}"
    );
}
