//! The certificate: signed, logged, verified, used once, replaced, revoked; and what comes after the border.

use tongguan_api::clearance::v1 as pb;
use tongguan_certificate::log::NoteKeyKind;
use tongguan_certificate::{
    Against, Algorithm, PublicKey, StatusList, TrustBundle, Verdict, verify,
};
use tongguan_storage::Database;
use tongguan_testkit::on_every_database;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::house::{CUSTOMS, EXPORTS, House, OFFICER, VIN, date};

on_every_database! { tongguan_clearance::migrations();
    a_certificate_is_signed_logged_and_verifies_online,
    a_verifier_with_bundle_and_status_list_agrees_offline,
    any_flipped_byte_is_refused,
    a_car_that_is_another_one_is_noticed,
    one_of_many_reservations_wins_and_a_hold_ends_by_itself,
    a_certificate_is_used_once_and_the_car_leaves_under_it,
    a_return_is_refused_and_the_deregistration_clock_runs,
    a_revoked_certificate_is_never_valid_again,
    an_amended_certificate_takes_the_place_of_the_old_one,
    an_unused_certificate_expires_with_its_licence,
    a_whole_ship_gets_one_answer,
}

async fn a_certificate_is_signed_logged_and_verifies_online(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    let certificate = house.certificate(&id).await;
    assert_eq!(certificate.case_id, case_id);
    assert_eq!(
        (certificate.state(), certificate.log_index),
        (pb::certificate::State::Live, 0)
    );
    assert!(certificate.simulated && certificate.qr_text.starts_with("TG1:"));
    assert!(certificate.html.contains(&certificate.qr_text));
    assert_eq!(certificate.expire_time.unwrap().seconds, 1_788_364_800); // 2026-09-03T00:00+08:00
    let answer = house.verify(&certificate.qr_text).await;
    assert_eq!(
        answer.verdict(),
        pb::Verdict::Valid,
        "{:?}",
        answer.findings
    );
    assert!(answer.record_json.contains(VIN));
    let checkpoint = house
        .client
        .clone()
        .get_checkpoint(pb::GetCheckpointRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(checkpoint.size, 1);
    let tile = pb::GetLogTileRequest {
        path: "tile/0/000.p/1".into(),
    };
    assert_eq!(
        house
            .client
            .clone()
            .get_log_tile(tile)
            .await
            .unwrap()
            .into_inner()
            .content
            .len(),
        32
    );
}

async fn a_verifier_with_bundle_and_status_list_agrees_offline(db: Database) {
    let house = House::over(db).await;
    let (_, id) = house.certified().await;
    let certificate = house.certificate(&id).await;
    let fetched = house
        .client
        .clone()
        .get_trust_bundle(pb::GetTrustBundleRequest {})
        .await
        .unwrap()
        .into_inner();
    let root = PublicKey::new(Algorithm::Es256, &fetched.root_key).unwrap();
    let bundle = TrustBundle::open(&fetched.bundle, &[root]).unwrap();
    assert_eq!(bundle.trust().logs[0].kind(), NoteKeyKind::Log);
    let check = |list: &StatusList| {
        let against = Against {
            status: Some(list),
            ..Against::default()
        };
        verify(
            certificate.qr_text.as_bytes(),
            &bundle,
            &against,
            house.clock.now().into(),
        )
        .verdict
    };
    let list = house.status_list(&bundle).await;
    assert_eq!(check(&list), Verdict::Valid);
    let invalidate = pb::InvalidateCertificateRequest {
        certificate_id: id,
        reason: "issued on a forged letter".into(),
        ..Default::default()
    };
    house
        .client
        .clone()
        .invalidate_certificate(house.ask(OFFICER, invalidate))
        .await
        .unwrap();
    assert_eq!(check(&house.status_list(&bundle).await), Verdict::Revoked);
}

async fn any_flipped_byte_is_refused(db: Database) {
    let house = House::over(db).await;
    let (_, id) = house.certified().await;
    let cose = house.certificate(&id).await.cose;
    for place in (0..cose.len()).step_by(7) {
        let mut bytes = cose.to_vec();
        bytes[place] ^= 1;
        let shown = pb::verify_certificate_request::Presented::Cose(bytes.into());
        let verify = pb::VerifyCertificateRequest {
            presented: Some(shown),
            seen: None,
        };
        let answer = house
            .client
            .clone()
            .verify_certificate(verify)
            .await
            .unwrap()
            .into_inner();
        assert_ne!(answer.verdict(), pb::Verdict::Valid, "byte {place}");
    }
}

async fn a_car_that_is_another_one_is_noticed(db: Database) {
    let house = House::over(db).await;
    let (_, id) = house.certified().await;
    let seen = pb::SeenOnCar {
        vin: VIN.into(),
        engine_tail: "123456".into(),
        colour: "black 黑".into(),
        make: String::new(),
    };
    let check = pb::CheckCertificateRequest {
        certificate_id: id,
        seen: Some(seen),
    };
    let checked = house
        .client
        .clone()
        .check_certificate(house.ask(CUSTOMS, check))
        .await
        .unwrap()
        .into_inner();
    let told: Vec<(&str, bool)> = checked
        .comparisons
        .iter()
        .map(|line| (line.field.as_str(), line.agrees))
        .collect();
    assert_eq!(
        told,
        [("vin", true), ("colour", false), ("engine_tail", true)]
    );
    assert_eq!(checked.verdict(), pb::Verdict::Valid);
    assert_eq!(
        checked.next,
        [
            "ReserveCertificate",
            "AmendCertificate",
            "InvalidateCertificate"
        ]
    );
}

async fn one_of_many_reservations_wins_and_a_hold_ends_by_itself(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    let movements: Vec<String> = (0..8).map(|n| format!("D-{n}")).collect();
    let tries = movements
        .iter()
        .map(|movement| house.reserve(&id, movement));
    let answers = futures::future::join_all(tries).await;
    let won: Vec<_> = answers
        .iter()
        .filter_map(|answer| answer.as_ref().ok())
        .collect();
    assert_eq!(won.len(), 1);
    for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert_eq!(
            refused.get_details_error_info().unwrap().reason,
            "CERTIFICATE_RESERVED"
        );
    }
    let qr = house.certificate(&id).await.qr_text;
    assert_eq!(house.verify(&qr).await.verdict(), pb::Verdict::Reserved);
    house.clock.advance(time::Duration::hours(25));
    house.until(&case_id, pb::CaseState::Certified).await;
    assert_eq!(house.verify(&qr).await.verdict(), pb::Verdict::Valid);
    let held = house.reserve(&id, "D-9").await.unwrap();
    let release = pb::ReleaseReservationRequest {
        certificate_id: id.clone(),
        reservation_id: held.reservation_id,
        ..Default::default()
    };
    let released = house
        .client
        .clone()
        .release_reservation(house.ask(CUSTOMS, release))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(released.state(), pb::certificate::State::Live);
}

async fn a_certificate_is_used_once_and_the_car_leaves_under_it(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    let held = house.reserve(&id, "D-1").await.unwrap();
    let exit = pb::RecordExitRequest {
        case_id,
        date: Some(date(2026, 3, 10)),
        declaration_number: "D-1".into(),
        ..Default::default()
    };
    let early = house
        .client
        .clone()
        .record_exit(house.ask(CUSTOMS, exit.clone()))
        .await
        .unwrap_err();
    assert_eq!(
        early.get_details_error_info().unwrap().reason,
        "RESERVATION_NOT_HELD"
    );
    let consume = pb::ConsumeCertificateRequest {
        request_id: "c-1".into(),
        certificate_id: id.clone(),
        reservation_id: held.reservation_id,
        ..Default::default()
    };
    let used = house
        .client
        .clone()
        .consume_certificate(house.ask(CUSTOMS, consume.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(used.state(), pb::certificate::State::Used);
    let again = house
        .client
        .clone()
        .consume_certificate(house.ask(CUSTOMS, consume.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(used, again);
    let other = pb::ConsumeCertificateRequest {
        request_id: "c-2".into(),
        ..consume
    };
    let twice = house
        .client
        .clone()
        .consume_certificate(house.ask(CUSTOMS, other))
        .await
        .unwrap_err();
    assert_eq!(
        twice.get_details_error_info().unwrap().reason,
        "CERTIFICATE_USED"
    );
    assert_eq!(
        house.verify(&used.qr_text).await.verdict(),
        pb::Verdict::Used
    );
    let left = house
        .client
        .clone()
        .record_exit(house.ask(CUSTOMS, exit))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (left.state(), left.deregister_by),
        (pb::CaseState::Exited, Some(date(2026, 5, 10)))
    );
}

async fn a_return_is_refused_and_the_deregistration_clock_runs(db: Database) {
    let house = House::over(db).await;
    let case_id = house.exited().await;
    let back = pb::RecordExitRequest {
        case_id: case_id.clone(),
        date: Some(date(2026, 3, 20)),
        declaration_number: "I-1".into(),
        direction: pb::record_exit_request::Direction::Return.into(),
        ..Default::default()
    };
    let refused = house
        .client
        .clone()
        .record_exit(house.ask(CUSTOMS, back))
        .await
        .unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "RETURN_REFUSED"
    );
    let list = pb::ListOpenMovementsRequest::default();
    let open = house
        .client
        .clone()
        .list_open_movements(house.ask(EXPORTS, list.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            open.movements[0].days_left,
            open.scores[0].open,
            open.scores[0].score_percent
        ),
        (69, 1, None)
    );
    house.clock.advance(time::Duration::days(80));
    let late = house
        .client
        .clone()
        .list_open_movements(house.ask(EXPORTS, list.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (
            late.movements[0].days_left,
            late.scores[0].overdue,
            late.scores[0].score_percent
        ),
        (-11, 1, Some(0.0))
    );
    let close = pb::RecordDeregistrationRequest {
        case_id,
        date: Some(date(2026, 5, 21)),
        document: "注销 1".into(),
        ..Default::default()
    };
    let closed = house
        .client
        .clone()
        .record_deregistration(house.ask(EXPORTS, close))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(closed.state(), pb::CaseState::Deregistered);
    let none = house
        .client
        .clone()
        .list_open_movements(house.ask(EXPORTS, list))
        .await
        .unwrap()
        .into_inner();
    assert!(none.movements.is_empty());
}

async fn a_revoked_certificate_is_never_valid_again(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    let invalidate = pb::InvalidateCertificateRequest {
        certificate_id: id.clone(),
        reason: "issued on a forged letter".into(),
        ..Default::default()
    };
    let revoked = house
        .client
        .clone()
        .invalidate_certificate(house.ask(OFFICER, invalidate))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(revoked.state(), pb::certificate::State::Revoked);
    assert_eq!(
        house.get(&case_id).await.state(),
        pb::CaseState::Invalidated
    );
    assert_eq!(
        house.verify(&revoked.qr_text).await.verdict(),
        pb::Verdict::Revoked
    );
    let refused = house.reserve(&id, "D-1").await.unwrap_err();
    assert_eq!(
        refused.get_details_error_info().unwrap().reason,
        "CERTIFICATE_NOT_LIVE"
    );
}

async fn an_amended_certificate_takes_the_place_of_the_old_one(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    let old = house.certificate(&id).await;
    let amend = pb::AmendCertificateRequest {
        request_id: "a-1".into(),
        certificate_id: id.clone(),
        reason: "the ship leaves earlier".into(),
        valid_until: Some(date(2026, 4, 30)),
    };
    let new = house
        .client
        .clone()
        .amend_certificate(house.ask(OFFICER, amend.clone()))
        .await
        .unwrap()
        .into_inner();
    assert_ne!(new.certificate_id, id);
    assert_eq!(
        house
            .client
            .clone()
            .amend_certificate(house.ask(OFFICER, amend))
            .await
            .unwrap()
            .into_inner(),
        new
    );
    assert_eq!(house.get(&case_id).await.certificate_id, new.certificate_id);
    assert_eq!(
        house.verify(&old.qr_text).await.verdict(),
        pb::Verdict::Superseded
    );
    assert_eq!(
        house.verify(&new.qr_text).await.verdict(),
        pb::Verdict::Valid
    );
    assert_eq!(new.expire_time.unwrap().seconds, 1_777_564_800); // 2026-05-01T00:00+08:00
    assert_eq!(new.log_index, 1);
}

async fn an_unused_certificate_expires_with_its_licence(db: Database) {
    let house = House::over(db).await;
    let (case_id, id) = house.certified().await;
    house.clock.advance(time::Duration::days(186));
    house.until(&case_id, pb::CaseState::Expired).await;
    let certificate = house.certificate(&id).await;
    assert_eq!(certificate.state(), pb::certificate::State::Expired);
    assert_eq!(
        house.reserve(&id, "D-1").await.unwrap_err().code(),
        Code::FailedPrecondition
    );
}

async fn a_whole_ship_gets_one_answer(db: Database) {
    let house = House::over(db).await;
    let (_, id) = house.certified().await;
    let qr = house.certificate(&id).await.qr_text;
    let ship = |qr_texts: Vec<String>, vins: &[&str]| pb::VerifyManifestRequest {
        qr_texts,
        vins: vins.iter().map(|vin| (*vin).to_owned()).collect(),
    };
    let good = house
        .client
        .clone()
        .verify_manifest(ship(vec![qr.clone()], &[VIN]))
        .await
        .unwrap()
        .into_inner();
    assert!(good.all_valid);
    let bad = ship(
        vec![qr.clone(), qr, "TG1:NONSENSE".into()],
        &["LBEHDAEB58Y038860"],
    );
    let bad = house
        .client
        .clone()
        .verify_manifest(bad)
        .await
        .unwrap()
        .into_inner();
    assert!(!bad.all_valid);
    assert_eq!(bad.vins_without_certificate, ["LBEHDAEB58Y038860"]);
    assert_eq!(
        (bad.vins_not_on_manifest, bad.vins_twice),
        (vec![VIN.to_owned()], vec![VIN.to_owned()])
    );
    assert_eq!(bad.lines[2].verdict(), pb::Verdict::Malformed);
}
