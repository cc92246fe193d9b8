//! The published test vectors still hold: what the format said yesterday it says today.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tongguan_certificate::{
    Against, Algorithm, Certificate, NoteKey, PublicKey, Record, SignedCheckpoint, StatusList,
    Timestamp, TrustBundle, verify,
};

const VECTORS: &str = include_str!("../../vectors/v1.json");

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[test]
fn the_published_vectors_are_read_written_and_judged_as_published() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let bytes = |name: &str| STANDARD.decode(vectors[name].as_str().unwrap()).unwrap();
    let root = PublicKey::new(Algorithm::Es256, &bytes("root")).unwrap();
    let bundle = TrustBundle::open(&bytes("trust_bundle"), &[root]).unwrap();
    let list = StatusList::open(&bytes("status_list"), &bundle).unwrap();
    let log: NoteKey = vectors["log"].as_str().unwrap().parse().unwrap();
    assert_eq!(bundle.trust().logs.as_slice(), std::slice::from_ref(&log));
    let certificates = vectors["certificates"].as_array().unwrap();
    assert_eq!(certificates.len(), 2);
    for vector in certificates {
        let text = |name: &str| vector[name].as_str().unwrap();
        let record = Record::from_json(&vector["record"].to_string()).unwrap();
        let stored = record.to_be_signed().unwrap();
        assert_eq!(hex(stored.as_bytes()), text("to_be_signed"));
        let certificate = Certificate::from_qr_text(text("qr")).unwrap();
        assert_eq!(certificate.record(), &record);
        assert_eq!(hex(&certificate.to_cose()), text("cose"));
        assert_eq!(hex(&certificate.log_entry()), text("log_entry"));
        assert_eq!(certificate.leaf_hash().to_string(), text("leaf_hash"));
        let checkpoint = SignedCheckpoint::open(text("checkpoint"), &log).unwrap();
        let now = Timestamp::from_seconds(vector["now"].as_i64().unwrap()).unwrap();
        let against = Against {
            status: Some(&list),
            checkpoint: Some(&checkpoint),
            ..Against::default()
        };
        let report = verify(text("qr").as_bytes(), &bundle, &against, now);
        assert_eq!(report.reason.code(), text("reason"));
        assert_eq!(
            serde_json::to_value(report.verdict).unwrap(),
            vector["verdict"]
        );
    }
}
