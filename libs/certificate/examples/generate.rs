//! Writes N certificates as NDJSON, valid and spoiled, each with the verdict and reason it must get,
//! so that verifiers written from FORMAT.md alone can be compared with this one.
//!
//! `cargo run -p tongguan-certificate --example generate -- 10000 > certificates.ndjson`
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
use sample::{HOUSE, House, LIST, issued, now};
use serde_json::json;
use tongguan_certificate::{
    Against, Certificate, Fixed, Reason, Record, Signer as _, Status, StatusList, Timestamp,
    ToBeSigned, Verdict, Verifier,
};

/// One line: what is presented, when, with or without the status list, and the reason known by construction.
struct Case {
    kind: &'static str,
    input: Vec<u8>,
    at: Timestamp,
    status: bool,
    reason: Option<Reason>,
}

/// Spoils stored bytes before they are signed: an issuer's own fault.
fn signed_with(record: &Record, from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = record.to_be_signed().unwrap().as_bytes().to_vec();
    let place = bytes
        .windows(from.len())
        .position(|part| part == from)
        .unwrap();
    bytes[place..place + from.len()].copy_from_slice(to);
    let bytes = ToBeSigned::from_bytes(&bytes).unwrap();
    bytes.attach(&bytes.sign(&HOUSE.key).unwrap())
}

/// Changes one byte of the claims before they are signed, and logs the result where it can be read:
/// the two verifiers must agree on what a claim may be.
fn signed_after_a_change(record: &Record, pick: usize) -> Vec<u8> {
    let stored = record.to_be_signed().unwrap().as_bytes().to_vec();
    let claims = stored
        .windows(9)
        .position(|part| &part[1..] == b"\x01\x70tonggu")
        .unwrap();
    let mut bytes = stored.clone();
    let place = claims + pick * 37 % (bytes.len() - claims);
    bytes[place] ^= [1, 2, 4, 8, 16, 32, 64, 128, 3, 0xff][pick % 10];
    let bytes = ToBeSigned::from_bytes(&bytes).unwrap();
    let signature = bytes.sign(&HOUSE.key).unwrap();
    match Certificate::attach(&bytes, &signature) {
        Ok(certificate) => HOUSE.log(certificate, 7).to_cose(),
        Err(_) => bytes.attach(&signature),
    }
}

fn spoil_proof(certificate: Certificate, n: u32) -> Certificate {
    let mut proof = certificate.proof().unwrap().clone();
    match n % 5 {
        0 => proof.index ^= 1,
        1 => proof.size += 1,
        2 => proof.path.truncate(1),
        3 => proof.path[0].0[n as usize % 32] ^= 1,
        _ => proof.signature.0[n as usize % 64] ^= 1,
    }
    certificate.with_proof(proof)
}

fn case(n: u32, stranger: &House, list: &StatusList) -> Case {
    let mut record = sample::record(HOUSE.key.key_id().clone(), n);
    record.status.index = 0;
    record.simulated = !n.is_multiple_of(3);
    if n.is_multiple_of(4) {
        (
            record.licence_number,
            record.vehicle.engine_tail,
            record.decision.ship_by,
        ) = (None, None, None);
    }
    let certify = |record: &Record| HOUSE.certify_after(record, u64::from(n % 300)).to_cose();
    let (mut at, mut status) = (now(), true);
    let pick = n as usize / 26;
    let (kind, input, reason) = match n % 26 {
        0 | 1 => (
            "valid COSE",
            certify(&record),
            Some(Reason::AllChecksPassed),
        ),
        2 => (
            "signed after a change",
            signed_after_a_change(&record, pick),
            None,
        ),
        3 | 4 => {
            let text = HOUSE
                .certify_after(&record, u64::from(n))
                .to_qr_text()
                .unwrap();
            (
                "valid QR text",
                text.into_bytes(),
                Some(Reason::AllChecksPassed),
            )
        }
        5..=8 => {
            let mut cose = certify(&record);
            let place = pick * 7_919 % cose.len();
            cose[place] ^= 1 << (n % 8);
            ("one bit flipped", cose, None)
        }
        9 => {
            let mut text = HOUSE.certify(&record).to_qr_text().unwrap().into_bytes();
            let place = pick * 7_919 % text.len();
            text[place] = if text[place] == b'7' { b'8' } else { b'7' };
            ("one character changed", text, None)
        }
        10 => {
            let cose = certify(&record);
            (
                "cut short",
                cose[..=pick * 31 % (cose.len() - 1)].to_vec(),
                Some(Reason::BadCose),
            )
        }
        11 => {
            let foreign = sample::record(stranger.key.key_id().clone(), n);
            (
                "unknown key",
                stranger.certify(&foreign).to_cose(),
                Some(Reason::UnknownKey),
            )
        }
        12 => (
            "not logged",
            record.sign(&HOUSE.key).unwrap().to_cose(),
            Some(Reason::ProofMissing),
        ),
        13 => {
            let spoiled = spoil_proof(HOUSE.certify_after(&record, 9), pick as u32);
            (
                "wrong proof",
                spoiled.to_cose(),
                Some(Reason::ProofMismatch),
            )
        }
        14 => {
            let certificate = HOUSE.certify(&record);
            let mut proof = certificate.proof().unwrap().clone();
            proof.log_key = Fixed([9, 9, 9, 9]);
            (
                "unknown log",
                certificate.with_proof(proof).to_cose(),
                Some(Reason::UnknownLog),
            )
        }
        15 => {
            let (index, reason) = [
                (1, Reason::Revoked),
                (2, Reason::Suspended),
                (3, Reason::Used),
            ][pick % 3];
            record.status.index = index;
            ("status", certify(&record), Some(reason))
        }
        16 => {
            record.expires_at = now();
            ("expired", certify(&record), Some(Reason::Expired))
        }
        17 => {
            at = list.fresh_until();
            ("stale status", certify(&record), Some(Reason::StatusStale))
        }
        18 => {
            status = false;
            (
                "no status",
                certify(&record),
                Some(Reason::StatusUnavailable),
            )
        }
        19 => {
            record.status.index = list.size() + n;
            (
                "index outside",
                certify(&record),
                Some(Reason::StatusIndexOutside),
            )
        }
        20 => {
            record.status.list = format!("{LIST}0");
            (
                "other list",
                certify(&record),
                Some(Reason::StatusOfOtherList),
            )
        }
        21 => {
            record.issuer.insert_str(0, "other.");
            (
                "other issuer",
                certify(&record),
                Some(Reason::IssuerMismatch),
            )
        }
        22 => {
            record.issued_at = issued().plus(-86_401);
            (
                "key not yet valid",
                certify(&record),
                Some(Reason::KeyNotValidWhenIssued),
            )
        }
        23 => match pick % 3 {
            0 => {
                record.key_id = HOUSE.status_key.key_id().clone();
                let other = record.sign(&HOUSE.status_key).unwrap().to_cose();
                ("key for other use", other, Some(Reason::KeyForOtherUse))
            }
            1 => {
                record.issued_at = now().plus(301);
                (
                    "issued in the future",
                    certify(&record),
                    Some(Reason::ClockDisagrees),
                )
            }
            _ => (
                "a status list",
                list.sign(&HOUSE.status_key).unwrap(),
                Some(Reason::BadHeader),
            ),
        },
        24 => {
            let (from, to): (&[u8], &[u8]) = [
                (&b"LSVWY4180KN246094"[..], &b"LSVWY4180KN24609I"[..]),
                (b"LSVWY4180KN246094", b"LSVWY4180KN24609\xff"),
                (b"white", b"whit\n"),
                (b"white", b"whit "),
                (b"\x62KZ", b"\x62kz"),
            ][pick % 5];
            (
                "bad claims",
                signed_with(&record, from, to),
                Some(Reason::BadClaims),
            )
        }
        _ => {
            let text = HOUSE.certify(&record).to_qr_text().unwrap();
            let (input, reason) = match pick % 5 {
                0 => (text.replacen("TG1", "TG2", 1), Reason::UnsupportedVersion),
                1 => (text[3..].to_owned(), Reason::NotACertificate),
                2 => (format!("{text}\n"), Reason::TextDamaged),
                3 => (text.to_lowercase(), Reason::NotACertificate),
                _ => (format!("TG1:{}", &text[7..]), Reason::TextDamaged),
            };
            ("text", input.into_bytes(), Some(reason))
        }
    };
    Case {
        kind,
        input,
        at,
        status,
        reason,
    }
}

fn main() -> std::io::Result<()> {
    let count = std::env::args()
        .nth(1)
        .map_or(1_000, |count| count.parse().unwrap());
    let stranger = House::new();
    let mut list = HOUSE.status();
    for (index, status) in [
        (1, Status::Revoked),
        (2, Status::Suspended),
        (3, Status::Used),
    ] {
        list.set(index, status).unwrap();
    }
    let bundle = HOUSE.bundle();
    let verifier = Verifier::new(bundle.clone());
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let head = json!({
        "trust_bundle": STANDARD.encode(bundle.as_bytes()),
        "root": STANDARD.encode(HOUSE.root.public_key().as_bytes()),
        "status_list": STANDARD.encode(list.sign(&HOUSE.status_key).unwrap()),
    });
    writeln!(out, "{head}")?;
    for n in 0..count {
        let case = case(n, &stranger, &list);
        let against = Against {
            status: case.status.then_some(&list),
            ..Against::default()
        };
        let report = verifier.verify(&case.input, &against, case.at);
        let known = case.reason.unwrap_or(report.reason);
        assert_eq!(report.reason, known, "{} {n}", case.kind);
        let may_be_valid =
            case.reason == Some(Reason::AllChecksPassed) || case.kind == "signed after a change";
        assert!(
            report.verdict != Verdict::Valid || may_be_valid,
            "{} {n}",
            case.kind
        );
        let line = json!({
            "n": n,
            "kind": case.kind,
            "input": STANDARD.encode(&case.input),
            "now": case.at.seconds(),
            "with_status": case.status,
            "verdict": report.verdict,
            "reason": report.reason,
        });
        writeln!(out, "{line}")?;
    }
    out.flush()
}
