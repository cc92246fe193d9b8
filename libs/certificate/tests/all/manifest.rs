//! A whole ship in one answer.

use tongguan_certificate::verify::{Repeated, Shared};
use tongguan_certificate::{Signer as _, Verdict, Verifier};

use crate::sample::{HOUSE, now, record};
use crate::verdicts::with_list;

#[test]
fn a_ship_is_answered_row_by_row_and_a_paper_used_twice_is_named() {
    let certificate = |n, vin: &str| {
        let mut record = record(HOUSE.key.key_id().clone(), n);
        record.vehicle.vin = vin.parse().unwrap();
        HOUSE.certify(&record).to_qr_text().unwrap()
    };
    let (first, second) = ("LSVWY4180KN246094", "LBEHDAEB58Y038860");
    let rows = [
        certificate(0, first),
        certificate(1, second),
        certificate(0, first),
        certificate(2, second),
        "TG1:DAMAGED".to_owned(),
    ];
    let list = HOUSE.status();
    let verifier = Verifier::new(HOUSE.bundle());
    let ask = |rows: &[String]| {
        verifier.verify_manifest(
            rows.iter().map(String::as_bytes),
            |_| with_list(&list),
            now(),
        )
    };
    let report = ask(&rows);
    let counts: Vec<_> = report.counts.clone().into_iter().collect();
    assert_eq!(counts, [(Verdict::Valid, 4), (Verdict::Malformed, 1)]);
    let expected = [
        Repeated {
            row: 2,
            earlier: 0,
            what: Shared::Certificate,
        },
        Repeated {
            row: 3,
            earlier: 1,
            what: Shared::Vin,
        },
    ];
    assert_eq!(report.repeated, expected);
    assert!(!report.is_clean());
    assert!(ask(&rows[..2]).is_clean());
    assert!(!ask(&rows[..3]).is_clean());
}
