//! Form: round trips, one form only, damage is always noticed, arbitrary bytes never panic.

use coset::TaggedCborSerializable as _;
use proptest::prelude::*;
use tongguan_certificate::{
    Against, Certificate, Compared, Evidence, EvidenceKind, Fixed, LogProof, Outcome, Record,
    Signer as _, Status, StatusList, ToBeSigned, TrustBundle, Verdict, Verifier, log, qr,
};

use crate::sample::{HOUSE, issued, now, record};

fn records() -> impl Strategy<Value = Record> {
    let text = |most: usize| {
        let pattern = prop::string::string_regex("[a-zA-Zа-я车白０-９&<>\"'{}.-]{1,8}").unwrap();
        pattern.prop_map(move |text| text.chars().take(most / 4).collect::<String>())
    };
    let day = (1990_i64..2100, 0_i64..13, 0_i64..29);
    let car = (
        text(40),
        text(60),
        text(30),
        prop::option::of(1990_u16..2100),
        day,
        any::<[u8; 16]>(),
    );
    let rest = (
        any::<bool>(),
        prop::option::of(text(40)),
        prop::option::of(any::<[u8; 32]>()),
        0_usize..3,
    );
    let sets = (
        prop::collection::vec(text(40), 0..6),
        prop::bits::u16::masked(0x0fff),
        any::<u32>(),
        1_i64..1_000_000,
    );
    (car, rest, sets).prop_map(
        |((make, model, colour, year, day, salt), rest, (ids, fields, index, life))| {
            let (simulated, licence, photograph, outcome) = rest;
            let mut r = record(HOUSE.key.key_id().clone(), index);
            (r.vehicle.make, r.vehicle.model, r.vehicle.colour) = (make, model, colour);
            (r.vehicle.model_year, r.vehicle.vin_salt) = (year, Fixed(salt));
            let (y, m, d) = (day.0, day.1, if day.1 == 0 { 0 } else { day.2 });
            r.vehicle.first_registration =
                tongguan_vocabulary::PartialDate::from_parts(y, m, d).unwrap();
            r.vehicle.photograph = photograph.map(Fixed);
            (r.simulated, r.licence_number) = (simulated, licence);
            r.decision.outcome = [
                Outcome::Permitted,
                Outcome::Conditional,
                Outcome::PermittedByOverride,
            ][outcome];
            r.evidence.extend(ids.into_iter().map(|id| Evidence {
                kind: EvidenceKind::Document,
                id,
            }));
            let all = [
                Compared::OwnerName,
                Compared::Odometer,
                Compared::Colour,
                Compared::Manufacture,
            ];
            r.compared = all
                .into_iter()
                .enumerate()
                .filter(|(n, _)| fields >> n & 1 == 1)
                .map(|(_, f)| f)
                .collect();
            r.expires_at = r.issued_at.plus(life);
            r
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_record_survives_every_form(record in records()) {
        let certificate = HOUSE.certify(&record);
        let read = Certificate::from_cose(&certificate.to_cose()).unwrap();
        prop_assert_eq!(&read, &certificate);
        prop_assert_eq!(read.record(), &record);
        prop_assert_eq!(Certificate::from_qr_text(&certificate.to_qr_text().unwrap()).unwrap(), certificate);
        prop_assert_eq!(Record::from_json(&record.to_json().unwrap()).unwrap(), record);
    }

    #[test]
    fn arbitrary_bytes_are_an_answer_and_never_a_panic(bytes: Vec<u8>, text: String, tagged: bool) {
        let bundle = HOUSE.bundle();
        let mut bytes = bytes;
        if tagged {
            bytes.insert(0, 0xd2);
        }
        for input in [bytes.as_slice(), text.as_bytes(), format!("TG1:{text}").as_bytes()] {
            let report = tongguan_certificate::verify(input, &bundle, &Against::default(), now());
            prop_assert_ne!(report.verdict, Verdict::Valid);
        }
        let _ = (Certificate::from_cose(&bytes), ToBeSigned::from_bytes(&bytes), qr::read_png(&bytes));
        let _ = (TrustBundle::open(&bytes, &[]), StatusList::open(&bytes, &bundle), log::entry::split_bundle(&bytes));
        let _ = (Certificate::from_vc_jwt(&text, &bundle), text.parse::<tongguan_certificate::NoteKey>());
        let _ = (tongguan_certificate::SignedCheckpoint::open(&text, &HOUSE.log), log::tile::Tile::parse(&text));
        let _ = (Record::from_json(&text), log::entry::Entry::from_bytes(&bytes));
    }
}

#[test]
fn no_changed_byte_of_the_cose_form_is_ever_valid() {
    let verifier = Verifier::new(HOUSE.bundle());
    let list = HOUSE.status();
    let against = Against {
        status: Some(&list),
        ..Against::default()
    };
    let good = HOUSE.certify(&HOUSE.record()).to_cose();
    assert_eq!(
        verifier.verify(&good, &against, now()).verdict,
        Verdict::Valid
    );
    for place in 0..good.len() {
        for mask in [1_u8, 2, 4, 8, 16, 32, 64, 128, 0xff] {
            let mut bad = good.clone();
            bad[place] ^= mask;
            let report = verifier.verify(&bad, &against, now());
            assert_ne!(report.verdict, Verdict::Valid, "byte {place} ^ {mask}");
            // Damage may look like another issuer or an unlogged paper, never like a missing service.
            assert_ne!(
                report.verdict,
                Verdict::CouldNotCheck,
                "byte {place} ^ {mask}"
            );
        }
    }
    for cut in 0..good.len() {
        assert_ne!(
            verifier.verify(&good[..cut], &against, now()).verdict,
            Verdict::Valid,
            "cut at {cut}"
        );
    }
}

#[test]
fn no_changed_character_of_the_qr_text_is_ever_valid() {
    let verifier = Verifier::new(HOUSE.bundle());
    let list = HOUSE.status();
    let against = Against {
        status: Some(&list),
        ..Against::default()
    };
    let good = HOUSE.certify(&HOUSE.record()).to_qr_text().unwrap();
    assert_eq!(
        verifier.verify(good.as_bytes(), &against, now()).verdict,
        Verdict::Valid
    );
    for place in 0..good.len() {
        for other in b"08AMZ $:z\n\x00\xff" {
            let mut bad = good.clone().into_bytes();
            if bad[place] != *other {
                bad[place] = *other;
                let report = verifier.verify(&bad, &against, now());
                assert_ne!(
                    report.verdict,
                    Verdict::Valid,
                    "character {place} → {other}"
                );
            }
        }
    }
    for extra in ["\n", " ", "0"] {
        let report = verifier.verify(format!("{good}{extra}").as_bytes(), &against, now());
        assert_eq!(report.verdict, Verdict::Malformed);
    }
}

#[test]
fn an_independent_cose_library_reads_and_verifies_what_is_written() {
    let certificate = HOUSE.certify(&HOUSE.record());
    let message = coset::CoseSign1::from_tagged_slice(&certificate.to_cose()).unwrap();
    assert_eq!(
        message.protected.header.key_id,
        HOUSE.key.key_id().as_bytes()
    );
    let verify = |signature: &[u8], data: &[u8]| {
        HOUSE
            .key
            .public_key()
            .verifies(data, signature)
            .then_some(())
            .ok_or(())
    };
    message.verify_signature(&[], verify).unwrap();
    // coset's ClaimsSet does not know the status claim yet, so the claims are read with ciborium.
    let claims: ciborium::Value =
        ciborium::from_reader(message.payload.as_deref().unwrap()).unwrap();
    let claims = claims.into_map().unwrap();
    let claim = |label: i64| {
        claims
            .iter()
            .find(|(key, _)| *key == label.into())
            .map(|(_, value)| value.clone())
    };
    assert_eq!(claim(1), Some(HOUSE.record().issuer.into()));
    assert_eq!(claim(6), Some(issued().seconds().into()));
    assert_eq!(claim(7), Some(HOUSE.record().id.as_bytes().to_vec().into()));
    let stored = HOUSE.record().to_be_signed().unwrap();
    assert_eq!(message.tbs_data(&[]), stored.as_bytes());
}

#[test]
fn the_qr_holds_a_certificate_of_the_reference_year_below_1800_bytes() {
    // 436,000 cars a year; a path of 19 hashes.
    let certificate = HOUSE.certify_after(&HOUSE.record(), 436_000);
    let proof: &LogProof = certificate.proof().unwrap();
    let text = certificate.to_qr_text().unwrap();
    println!(
        "path {} cose {} text {}",
        proof.path.len(),
        certificate.to_cose().len(),
        text.len()
    );
    assert!(text.len() < 1_800, "{} characters", text.len());
    // A path of a thousand million entries still fits the limit of the payload.
    let mut longest = proof.clone();
    longest.path.resize(30, longest.path[0]);
    assert!(certificate.with_proof(longest).to_qr_text().is_ok());
}

#[test]
fn a_list_of_a_million_statuses_stays_small_and_reads_back() {
    let mut list = StatusList::new("list", 1 << 20, now(), 60).unwrap();
    list.set((1 << 20) - 1, Status::Suspended).unwrap();
    let signed = list.sign(&HOUSE.status_key).unwrap();
    assert!(signed.len() < 2_000, "{}", signed.len());
    assert_eq!(StatusList::open(&signed, &HOUSE.bundle()).unwrap(), list);
    assert!(StatusList::new("list", (1 << 20) + 1, now(), 60).is_err());
}
