//! Trust bundles: monotonic, rotated with overlap; status lists: signed, one-way.

use std::io::Read as _;

use coset::TaggedCborSerializable as _;
use tongguan_certificate::{
    Algorithm, Error, FileKey, Reason, Signer as _, Status, StatusList, TrustBundle, Verdict,
    verify,
};

use crate::sample::{HOUSE, LIST, issued, now};
use crate::verdicts::with_list;

#[test]
fn a_lower_version_and_a_second_content_under_one_version_are_refused() {
    let roots = [HOUSE.root.public_key().clone()];
    let edition = |version, quarter| {
        let mut trust = HOUSE.trust();
        trust.version = version;
        trust.expires_at = trust.expires_at.plus(quarter);
        trust.sign(&HOUSE.root).unwrap()
    };
    let held = TrustBundle::open(edition(2, 0).as_bytes(), &roots).unwrap();
    assert_eq!(
        held.replace(edition(3, 0).as_bytes(), &roots)
            .unwrap()
            .trust()
            .version,
        3
    );
    assert_eq!(
        held.replace(edition(2, 0).as_bytes(), &roots)
            .unwrap()
            .trust(),
        held.trust()
    );
    let lower = held.replace(edition(1, 0).as_bytes(), &roots);
    assert_eq!(
        lower,
        Err(Error::BundleRolledBack {
            offered: 1,
            held: 2
        })
    );
    let fork = held.replace(edition(2, 1).as_bytes(), &roots);
    assert_eq!(fork, Err(Error::BundleForked { version: 2 }));
}

#[test]
fn a_bundle_by_another_root_or_with_a_changed_byte_is_refused() {
    let bundle = HOUSE.bundle();
    let roots = [HOUSE.root.public_key().clone()];
    let other = [HOUSE.key.public_key().clone()];
    assert!(matches!(
        TrustBundle::open(bundle.as_bytes(), &other),
        Err(Error::UnknownKey { .. })
    ));
    for place in 0..bundle.as_bytes().len() {
        let mut bytes = bundle.as_bytes().to_vec();
        bytes[place] ^= 0x10;
        assert!(TrustBundle::open(&bytes, &roots).is_err(), "byte {place}");
    }
}

#[test]
fn every_violation_of_a_bundle_is_named_at_once() {
    let mut trust = HOUSE.trust();
    trust.version = 0;
    trust.issuer.clear();
    trust.quorum = 1;
    trust.keys[1].id = trust.keys[0].id.clone();
    let Err(Error::Invalid(found)) = trust.sign(&HOUSE.root) else {
        panic!("accepted");
    };
    let fields: Vec<_> = found
        .0
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["version", "issuer", "keys.id", "quorum"]);
}

#[test]
fn rotation_with_overlap_breaks_no_old_certificate() {
    let old = HOUSE.certify(&HOUSE.record());
    let next = FileKey::generate(Algorithm::Es256).unwrap();
    let mut trust = HOUSE.trust();
    trust.version = 2;
    // The old key ended an hour after it signed; the new one began before that.
    trust.keys[0].not_after = issued().plus(3_600);
    let mut key = trust.keys[0].clone();
    key.id = next.key_id().clone();
    key.key = next.public_key().clone();
    key.not_before = issued().plus(1_800);
    key.not_after = issued().plus(86_400 * 365);
    trust.keys.push(key);
    let bundle = trust.sign(&HOUSE.root).unwrap();
    let later = issued().plus(86_400 * 2 / 3);
    let list = HOUSE.status();
    assert_eq!(
        verify(&old.to_cose(), &bundle, &with_list(&list), later).verdict,
        Verdict::Valid
    );

    let mut late = HOUSE.record();
    late.issued_at = issued().plus(3_600);
    let late = HOUSE.certify(&late);
    let report = verify(&late.to_cose(), &bundle, &with_list(&list), later);
    assert_eq!(
        (report.verdict, report.reason),
        (Verdict::UnknownIssuer, Reason::KeyNotValidWhenIssued)
    );
}

#[test]
fn a_revocation_is_for_ever_and_a_use_is_not_undone() {
    let mut list = HOUSE.status();
    list.set(3, Status::Suspended).unwrap();
    list.set(3, Status::Valid).unwrap();
    list.set(3, Status::Used).unwrap();
    assert!(list.set(3, Status::Valid).is_err());
    assert!(list.set(3, Status::Suspended).is_err());
    list.set(3, Status::Revoked).unwrap();
    for status in [Status::Valid, Status::Suspended, Status::Used] {
        assert!(list.set(3, status).is_err());
    }
    assert_eq!(
        [2, 3, 4].map(|index| list.get(index)),
        [
            Some(Status::Valid),
            Some(Status::Revoked),
            Some(Status::Valid)
        ]
    );
    assert!(list.set(1_024, Status::Revoked).is_err());
    assert_eq!(list.get(1_024), None);
}

#[test]
fn the_bits_of_a_list_are_packed_as_the_token_status_list_says() {
    // draft-ietf-oauth-status-list, section 4: lowest bits first.
    let mut list = StatusList::new(LIST, 4, now(), 60).unwrap();
    for (index, status) in [
        (0, Status::Revoked),
        (1, Status::Suspended),
        (2, Status::Valid),
        (3, Status::Used),
    ] {
        list.set(index, status).unwrap();
    }
    let signed = list.sign(&HOUSE.status_key).unwrap();
    let message = coset::CoseSign1::from_tagged_slice(&signed).unwrap();
    let claims: ciborium::Value =
        ciborium::from_reader(message.payload.as_deref().unwrap()).unwrap();
    let inside = |value: &ciborium::Value, key: ciborium::Value| {
        let entries = value.as_map().unwrap();
        entries
            .iter()
            .find(|(known, _)| *known == key)
            .unwrap()
            .1
            .clone()
    };
    let claim = inside(&claims, 65_533.into());
    assert_eq!(inside(&claim, "bits".into()), 2.into());
    let compressed = inside(&claim, "lst".into()).into_bytes().unwrap();
    let mut unpacked = Vec::new();
    flate2::read::ZlibDecoder::new(compressed.as_slice())
        .read_to_end(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, [0b11_00_10_01]);
}

#[test]
fn a_status_list_needs_a_key_for_status_lists_and_every_byte() {
    let bundle = HOUSE.bundle();
    let list = HOUSE.status();
    assert!(matches!(
        StatusList::open(&list.sign(&HOUSE.key).unwrap(), &bundle),
        Err(Error::UnknownKey { .. })
    ));
    let signed = list.sign(&HOUSE.status_key).unwrap();
    for place in 0..signed.len() {
        let mut bytes = signed.clone();
        bytes[place] ^= 1;
        assert!(StatusList::open(&bytes, &bundle).is_err(), "byte {place}");
    }
    let early = list
        .reissued(issued().plus(-100_000))
        .sign(&HOUSE.status_key)
        .unwrap();
    assert!(matches!(
        StatusList::open(&early, &bundle),
        Err(Error::UnknownKey { .. })
    ));
}

#[test]
fn a_status_list_or_a_bundle_is_never_read_as_a_certificate() {
    let bundle = HOUSE.bundle();
    for bytes in [
        HOUSE.status().sign(&HOUSE.status_key).unwrap(),
        bundle.as_bytes().to_vec(),
    ] {
        let report = verify(&bytes, &bundle, &with_list(&HOUSE.status()), now());
        assert_eq!(
            (report.verdict, report.reason),
            (Verdict::Malformed, Reason::BadHeader)
        );
    }
}
