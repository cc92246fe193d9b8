//! Sources in a storm, crowds of callers, and lookups that wait out an outage; through the whole service.

use futures::future::join_all;
use time::Duration;
use tongguan_api::common::v1::operation::State;
use tongguan_api::maintenance::v1::Outcome;
use tongguan_maintenance::SourceConfig;
use tongguan_maintenance::simulator::Mood;
use tongguan_testkit::databases::sqlite;

use crate::stage::{Stage, ask, known, ordinary, plain};

fn vehicles(series: char, count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("LSVWY4180KN{series}{number:05}"))
        .collect()
}

/// The stormy province gives up early, since half of its answers never come; the others have all the time they need.
fn impatient(source: &mut SourceConfig) {
    source.timeout_ms = if source.base_url.ends_with("zhejiang") {
        1_000
    } else {
        20_000
    };
    source.in_flight = 8;
}

#[tokio::test]
async fn a_storm_never_makes_a_wrong_outcome_and_other_provinces_do_not_notice() {
    let stormy = vehicles('2', 40);
    let files: Vec<_> = stormy.iter().map(|vin| ordinary(vin)).collect();
    let mut simulated = known(&files);
    simulated.moods.insert("zhejiang".to_owned(), Mood::Storm);
    let database = sqlite(&tongguan_maintenance::migrations()).await;
    let stage = Stage::new(database, simulated, impatient).await;

    let asked = join_all(stormy.iter().map(|vin| stage.look_up(ask(vin, "zhejiang")))).await;
    let mut unanswered = 0;
    for history in asked {
        let history = history.unwrap();
        match history.outcome() {
            Outcome::Found => assert_eq!(history.records.len(), 4),
            Outcome::UpstreamDown | Outcome::Quota => {
                assert!(history.records.is_empty());
                unanswered += 1;
            }
            other => panic!("{other:?} is wrong: every vehicle has records"),
        }
    }
    assert!(unanswered > 0, "the storm was felt");
    assert!(
        stage.calls("zhejiang").await < 120,
        "retries stay within their budget"
    );
    let calm = join_all(stormy.iter().map(|vin| stage.look_up(ask(vin, "hunan")))).await;
    assert!(
        calm.into_iter()
            .all(|history| history.unwrap().outcome() == Outcome::Found)
    );
    stage.tasks.stop().await;
}

#[tokio::test]
async fn lookups_parked_through_an_outage_are_answered_after_it_each_by_one_question() {
    let vins = vehicles('4', 30);
    let files: Vec<_> = vins.iter().map(|vin| ordinary(vin)).collect();
    let mut simulated = known(&files);
    simulated.moods.insert("hunan".to_owned(), Mood::Down);
    let database = sqlite(&tongguan_maintenance::migrations()).await;
    let stage = Stage::new(database, simulated, impatient).await;
    let mut lookups = Vec::new();
    for (number, vin) in vins.iter().enumerate() {
        lookups.push(
            stage
                .start(&format!("r{number}"), ask(vin, "hunan"))
                .await
                .result,
        );
    }
    for lookup in &lookups {
        let parked = stage.until(lookup, State::Parked).await;
        assert_eq!(parked.history.unwrap().outcome(), Outcome::UpstreamDown);
    }
    // Ten minutes: the breaker is open, so thirty lookups that come due again and again are a handful of probes.
    for _ in 0..20 {
        stage.world.clock.advance(Duration::seconds(30));
        for _ in 0..20 {
            stage.progress(&lookups[0]).await;
        }
    }
    let during = stage.calls("hunan").await;
    assert!(during <= 30, "{during} questions to a source that is down");

    stage.mood("hunan", Mood::Well).await;
    for lookup in &lookups {
        // Whoever comes while the probe is out is parked once more, so time goes on here.
        let mut progress = stage.progress(lookup).await;
        for _ in 0..100_000 {
            if progress.operation.as_ref().unwrap().done {
                break;
            }
            stage.world.clock.advance(Duration::seconds(1));
            progress = stage.progress(lookup).await;
        }
        let history = progress.history.unwrap();
        assert_eq!(history.outcome(), Outcome::Found);
        assert_eq!(history.records.len(), 4);
    }
    assert_eq!(
        stage.calls("hunan").await - during,
        vins.len() as u64,
        "each vehicle is asked for once"
    );
    stage.tasks.stop().await;
}

async fn a_crowd_is_one_question_a_vehicle(crowd: usize) {
    let vins = vehicles('3', 100);
    let files: Vec<_> = vins.iter().map(|vin| ordinary(vin)).collect();
    let mut simulated = known(&files);
    simulated
        .moods
        .insert("zhejiang".to_owned(), Mood::Slow(20));
    let database = sqlite(&tongguan_maintenance::migrations()).await;
    let stage = Stage::new(database, simulated, |source| {
        plain(source);
        source.timeout_ms = 20_000;
    })
    .await;
    let asked = (0..crowd / vins.len()).flat_map(|_| &vins).map(|vin| {
        let mut patient = ask(vin, "zhejiang");
        patient.wait = Some(pbjson_types::Duration {
            seconds: 30,
            nanos: 0,
        });
        stage.look_up(patient)
    });
    for history in join_all(asked).await {
        assert_eq!(history.unwrap().outcome(), Outcome::Found);
    }
    assert_eq!(stage.calls("zhejiang").await, 100);
    stage.tasks.stop().await;
}

#[tokio::test]
async fn two_thousand_lookups_of_a_hundred_vehicles_cause_a_hundred_questions() {
    a_crowd_is_one_question_a_vehicle(2_000).await;
}

#[tokio::test]
#[ignore = "long in a debug build; the benchmark does it every time"]
async fn ten_thousand_lookups_of_a_hundred_vehicles_cause_a_hundred_questions() {
    a_crowd_is_one_question_a_vehicle(10_000).await;
}
