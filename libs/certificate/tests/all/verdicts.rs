//! Every verdict and reason, each reached by the one thing that should lead to it.

use tongguan_certificate::verify::{CheckName, Outcome};
use tongguan_certificate::{
    Against, Algorithm, Certificate, Checkpoint, FileKey, Fixed, Live, Reason, Record, Report,
    Signer as _, Status, StatusList, Timestamp, Tree, TrustBundle, Verdict, Verifier, verify,
};

use crate::sample::{HOUSE, House, ORIGIN, issued, now};

pub(crate) fn with_list(list: &StatusList) -> Against<'_> {
    Against {
        status: Some(list),
        ..Against::default()
    }
}

fn ask(
    certificate: &Certificate,
    bundle: &TrustBundle,
    list: &StatusList,
    at: Timestamp,
) -> Report {
    verify(&certificate.to_cose(), bundle, &with_list(list), at)
}

fn reason_of(change: impl Fn(&mut Record)) -> Reason {
    let mut record = HOUSE.record();
    change(&mut record);
    ask(
        &HOUSE.certify(&record),
        &HOUSE.bundle(),
        &HOUSE.status(),
        now(),
    )
    .reason
}

#[test]
fn a_good_certificate_is_valid_with_every_check_named_and_the_car_to_compare() {
    let report = ask(
        &HOUSE.certify(&HOUSE.record()),
        &HOUSE.bundle(),
        &HOUSE.status(),
        now(),
    );
    assert_eq!(
        (report.verdict, report.reason),
        (Verdict::Valid, Reason::AllChecksPassed)
    );
    let passed = report
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Passed)
        .count();
    assert_eq!((passed, report.checks.len()), (8, 9));
    assert_eq!(report.record, Some(HOUSE.record()));
    let fields: Vec<_> = report
        .compare_with_car
        .iter()
        .map(|field| field.field)
        .collect();
    assert_eq!(
        fields,
        [
            "vin",
            "make",
            "model",
            "colour",
            "model_year",
            "engine_number_ends_with"
        ]
    );
    assert_eq!(
        (report.freshness.status_age, report.freshness.bundle_age),
        (Some(3_600), 3_600)
    );
    assert!(report.simulated);
}

#[test]
fn a_changed_content_is_a_mismatch_and_a_strange_key_is_not() {
    let bundle = HOUSE.bundle();
    let good = HOUSE.certify(&HOUSE.record());
    let mut changed = good.to_cose();
    let vin = changed
        .windows(17)
        .position(|part| part == b"LSVWY4180KN246094")
        .unwrap();
    changed[vin + 16] = b'5';
    let report = verify(&changed, &bundle, &with_list(&HOUSE.status()), now());
    assert_eq!(
        (report.verdict, report.reason),
        (Verdict::Malformed, Reason::SignatureMismatch)
    );
    assert_eq!(report.record, None);

    let stranger = House::new();
    let report = ask(
        &stranger.certify(&stranger.record()),
        &bundle,
        &HOUSE.status(),
        now(),
    );
    assert_eq!(
        (report.verdict, report.reason),
        (Verdict::UnknownIssuer, Reason::UnknownKey)
    );
}

#[test]
fn what_is_no_certificate_says_what_is_wrong_with_it() {
    let bundle = HOUSE.bundle();
    let text = HOUSE.certify(&HOUSE.record()).to_qr_text().unwrap();
    let ask = |input: &[u8]| verify(input, &bundle, &Against::default(), now()).reason;
    assert_eq!(ask(b""), Reason::NotACertificate);
    assert_eq!(ask(b"\xff\xfe"), Reason::NotACertificate);
    assert_eq!(ask(b"https://example.org/"), Reason::NotACertificate);
    assert_eq!(
        ask(text.replacen("TG1", "TG2", 1).as_bytes()),
        Reason::UnsupportedVersion
    );
    assert_eq!(ask(&text.as_bytes()[..900]), Reason::TextDamaged);
    assert_eq!(ask(b"\x89PNG\r\n\x1a\nbroken"), Reason::ImageUnreadable);
    assert_eq!(ask(b"\xd2\x84"), Reason::BadCose);
}

#[test]
fn an_outage_is_never_shown_as_invalid_nor_a_revocation_as_valid() {
    let certificate = HOUSE.certify(&HOUSE.record());
    let bundle = HOUSE.bundle();
    let without = verify(&certificate.to_cose(), &bundle, &Against::default(), now());
    assert_eq!(
        (without.verdict, without.reason),
        (Verdict::CouldNotCheck, Reason::StatusUnavailable)
    );
    assert!(without.record.is_some());

    let mut list = HOUSE.status();
    let stale_at = list.fresh_until();
    assert_eq!(
        ask(&certificate, &bundle, &list, stale_at.plus(-1)).verdict,
        Verdict::Valid
    );
    assert_eq!(
        ask(&certificate, &bundle, &list, stale_at).verdict,
        Verdict::StaleStatus
    );
    list.set(0, Status::Revoked).unwrap();
    assert_eq!(
        ask(&certificate, &bundle, &list, stale_at).verdict,
        Verdict::Revoked
    );
}

#[test]
fn every_status_has_its_verdict() {
    let certificate = HOUSE.certify(&HOUSE.record());
    let expected = [
        (Status::Valid, Reason::AllChecksPassed),
        (Status::Revoked, Reason::Revoked),
        (Status::Suspended, Reason::Suspended),
        (Status::Used, Reason::Used),
    ];
    for (status, reason) in expected {
        let mut list = HOUSE.status();
        list.set(0, status).unwrap();
        assert_eq!(
            ask(&certificate, &HOUSE.bundle(), &list, now()).reason,
            reason
        );
    }
    let other = StatusList::new("another", 8, issued(), 86_400).unwrap();
    assert_eq!(
        ask(&certificate, &HOUSE.bundle(), &other, now()).reason,
        Reason::StatusOfOtherList
    );
    assert_eq!(
        reason_of(|record| record.status.index = 5_000),
        Reason::StatusIndexOutside
    );
}

#[test]
fn what_the_service_knows_now_counts_more_than_a_list() {
    let certificate = HOUSE.certify(&HOUSE.record());
    let list = HOUSE.status();
    let by = HOUSE.record().id;
    let expected = [
        (Live::Unused, Reason::AllChecksPassed),
        (
            Live::Reserved {
                until: now().plus(60),
            },
            Reason::Reserved,
        ),
        (Live::Reserved { until: now() }, Reason::AllChecksPassed),
        (Live::Used, Reason::Used),
        (Live::Superseded { by }, Reason::Superseded),
        (Live::Suspended, Reason::Suspended),
        (Live::Revoked, Reason::Revoked),
    ];
    for (live, reason) in expected {
        let against = Against {
            live: Some(live),
            ..with_list(&list)
        };
        let report = verify(&certificate.to_cose(), &HOUSE.bundle(), &against, now());
        assert_eq!(report.reason, reason, "{live:?}");
        assert_eq!(
            report.superseded_by,
            (reason == Reason::Superseded).then_some(by)
        );
    }
}

#[test]
fn the_validity_ends_at_its_instant_and_a_wrong_clock_is_named() {
    let certificate = HOUSE.certify(&HOUSE.record());
    let mut trust = HOUSE.trust();
    trust.expires_at = Timestamp::MAX;
    let bundle = trust.sign(&HOUSE.root).unwrap();
    let end = HOUSE.record().expires_at;
    let fresh = |at: Timestamp| HOUSE.status().reissued(at.plus(-10));
    let ask_at = |at: Timestamp| ask(&certificate, &bundle, &fresh(at), at).reason;
    assert_eq!(ask_at(end.plus(-1)), Reason::AllChecksPassed);
    assert_eq!(ask_at(end), Reason::Expired);
    assert_eq!(ask_at(issued().plus(-300)), Reason::AllChecksPassed);
    assert_eq!(ask_at(issued().plus(-301)), Reason::ClockDisagrees);
    assert_eq!(
        ask(&certificate, &bundle, &fresh(now().plus(1_000)), now()).reason,
        Reason::ClockDisagrees
    );
}

#[test]
fn an_old_bundle_still_tells_forged_from_genuine_but_says_valid_of_nothing() {
    let bundle = HOUSE.bundle();
    let at = bundle.trust().expires_at;
    let list = HOUSE.status().reissued(at.plus(-10));
    let certificate = HOUSE.certify(&HOUSE.record());
    let report = ask(&certificate, &bundle, &list, at);
    assert_eq!(
        (report.verdict, report.reason),
        (Verdict::CouldNotCheck, Reason::TrustBundleExpired)
    );
    let mut forged = certificate.to_cose();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_eq!(
        verify(&forged, &bundle, &with_list(&list), at).reason,
        Reason::SignatureMismatch
    );
    // A key it does not know may be in the edition it has not got.
    let stranger = House::new();
    let report = ask(&stranger.certify(&stranger.record()), &bundle, &list, at);
    assert_eq!(report.reason, Reason::TrustBundleExpired);
}

#[test]
fn issuer_and_use_of_the_key_must_fit() {
    assert_eq!(
        reason_of(|record| record.issuer = "other.example".to_owned()),
        Reason::IssuerMismatch
    );
    assert_eq!(
        reason_of(|record| record.issued_at = issued().plus(-86_401)),
        Reason::KeyNotValidWhenIssued
    );
    let mut trust = HOUSE.trust();
    (trust.keys[0].certificates, trust.keys[0].status_lists) = (false, true);
    let bundle = trust.sign(&HOUSE.root).unwrap();
    let report = ask(
        &HOUSE.certify(&HOUSE.record()),
        &bundle,
        &HOUSE.status(),
        now(),
    );
    assert_eq!(
        (report.verdict, report.reason),
        (Verdict::UnknownIssuer, Reason::KeyForOtherUse)
    );
}

#[test]
fn a_signature_outside_the_log_is_not_a_certificate() {
    let (bundle, list) = (HOUSE.bundle(), HOUSE.status());
    let bare = HOUSE.record().sign(&HOUSE.key).unwrap();
    let ask = |certificate: &Certificate| ask(certificate, &bundle, &list, now()).reason;
    assert_eq!(ask(&bare), Reason::ProofMissing);
    assert_eq!(Reason::ProofMissing.verdict(), Verdict::NotLogged);
    // Another certificate's proof, a foreign log's proof, and proofs with one thing changed.
    let good = HOUSE.certify(&HOUSE.record());
    let proof = good.proof().unwrap();
    assert_eq!(
        ask(&bare.clone().with_proof(proof.clone())),
        Reason::ProofMismatch
    );
    let changed = |change: &dyn Fn(&mut tongguan_certificate::LogProof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        ask(&good.clone().with_proof(proof))
    };
    assert_eq!(
        changed(&|proof| proof.log_key = Fixed([0; 4])),
        Reason::UnknownLog
    );
    assert_eq!(changed(&|proof| proof.index -= 1), Reason::ProofMismatch);
    assert_eq!(changed(&|proof| proof.size += 1), Reason::ProofMismatch);
    assert_eq!(
        changed(&|proof| proof.path.truncate(1)),
        Reason::ProofMismatch
    );
    assert_eq!(
        changed(&|proof| proof.signature.0[5] ^= 1),
        Reason::ProofMismatch
    );
}

#[test]
fn a_checkpoint_the_verifier_holds_exposes_a_split_view() {
    let (bundle, list) = (HOUSE.bundle(), HOUSE.status());
    let certificate = HOUSE.record().sign(&HOUSE.key).unwrap();
    let mut tree = Tree::from_leaf_hashes([certificate.leaf_hash()]);
    let sign = |tree: &Tree| {
        Checkpoint::of(ORIGIN, tree)
            .sign(&HOUSE.log, &HOUSE.log_key)
            .unwrap()
    };
    let first = sign(&tree);
    let certificate = certificate.with_proof(first.prove(&tree, 0).unwrap());
    let check = |checkpoint: &tongguan_certificate::SignedCheckpoint,
                 consistency: &[tongguan_certificate::Digest]| {
        let against = Against {
            checkpoint: Some(checkpoint),
            consistency,
            ..with_list(&list)
        };
        let report = verify(&certificate.to_cose(), &bundle, &against, now());
        let view = report
            .checks
            .iter()
            .find(|check| check.name == CheckName::LogView)
            .unwrap();
        (report.reason, view.outcome)
    };
    assert_eq!(
        check(&first, &[]),
        (Reason::AllChecksPassed, Outcome::Passed)
    );
    let other = Tree::from_leaf_hashes([tongguan_certificate::Digest::of(b"other")]);
    assert_eq!(
        check(&sign(&other), &[]),
        (Reason::LogForked, Outcome::Failed)
    );
    tree.append(tongguan_certificate::Digest::of(b"next"));
    let second = sign(&tree);
    assert_eq!(
        check(&second, &[]),
        (Reason::AllChecksPassed, Outcome::NotChecked)
    );
    let proof = tree.consistency_proof(1, 2).unwrap();
    assert_eq!(
        check(&second, &proof),
        (Reason::AllChecksPassed, Outcome::Passed)
    );
    assert_eq!(
        check(&second, &[tongguan_certificate::Digest::of(b"?")]),
        (Reason::LogForked, Outcome::Failed)
    );
}

#[test]
fn a_checkpoint_without_its_witnesses_is_not_relied_on() {
    let key = FileKey::generate(Algorithm::Ed25519).unwrap();
    let kind = tongguan_certificate::NoteKeyKind::Witness;
    let witness =
        tongguan_certificate::NoteKey::new("w.example", kind, key.public_key().clone()).unwrap();
    let mut trust = HOUSE.trust();
    (trust.witnesses, trust.quorum) = (vec![witness], 1);
    let bundle = trust.sign(&HOUSE.root).unwrap();
    let certificate = HOUSE.certify_after(&HOUSE.record(), 0);
    let tree = Tree::from_leaf_hashes([certificate.leaf_hash()]);
    let held = Checkpoint::of(ORIGIN, &tree)
        .sign(&HOUSE.log, &HOUSE.log_key)
        .unwrap();
    let list = HOUSE.status();
    let against = Against {
        checkpoint: Some(&held),
        ..with_list(&list)
    };
    let report = verify(&certificate.to_cose(), &bundle, &against, now());
    assert_eq!(
        (report.verdict, report.reason),
        (Verdict::CouldNotCheck, Reason::CheckpointNotWitnessed)
    );
}

#[test]
fn a_remembered_checkpoint_is_only_its_very_bytes() {
    let verifier = Verifier::new(HOUSE.bundle());
    let list = HOUSE.status();
    let good = HOUSE.certify(&HOUSE.record());
    for _ in 0..2 {
        assert_eq!(
            verifier
                .verify(&good.to_cose(), &with_list(&list), now())
                .verdict,
            Verdict::Valid
        );
    }
    let mut proof = good.proof().unwrap().clone();
    proof.signature.0[0] ^= 1;
    let bad = good.with_proof(proof);
    assert_eq!(
        verifier
            .verify(&bad.to_cose(), &with_list(&list), now())
            .reason,
        Reason::ProofMismatch
    );
}
