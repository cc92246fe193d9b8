//! What is refused: every wrong field at once, nothing half-written, nothing panics.

use tongguan_api::clearance::v1 as pb;
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::house::{EXPORTS, House, VIN, date, opening, paper};

on_every_database! { tongguan_clearance::migrations();
    every_wrong_field_of_an_opening_is_named,
    every_wrong_field_of_a_document_is_named,
    facts_that_evidence_establishes_can_not_be_declared,
    a_call_without_a_token_is_refused_and_public_ones_are_not,
    what_is_no_certificate_is_answered_and_not_failed,
    validate_only_stores_nothing,
    a_stale_etag_is_refused,
}

fn fields(status: &tonic::Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    status
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect()
}

async fn every_wrong_field_of_an_opening_is_named(db: Database) {
    let house = House::over(db).await;
    let wrong = pb::OpenCaseRequest {
        request_id: "x".repeat(65),
        vin: "LSVWY418".into(),
        destination: "Kenya".into(),
        exporter: Some(pb::Exporter {
            code: "91310000".into(),
            filing_valid_until: Some(date(2026, 12, 0)),
            ..Default::default()
        }),
        trip: Some(pb::Trip {
            entry_mode: "ship".into(),
            commodity_code: "8703".into(),
            arrival: Some(date(2026, 13, 1)),
            ..Default::default()
        }),
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .open_case(house.ask(EXPORTS, wrong))
        .await
        .unwrap_err();
    let mut named = fields(&refused);
    named.sort();
    let mut expected = [
        "request_id",
        "vin",
        "destination",
        "exporter.kind",
        "exporter.code",
        "exporter.name",
        "exporter.filing_valid_until",
        "trip.entry_mode",
        "trip.commodity_code",
        "trip.arrival",
    ];
    expected.sort_unstable();
    assert_eq!(named, expected);
}

async fn every_wrong_field_of_a_document_is_named(db: Database) {
    let house = House::over(db).await;
    let case_id = house.open().await;
    let wrong = pb::Document {
        sha256: "ABC".into(),
        code: "Not A Code".into(),
        issued: Some(date(2026, 3, 0)),
        issuer: "line\nbreak".into(),
        statements: Some(pb::Statements {
            vins: vec![VIN.into(), "?".into()],
            destination: "Kenya".into(),
            ..Default::default()
        }),
        ..paper(pb::document::Kind::Other)
    };
    let refused = house.attach(&case_id, wrong).await.unwrap_err();
    let named = fields(&refused);
    for field in [
        "document.sha256",
        "document.code",
        "document.issued",
        "document.issuer",
        "document.statements.vins[1]",
        "document.statements.destination",
    ] {
        assert!(named.contains(&field.to_owned()), "{field}: {named:?}");
    }
    assert!(house.get(&case_id).await.documents.is_empty());
    let replaces = pb::AttachDocumentRequest {
        case_id,
        document: Some(paper(pb::document::Kind::Invoice)),
        replaces: "018f0000-0000-7000-8000-00000000dead".into(),
        ..Default::default()
    };
    let missing = house
        .client
        .clone()
        .attach_document(house.ask(EXPORTS, replaces))
        .await
        .unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

async fn facts_that_evidence_establishes_can_not_be_declared(db: Database) {
    let house = House::over(db).await;
    let facts: pbjson_types::Struct = serde_json::from_value(serde_json::json!({
        "registry.encumbered": false, "inspection": { "passed": true }, "importer.kind": "company", "NOT A NAME": 1
    }))
    .unwrap();
    let open = pb::OpenCaseRequest {
        declared_facts: Some(facts),
        ..opening(VIN)
    };
    let refused = house
        .client
        .clone()
        .open_case(house.ask(EXPORTS, open))
        .await
        .unwrap_err();
    let mut named = fields(&refused);
    named.sort();
    assert_eq!(
        named,
        [
            "declared_facts",
            "declared_facts.inspection.passed",
            "declared_facts.registry.encumbered"
        ]
    );
}

async fn a_call_without_a_token_is_refused_and_public_ones_are_not(db: Database) {
    let house = House::over(db).await;
    let refused = house
        .client
        .clone()
        .list_cases(Request::new(pb::ListCasesRequest::default()))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    house
        .client
        .clone()
        .get_trust_bundle(pb::GetTrustBundleRequest {})
        .await
        .unwrap();
    let unknown = pb::GetStatusListRequest {
        list: "elsewhere/status/0".into(),
    };
    assert_eq!(
        house
            .client
            .clone()
            .get_status_list(unknown)
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
    let tile = pb::GetLogTileRequest {
        path: "../../etc/passwd".into(),
    };
    assert_eq!(
        house
            .client
            .clone()
            .get_log_tile(tile)
            .await
            .unwrap_err()
            .code(),
        Code::NotFound
    );
}

async fn what_is_no_certificate_is_answered_and_not_failed(db: Database) {
    let house = House::over(db).await;
    for text in ["", "TG1:", "TG9:ABC", "https://example.org", "二维码"] {
        let answer = house.verify(text).await;
        assert_ne!(answer.verdict(), pb::Verdict::Valid, "{text}");
        assert!(!answer.findings.is_empty() && answer.record_json.is_empty());
    }
    let nothing = house
        .client
        .clone()
        .verify_certificate(pb::VerifyCertificateRequest::default())
        .await
        .unwrap_err();
    assert_eq!(fields(&nothing), ["presented"]);
}

async fn validate_only_stores_nothing(db: Database) {
    let house = House::over(db).await;
    let open = pb::OpenCaseRequest {
        validate_only: true,
        ..opening(VIN)
    };
    house
        .client
        .clone()
        .open_case(house.ask(EXPORTS, open.clone()))
        .await
        .unwrap();
    house.open().await;
    let taken = house
        .client
        .clone()
        .open_case(house.ask(EXPORTS, open))
        .await
        .unwrap_err();
    assert_eq!(taken.code(), Code::AlreadyExists);
}

async fn a_stale_etag_is_refused(db: Database) {
    let house = House::over(db).await;
    let case_id = house.open().await;
    let etag = house.get(&case_id).await.etag;
    house
        .attach(&case_id, paper(pb::document::Kind::Invoice))
        .await
        .unwrap();
    let submit = pb::SubmitCaseRequest {
        case_id,
        etag,
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .submit_case(house.ask(EXPORTS, submit))
        .await
        .unwrap_err();
    assert_eq!(
        (
            refused.code(),
            refused.get_details_error_info().unwrap().reason.as_str()
        ),
        (Code::Aborted, "ETAG_MISMATCH")
    );
}
