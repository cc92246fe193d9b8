//! Writes a fresh set of test vectors; its private keys are thrown away.
//!
//! `cargo run -p tongguan-certificate --example vectors > libs/certificate/vectors/v1.json`
#![expect(
    clippy::unwrap_used,
    reason = "a tool for tests: it stops where something is wrong"
)]

#[expect(dead_code, reason = "shared with the tests, which use other parts")]
#[path = "../tests/all/sample.rs"]
mod sample;

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sample::{HOUSE, ORIGIN, now};
use serde_json::{Value, json};
use tongguan_certificate::{
    Against, Certificate, Checkpoint, Digest, Record, Signer as _, Status, StatusList, Tree, verify,
};

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn entry(name: &str, record: &Record, list: &StatusList) -> Value {
    let bare = record.sign(&HOUSE.key).unwrap();
    let mut tree = Tree::from_leaf_hashes((0_u64..5).map(|n| Digest::of(&n.to_be_bytes())));
    let index = tree.append(bare.leaf_hash());
    let checkpoint = Checkpoint::of(ORIGIN, &tree)
        .sign(&HOUSE.log, &HOUSE.log_key)
        .unwrap();
    let certificate: Certificate = bare.with_proof(checkpoint.prove(&tree, index).unwrap());
    let against = Against {
        status: Some(list),
        ..Against::default()
    };
    let report = verify(&certificate.to_cose(), &HOUSE.bundle(), &against, now());
    json!({
        "name": name,
        "record": serde_json::from_str::<Value>(&record.to_json().unwrap()).unwrap(),
        "key_id": record.key_id,
        "to_be_signed": hex(record.to_be_signed().unwrap().as_bytes()),
        "log_entry": hex(&certificate.log_entry()),
        "leaf_hash": certificate.leaf_hash(),
        "checkpoint": checkpoint.note(),
        "cose": hex(&certificate.to_cose()),
        "qr": certificate.to_qr_text().unwrap(),
        "now": now().seconds(),
        "verdict": report.verdict,
        "reason": report.reason,
    })
}

fn main() -> std::io::Result<()> {
    let mut list = HOUSE.status();
    list.set(9, Status::Revoked).unwrap();
    let full = HOUSE.record();
    let mut least = sample::record(HOUSE.key.key_id().clone(), 9);
    least.simulated = false;
    least.vehicle.first_registration = "2018".parse().unwrap();
    (least.vehicle.model_year, least.vehicle.engine_tail) = (None, None);
    (least.decision.ship_by, least.licence_number) = (None, None);
    (least.compared, least.evidence) = ([].into(), [].into());
    let vectors = json!({
        "format": "tongguan-certificate/1",
        "root": STANDARD.encode(HOUSE.root.public_key().as_bytes()),
        "trust_bundle": STANDARD.encode(HOUSE.bundle().as_bytes()),
        "log": HOUSE.log.to_string(),
        "status_list": STANDARD.encode(list.sign(&HOUSE.status_key).unwrap()),
        "certificates": [entry("every optional field", &full, &list), entry("no optional field, revoked", &least, &list)],
    });
    writeln!(std::io::stdout(), "{vectors:#}")
}
