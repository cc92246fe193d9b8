//! A source in a storm: half of its answers time out, a fifth are errors, a tenth are noise.

use futures::future::join_all;
use time::Duration;
use tongguan_api::maintenance::v1::Outcome;
use tongguan_maintenance::simulator::Mood;
use tongguan_testkit::databases::sqlite;

use crate::stage::{Stage, ask, known, ordinary};

fn vehicles() -> Vec<String> {
    (0..40)
        .map(|number| format!("LSVWY4180KN2{number:05}"))
        .collect()
}

#[tokio::test]
async fn a_storm_never_makes_a_wrong_outcome_and_other_provinces_do_not_notice() {
    let files: Vec<_> = vehicles().iter().map(|vin| ordinary(vin)).collect();
    let mut simulated = known(&files);
    simulated.moods.insert("zhejiang".to_owned(), Mood::Storm);
    let database = sqlite(&tongguan_maintenance::migrations()).await;
    let stage = Stage::new(database, simulated, |source| {
        source.timeout_ms = 100;
        source.in_flight = 8;
    })
    .await;

    let stormy = vehicles();
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

    // It recovers: the breaker lets a probe through, and everyone is answered in the end.
    stage.mood("zhejiang", Mood::Well).await;
    stage.world.clock.advance(Duration::minutes(11));
    for vin in &stormy {
        assert_eq!(
            stage.look_up(ask(vin, "zhejiang")).await.unwrap().outcome(),
            Outcome::Found
        );
    }
    stage.tasks.stop().await;
}

#[tokio::test]
async fn two_thousand_lookups_of_a_hundred_vehicles_cause_a_hundred_questions() {
    let vins: Vec<String> = (0..100)
        .map(|number| format!("LSVWY4180KN3{number:05}"))
        .collect();
    let files: Vec<_> = vins.iter().map(|vin| ordinary(vin)).collect();
    let mut simulated = known(&files);
    simulated
        .moods
        .insert("zhejiang".to_owned(), Mood::Slow(20));
    let database = sqlite(&tongguan_maintenance::migrations()).await;
    let stage = Stage::new(database, simulated, |source| source.timeout_ms = 5_000).await;
    let asked = (0..20)
        .flat_map(|_| &vins)
        .map(|vin| stage.look_up(ask(vin, "zhejiang")));
    for history in join_all(asked).await {
        assert_eq!(history.unwrap().outcome(), Outcome::Found);
    }
    assert_eq!(stage.calls("zhejiang").await, 100);
    stage.tasks.stop().await;
}
