//! Ratios of this crate to bare P-256: verification, issuing, and a ship's manifest of 2,000.
//!
//! Only ratios within one run mean anything; each figure is the best of five rounds.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops where something is wrong"
)]
#![expect(clippy::print_stdout, reason = "it prints its result")]

#[expect(dead_code, reason = "shared with the tests, which use other parts")]
#[path = "../tests/all/sample.rs"]
mod sample;

use std::hint::black_box;
use std::time::Instant;

use sample::{HOUSE, ORIGIN, now};
use tongguan_certificate::{Against, Checkpoint, Signer as _, Tree, Verdict, Verifier, verify};

/// Microseconds a call, the best of five rounds.
fn micros(calls: u32, mut call: impl FnMut(u32)) -> f64 {
    let round = |call: &mut dyn FnMut(u32)| {
        let start = Instant::now();
        (0..calls).for_each(call);
        start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
    };
    (0..5)
        .map(|_| round(&mut call))
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    let list = HOUSE.status();
    let against = Against {
        status: Some(&list),
        ..Against::default()
    };
    let bundle = HOUSE.bundle();
    let record = HOUSE.record();
    let stored = record.to_be_signed().unwrap();
    let signature = HOUSE.key.sign(stored.as_bytes()).unwrap();
    let key = HOUSE.key.public_key();

    let raw = micros(2_000, |_| {
        assert!(black_box(key.verifies(stored.as_bytes(), &signature)));
    });
    let checkpoint = HOUSE.checkpoint();
    let (text, log) = (checkpoint.checkpoint().text(), HOUSE.log.public_key());
    let note = micros(2_000, |_| {
        assert!(black_box(
            log.verifies(text.as_bytes(), checkpoint.signature())
        ));
    });
    let cose = HOUSE.certify_after(&record, 436_000).to_cose();
    let verifier = Verifier::new(bundle.clone());
    let warm = micros(2_000, |_| {
        assert_eq!(
            verifier.verify(&cose, &against, now()).verdict,
            Verdict::Valid
        );
    });
    let cold = micros(2_000, |_| {
        assert_eq!(
            verify(&cose, &bundle, &against, now()).verdict,
            Verdict::Valid
        );
    });
    println!("raw P-256 verification            {raw:8.1} µs");
    println!("raw Ed25519 verification          {note:8.1} µs");
    println!(
        "verify, checkpoint seen before    {warm:8.1} µs   {:.2} of the raw rate (ask: at least 0.70)",
        raw / warm
    );
    println!(
        "verify, checkpoint new            {cold:8.1} µs   {:.2} of the raw rate, {:.2} of that of its two signatures",
        raw / cold,
        (raw + note) / cold
    );

    let bare = micros(2_000, |_| {
        black_box(HOUSE.key.sign(stored.as_bytes()).unwrap());
    });
    let mut tree = Tree::new();
    let issue = micros(2_000, |_| {
        let certificate = record.sign(&HOUSE.key).unwrap();
        tree.append(certificate.leaf_hash());
        black_box(certificate.to_cose());
    });
    println!("bare P-256 signature              {bare:8.1} µs");
    println!(
        "issue: encode, sign, log, encode  {issue:8.1} µs   {:.2} times the bare signature (ask: at most 1.50)",
        issue / bare
    );

    let signed: Vec<_> = (0..2_000)
        .map(|n| {
            sample::record(HOUSE.key.key_id().clone(), n % 1_024)
                .sign(&HOUSE.key)
                .unwrap()
        })
        .collect();
    let tree = Tree::from_leaf_hashes(
        signed
            .iter()
            .map(tongguan_certificate::Certificate::leaf_hash),
    );
    let checkpoint = Checkpoint::of(ORIGIN, &tree)
        .sign(&HOUSE.log, &HOUSE.log_key)
        .unwrap();
    let ship: Vec<_> = signed
        .into_iter()
        .zip(0..)
        .map(|(certificate, index)| {
            certificate
                .with_proof(checkpoint.prove(&tree, index).unwrap())
                .to_qr_text()
                .unwrap()
        })
        .collect();
    let manifest = micros(1, |_| {
        let verifier = Verifier::new(bundle.clone());
        let valid = ship.iter().filter(|text| {
            verifier.verify(text.as_bytes(), &against, now()).verdict == Verdict::Valid
        });
        assert_eq!(valid.count(), 2_000);
    });
    println!(
        "manifest of 2,000 QR texts        {:8.1} ms   (ask: under 1,000 on one core)",
        manifest / 1e3
    );
    println!(
        "QR text at 436,000 entries        {:8} characters",
        HOUSE
            .certify_after(&record, 436_000)
            .to_qr_text()
            .unwrap()
            .len()
    );
}
