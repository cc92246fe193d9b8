//! Reports signed by their bodies: what a dry run gives to sign, what is verified, and what is refused.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tongguan_api::inspection::v1 as pb;
use tongguan_inspection::{Config, Signatures};
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::house::{House, VIN, date, refusal, report, station};

on_every_database! { tongguan_inspection::migrations();
    a_body_with_a_key_signs_what_the_dry_run_shows,
    a_signature_over_another_report_or_by_another_key_is_refused,
    a_key_that_ended_signs_no_more,
    signatures_can_be_required_of_everybody_or_nobody,
    a_correction_is_signed_too,
    keys_that_are_none_are_named_at_once,
}

struct Pen(Ed25519KeyPair);

impl Pen {
    fn new() -> Self {
        Self(Ed25519KeyPair::generate().unwrap())
    }

    fn key(&self, id: &str) -> pb::BodyKey {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref());
        pb::BodyKey {
            id: id.into(),
            public_key: format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
            valid_from: Some(date(2026, 1, 1)),
            ..Default::default()
        }
    }

    fn sign(&self, kid: &str, canonical: &str) -> String {
        let header = format!(r#"{{"alg":"EdDSA","kid":"{kid}","typ":"tongguan-report+jws"}}"#);
        let (header, payload) = (
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(canonical),
        );
        let signature = self.0.sign(format!("{header}.{payload}").as_bytes());
        format!("{header}..{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

async fn signing(house: &House, keys: Vec<pb::BodyKey>) -> pb::InspectionBody {
    let request = pb::RegisterBodyRequest {
        request_id: "signing".into(),
        body: Some(pb::InspectionBody { keys, ..station() }),
    };
    house
        .client
        .clone()
        .register_body(house.ask(request))
        .await
        .unwrap()
        .into_inner()
}

async fn send(
    house: &House,
    report: &pb::InspectionReport,
    signature: &str,
    validate_only: bool,
) -> Result<pb::Inspection, Status> {
    let request = pb::SubmitInspectionRequest {
        report: Some(report.clone()),
        signature: signature.into(),
        validate_only,
        ..Default::default()
    };
    let answer = house
        .client
        .clone()
        .submit_inspection(house.ask(request))
        .await?;
    Ok(answer.into_inner())
}

fn cause(answer: Result<pb::Inspection, Status>) -> String {
    let info = answer
        .as_ref()
        .unwrap_err()
        .get_details_error_info()
        .unwrap();
    assert_eq!(
        refusal(answer, Code::InvalidArgument, "SIGNATURE_REFUSED"),
        ["signature"]
    );
    assert_eq!(info.metadata["report_sha256"].len(), 64);
    info.metadata["cause"].clone()
}

async fn a_body_with_a_key_signs_what_the_dry_run_shows(db: Database) {
    let house = House::over(db).await;
    let pen = Pen::new();
    let body = signing(&house, vec![pen.key("k-1")]).await;
    assert_eq!(body.keys[0].algorithm(), pb::body_key::Algorithm::Ed25519);
    let sent = report(&body, "R-1", VIN);
    let dry = send(&house, &sent, "", true).await.unwrap();
    assert!(
        dry.canonical_report.starts_with(r#"{"body":""#),
        "{}",
        dry.canonical_report
    );
    assert_eq!(cause(send(&house, &sent, "", false).await), "MISSING");
    assert_eq!(house.stored().await, 0);
    let jws = pen.sign("k-1", &dry.canonical_report);
    let stored = send(&house, &sent, &jws, false).await.unwrap();
    assert_eq!(stored.report_sha256, dry.report_sha256);
    let hash =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, dry.canonical_report.as_bytes());
    let hex = crate::bucket::hex(hash.as_ref());
    assert_eq!(
        stored.report_sha256, hex,
        "anybody can compute what a certificate pins"
    );
    let signature = house.get(&stored.id).await.signature.unwrap();
    assert_eq!((signature.jws, signature.key.as_str()), (jws, "k-1"));
}

async fn a_signature_over_another_report_or_by_another_key_is_refused(db: Database) {
    let house = House::over(db).await;
    let (pen, thief) = (Pen::new(), Pen::new());
    let body = signing(&house, vec![pen.key("k-1")]).await;
    let sent = report(&body, "R-1", VIN);
    let text = send(&house, &sent, "", true)
        .await
        .unwrap()
        .canonical_report;
    let mut better = sent.clone();
    better.measurements[0].value += 10.0;
    let table = [
        (&better, pen.sign("k-1", &text), "WRONG"),
        (&sent, thief.sign("k-1", &text), "WRONG"),
        (&sent, pen.sign("k-2", &text), "KEY_UNKNOWN"),
        (&sent, "x.y.z".into(), "MALFORMED"),
    ];
    for (report, jws, expected) in table {
        assert_eq!(cause(send(&house, report, &jws, false).await), expected);
        assert_eq!(
            cause(send(&house, report, &jws, true).await),
            expected,
            "in a dry run too"
        );
    }
    assert_eq!(house.stored().await, 0);
}

async fn a_key_that_ended_signs_no_more(db: Database) {
    let house = House::over(db).await;
    let (old, new) = (Pen::new(), Pen::new());
    let body = signing(&house, vec![old.key("old")]).await;
    let sent = report(&body, "R-1", VIN);
    let text = send(&house, &sent, "", true)
        .await
        .unwrap()
        .canonical_report;
    let mut ended = old.key("old");
    ended.valid_until = Some(date(2026, 3, 1));
    let request = pb::UpdateBodyRequest {
        body: Some(pb::InspectionBody {
            keys: vec![ended, new.key("")],
            ..body
        }),
        update_mask: Some(tongguan_api::FieldMask {
            paths: vec!["keys".into()],
        }),
        ..Default::default()
    };
    let body = house
        .client
        .clone()
        .update_body(house.ask(request))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(body.keys[1].id.len(), 43, "the thumbprint of its JWK");
    assert_eq!(
        cause(send(&house, &sent, &old.sign("old", &text), false).await),
        "KEY_NOT_VALID"
    );
    let jws = new.sign(&body.keys[1].id, &text);
    send(&house, &sent, &jws, false).await.unwrap();
}

async fn signatures_can_be_required_of_everybody_or_nobody(db: Database) {
    let with = |signatures| Config {
        signatures,
        ..Config::default()
    };
    let strict = House::with(db.clone(), with(Signatures::Everybody)).await;
    let body = strict.station().await;
    let sent = report(&body, "R-1", VIN);
    assert_eq!(cause(send(&strict, &sent, "", false).await), "MISSING");
    let lax = House::with(db, with(Signatures::Optional)).await;
    let pen = Pen::new();
    let request = pb::UpdateBodyRequest {
        body: Some(pb::InspectionBody {
            keys: vec![pen.key("k-1")],
            ..body
        }),
        update_mask: Some(tongguan_api::FieldMask {
            paths: vec!["keys".into()],
        }),
        ..Default::default()
    };
    lax.client
        .clone()
        .update_body(lax.ask(request))
        .await
        .unwrap();
    assert_eq!(
        cause(send(&lax, &sent, &pen.sign("k-1", "{}"), false).await),
        "WRONG",
        "what is given is checked"
    );
    let stored = send(&lax, &sent, "", false).await.unwrap();
    assert_eq!(stored.signature, None);
}

async fn a_correction_is_signed_too(db: Database) {
    let house = House::over(db).await;
    let pen = Pen::new();
    let body = signing(&house, vec![pen.key("k-1")]).await;
    let sent = report(&body, "R-1", VIN);
    let text = send(&house, &sent, "", true)
        .await
        .unwrap()
        .canonical_report;
    let first = send(&house, &sent, &pen.sign("k-1", &text), false)
        .await
        .unwrap();
    let corrected = report(&body, "R-2", VIN);
    let mut request = pb::SupersedeInspectionRequest {
        id: first.id,
        report: Some(corrected.clone()),
        reason: "typing error".into(),
        ..Default::default()
    };
    let answer = house
        .client
        .clone()
        .supersede_inspection(house.ask(request.clone()))
        .await;
    assert_eq!(cause(answer.map(tonic::Response::into_inner)), "MISSING");
    let text = send(&house, &corrected, "", true)
        .await
        .unwrap()
        .canonical_report;
    request.signature = pen.sign("k-1", &text);
    house
        .client
        .clone()
        .supersede_inspection(house.ask(request))
        .await
        .unwrap();
}

async fn keys_that_are_none_are_named_at_once(db: Database) {
    let house = House::over(db).await;
    let pen = Pen::new();
    let mut private = pen.key("k-2");
    private.public_key = private.public_key.replace("\"x\"", "\"d\":\"AA\",\"x\"");
    let mut late = pen.key("k 3");
    late.valid_until = Some(date(2025, 1, 1));
    let body = pb::InspectionBody {
        keys: vec![pen.key("k-1"), pen.key("k-1"), private, late],
        ..station()
    };
    let request = pb::RegisterBodyRequest {
        request_id: String::new(),
        body: Some(body),
    };
    let answer = house.client.clone().register_body(house.ask(request)).await;
    let mut fields = refusal(answer, Code::InvalidArgument, "INVALID_FIELDS");
    fields.sort();
    assert_eq!(
        fields,
        [
            "body.keys[1].id",
            "body.keys[2].public_key",
            "body.keys[3].id",
            "body.keys[3].valid_until"
        ]
    );
}
