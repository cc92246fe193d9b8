//! What callers see: outcomes kept apart, answers with their age, durable lookups, refusals.

use futures::future::join_all;
use time::Duration;
use tongguan_api::maintenance::v1 as pb;
use tongguan_api::maintenance::v1::{Freshness, Outcome};
use tongguan_maintenance::simulator::{Mood, Visit};
use tongguan_storage::Database;
use tonic::Code;

use crate::stage::{OTHER_VIN, Stage, VIN, ask, day, known, ordinary, plain, refused};

tongguan_testkit::on_every_database! { tongguan_maintenance::migrations();
    every_profile_tells_the_same_history,
    every_mood_has_its_own_outcome,
    a_caller_with_little_time_is_told_what_is_known,
    an_older_answer_stands_in_for_an_outage_and_says_so,
    a_revoked_authorisation_is_not_papered_over,
    many_callers_of_one_vehicle_cause_one_question,
    a_broken_source_is_left_alone_and_recovers,
    a_row_of_another_car_decides_nothing,
    a_rollback_and_what_vanished_are_found,
    a_lookup_needs_a_consent_that_holds,
    every_wrong_field_is_named_at_once,
}

async fn every_profile_tells_the_same_history(database: Database) {
    let stage = Stage::new(database, known(&[ordinary(VIN)]), plain).await;
    let mut told = Vec::new();
    for source in [
        "zhejiang",
        "shanghai",
        "sichuan",
        "guangdong",
        "im_stations",
    ] {
        let history = stage.look_up(ask(VIN, source)).await.unwrap();
        assert_eq!(
            history.outcome(),
            Outcome::Found,
            "{source}: {}",
            history.sources[0].detail
        );
        assert_eq!(history.freshness(), Freshness::Fresh);
        assert!(history.simulated && history.sources[0].simulated);
        assert_eq!(history.sources[0].raw_sha256.len(), 32);
        assert_eq!(history.sources[0].consent, "consent-1");
        let odometer = history.odometer.unwrap();
        assert_eq!(
            odometer.verdict(),
            pb::odometer_analysis::Verdict::Consistent,
            "{source}"
        );
        assert_eq!(odometer.minimum_true_km, Some(40_100));
        let visits: Vec<_> = history
            .records
            .iter()
            .map(|record| {
                (
                    record.list_number.clone(),
                    record.intake,
                    record.odometer,
                    record.jobs.clone(),
                    record.shop.clone(),
                )
            })
            .collect();
        told.push(visits);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");
    stage.tasks.stop().await;
}

async fn every_mood_has_its_own_outcome(database: Database) {
    let stage = Stage::new(database, known(&[ordinary(VIN)]), |source| {
        source.breaker_failures = 1_000;
        source.timeout_ms = 1_500;
    })
    .await;
    for source in ["zhejiang", "sichuan", "guangdong", "im_stations"] {
        for (mood, outcome) in [
            (Mood::Down, Outcome::UpstreamDown),
            (Mood::Hang, Outcome::UpstreamDown),
            (Mood::Html, Outcome::UpstreamDown),
            (Mood::Garbage, Outcome::UpstreamDown),
            (Mood::HalfBody, Outcome::UpstreamDown),
            (Mood::EmptyWithoutTotal, Outcome::UpstreamDown),
            (Mood::Quota, Outcome::Quota),
            (Mood::OffHours, Outcome::OffHours),
            (Mood::AuthPending, Outcome::AuthPending),
            (Mood::NotAuthorised, Outcome::NotAuthorised),
            (Mood::Unsupported, Outcome::Unsupported),
            (Mood::BadInput, Outcome::BadInput),
            (Mood::MissingRows, Outcome::FoundPartial),
            (Mood::Slow(5), Outcome::Found),
        ] {
            stage.mood(source, mood).await;
            // Nothing is kept of the failures before, because the answer must be newer than zero.
            let mut fresh = ask(VIN, source);
            fresh.max_age = Some(pbjson_types::Duration::default());
            let history = stage.look_up(fresh).await.unwrap();
            assert_eq!(
                history.outcome(),
                outcome,
                "{source} {mood:?}: {}",
                history.sources[0].detail
            );
            let nothing_known = !matches!(outcome, Outcome::Found | Outcome::FoundPartial);
            assert_eq!(
                history.records.is_empty(),
                nothing_known,
                "{source} {mood:?}"
            );
        }
    }
    stage.mood("hunan", Mood::Well).await;
    assert_eq!(
        stage
            .look_up(ask(OTHER_VIN, "hunan"))
            .await
            .unwrap()
            .outcome(),
        Outcome::NoRecord
    );
    stage.mood("hunan", Mood::ExpiredToken).await;
    assert_eq!(
        stage.look_up(ask(VIN, "hunan")).await.unwrap().outcome(),
        Outcome::Found,
        "the token is renewed once"
    );
    stage.tasks.stop().await;
}

async fn an_older_answer_stands_in_for_an_outage_and_says_so(database: Database) {
    let stage = Stage::new(database, known(&[ordinary(VIN)]), plain).await;
    assert_eq!(
        stage
            .look_up(ask(VIN, "zhejiang"))
            .await
            .unwrap()
            .freshness(),
        Freshness::Fresh
    );
    let cached = stage.look_up(ask(VIN, "zhejiang")).await.unwrap();
    assert!(cached.cached && stage.calls("zhejiang").await == 1);

    stage.mood("zhejiang", Mood::Down).await;
    stage.world.clock.advance(Duration::days(3));
    let stale = stage.look_up(ask(VIN, "zhejiang")).await.unwrap();
    assert_eq!(
        (stale.outcome(), stale.freshness()),
        (Outcome::Found, Freshness::Stale)
    );
    assert_eq!(stale.sources[0].refresh_outcome(), Outcome::UpstreamDown);
    assert_eq!(stale.age.unwrap().seconds, 3 * 86_400);

    stage.world.clock.advance(Duration::days(40));
    let expired = stage.look_up(ask(VIN, "zhejiang")).await.unwrap();
    assert_eq!(
        (expired.outcome(), expired.freshness()),
        (Outcome::UpstreamDown, Freshness::Expired)
    );
    assert_eq!(
        expired.odometer.unwrap().verdict(),
        pb::odometer_analysis::Verdict::NoVerdict
    );
    assert_eq!(expired.records.len(), 4, "shown for information");
    stage.tasks.stop().await;
}

async fn a_revoked_authorisation_is_not_papered_over(database: Database) {
    let stage = Stage::new(database, known(&[ordinary(VIN)]), plain).await;
    stage.look_up(ask(VIN, "zhejiang")).await.unwrap();
    stage.mood("zhejiang", Mood::NotAuthorised).await;
    stage.world.clock.advance(Duration::days(2));
    let history = stage.look_up(ask(VIN, "zhejiang")).await.unwrap();
    assert_eq!(history.outcome(), Outcome::NotAuthorised);
    assert!(history.records.is_empty());
    stage.tasks.stop().await;
}

async fn many_callers_of_one_vehicle_cause_one_question(database: Database) {
    let mut simulated = known(&[ordinary(VIN)]);
    simulated
        .moods
        .insert("zhejiang".to_owned(), Mood::Slow(50));
    let stage = Stage::new(database, simulated, plain).await;
    let answers = join_all((0..200).map(|_| stage.look_up(ask(VIN, "zhejiang")))).await;
    assert!(
        answers
            .into_iter()
            .all(|answer| answer.unwrap().outcome() == Outcome::Found)
    );
    assert_eq!(stage.calls("zhejiang").await, 1);
    stage.tasks.stop().await;
}

async fn a_broken_source_is_left_alone_and_recovers(database: Database) {
    let stage = Stage::new(database, known(&[ordinary(VIN)]), |source| {
        source.breaker_failures = 2;
        source.retries = 0;
    })
    .await;
    stage.mood("zhejiang", Mood::Html).await;
    let mut fresh = ask(VIN, "zhejiang");
    fresh.max_age = Some(pbjson_types::Duration::default());
    for _ in 0..5 {
        assert_eq!(
            stage.look_up(fresh.clone()).await.unwrap().outcome(),
            Outcome::UpstreamDown
        );
    }
    assert_eq!(
        stage.calls("zhejiang").await,
        2,
        "the breaker is open after two"
    );
    let health = pb::GetSourceHealthRequest {
        source: "zhejiang".to_owned(),
    };
    let told = stage
        .client
        .clone()
        .get_source_health(stage.sign(health, "maintenance.read"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(told.state(), pb::source_health::State::Down);
    // Another province does not notice.
    assert_eq!(
        stage.look_up(ask(VIN, "hunan")).await.unwrap().outcome(),
        Outcome::Found
    );

    stage.mood("zhejiang", Mood::Well).await;
    stage.world.clock.advance(Duration::seconds(31));
    assert_eq!(
        stage.look_up(fresh).await.unwrap().outcome(),
        Outcome::Found,
        "the probe"
    );
    stage.tasks.stop().await;
}

async fn a_row_of_another_car_decides_nothing(database: Database) {
    let mut simulated = known(&[ordinary(VIN)]);
    simulated
        .moods
        .insert("zhejiang".to_owned(), Mood::RandomVin);
    let stage = Stage::new(database, simulated, plain).await;
    let history = stage.look_up(ask(VIN, "zhejiang")).await.unwrap();
    let aside: Vec<_> = history
        .records
        .iter()
        .filter(|record| record.standing() == pb::repair_record::Standing::SetAside)
        .collect();
    assert_eq!(aside.len(), 1);
    assert_eq!(aside[0].standing_codes, ["PLATE_UNLIKE_THE_REST"]);
    assert_eq!(
        history.odometer.unwrap().verdict(),
        pb::odometer_analysis::Verdict::Consistent
    );
    assert!(
        history
            .findings
            .iter()
            .any(|finding| finding.code() == pb::finding::Code::OtherCarRows)
    );
    stage.tasks.stop().await;
}

async fn a_rollback_and_what_vanished_are_found(database: Database) {
    let mut file = ordinary(VIN);
    for (visit, km) in file
        .visits
        .iter_mut()
        .zip(["42000", "88000", "51000", "56000"])
    {
        km.clone_into(&mut visit.mileage);
    }
    file.visits[1]
        .jobs
        .push(("左前纵梁校正焊接".to_owned(), "12".to_owned()));
    file.visits.insert(
        1,
        Visit {
            list: "A9".to_owned(),
            intake: "20240620".to_owned(),
            mileage: "66000".to_owned(),
            ..file.visits[0].clone()
        },
    );
    let stage = Stage::new(database, known(&[file.clone()]), plain).await;
    let history = stage.look_up(ask(VIN, "zhejiang")).await.unwrap();
    let odometer = history.odometer.unwrap();
    assert_eq!(
        odometer.verdict(),
        pb::odometer_analysis::Verdict::LikelyRollback,
        "{}",
        odometer.summary
    );
    assert_eq!(odometer.minimum_true_km, Some(88_000));
    let codes: Vec<_> = history.findings.iter().map(pb::Finding::code).collect();
    assert!(
        codes.contains(&pb::finding::Code::OdometerRollback)
            && codes.contains(&pb::finding::Code::StructuralRepair),
        "{codes:?}"
    );

    // Whoever turned it back also cleans the file: that is seen too.
    file.visits.retain(|visit| visit.mileage != "88000");
    "22000".clone_into(&mut file.visits[0].mileage);
    stage.file(file.clone()).await;
    stage.world.clock.advance(Duration::days(2));
    let history = stage.look_up(ask(VIN, "zhejiang")).await.unwrap();
    let codes: Vec<_> = history.findings.iter().map(pb::Finding::code).collect();
    assert!(
        codes.contains(&pb::finding::Code::RecordVanished)
            && codes.contains(&pb::finding::Code::RecordChanged),
        "{codes:?}"
    );

    // A visit more makes a new answer; what was found before is still found.
    file.visits.push(Visit {
        list: "A10".to_owned(),
        intake: "20260220".to_owned(),
        mileage: "57000".to_owned(),
        ..file.visits[0].clone()
    });
    stage.file(file).await;
    stage.world.clock.advance(Duration::days(2));
    let history = stage.look_up(ask(VIN, "zhejiang")).await.unwrap();
    let codes: Vec<_> = history.findings.iter().map(pb::Finding::code).collect();
    assert!(
        codes.contains(&pb::finding::Code::RecordVanished),
        "{codes:?}"
    );
    stage.tasks.stop().await;
}

async fn a_lookup_needs_a_consent_that_holds(database: Database) {
    let stage = Stage::new(database, known(&[ordinary(VIN)]), plain).await;
    let mut without = ask(VIN, "zhejiang");
    without.consent = None;
    refused(
        &stage.look_up(without).await.unwrap_err(),
        Code::FailedPrecondition,
        "CONSENT_REQUIRED",
    );
    let mut over = ask(VIN, "zhejiang");
    over.consent.as_mut().unwrap().valid_until = day(2026, 3, 1);
    refused(
        &stage.look_up(over).await.unwrap_err(),
        Code::FailedPrecondition,
        "CONSENT_EXPIRED",
    );
    assert_eq!(stage.calls("zhejiang").await, 0, "nobody was asked");
    stage.tasks.stop().await;
}

async fn every_wrong_field_is_named_at_once(database: Database) {
    use tonic_types::StatusExt;
    let stage = Stage::new(database, known(&[]), plain).await;
    let wrong = pb::LookupHistoryRequest {
        vin: "LSVWY418OKN246094".to_owned(),
        consent: Some(pb::Consent {
            id: "with space".to_owned(),
            given: day(2026, 13, 1),
            document_sha256: vec![1, 2, 3].into(),
            ..pb::Consent::default()
        }),
        readings: vec![pb::Reading::default()],
        wait: Some(pbjson_types::Duration {
            seconds: 99,
            nanos: 0,
        }),
        ..pb::LookupHistoryRequest::default()
    };
    let status = stage.look_up(wrong).await.unwrap_err();
    refused(&status, Code::InvalidArgument, "INVALID_FIELDS");
    let fields: Vec<String> = status
        .get_details_bad_request()
        .unwrap()
        .field_violations
        .into_iter()
        .map(|violation| violation.field)
        .collect();
    for field in [
        "vin",
        "purpose",
        "wait",
        "consent.id",
        "consent.basis",
        "consent.given",
        "consent.document_sha256",
        "readings[0].source",
        "readings[0].date",
        "readings[0].odometer",
    ] {
        assert!(
            fields.iter().any(|known| known == field),
            "{field} in {fields:?}"
        );
    }
    let unknown = stage.look_up(ask(VIN, "atlantis")).await.unwrap_err();
    refused(&unknown, Code::NotFound, "SOURCE_UNKNOWN");
    stage.tasks.stop().await;
}

async fn a_caller_with_little_time_is_told_what_is_known(database: Database) {
    let mut simulated = known(&[ordinary(VIN)]);
    simulated.moods.insert("zhejiang".to_owned(), Mood::Hang);
    let stage = Stage::new(database, simulated, |source| source.timeout_ms = 5_000).await;
    let mut request = stage.sign(ask(VIN, "zhejiang"), "maintenance.read");
    request.set_timeout(std::time::Duration::from_millis(400));
    let history = stage
        .client
        .clone()
        .lookup_history(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(history.outcome(), Outcome::UpstreamDown);
    assert!(history.sources[0].detail.contains("still being asked"));
    assert!(history.retry_after.is_some());
    stage.tasks.stop().await;
}
