//! The matrix stream: order, refused rows, records.

use serde_json::json;
use tongguan_api::destinations::v1 as pb;
use tongguan_storage::Database;
use tonic::Code;

use crate::support::{House, facts_of, house, ready, refusal};

tongguan_testkit::on_every_database! {
    tongguan_destinations::migrations();
    batches_come_back_in_order_and_keep_their_markets,
    a_bad_vehicle_refuses_its_row_alone,
    recorded_rows_can_be_replayed,
    an_unknown_market_ends_the_stream,
    brief_and_full_answers_agree,
}

async fn stream(
    house: &House,
    batches: Vec<pb::EvaluateMatrixRequest>,
) -> Result<Vec<pb::EvaluateMatrixResponse>, tonic::Status> {
    let mut answers = house
        .client()
        .evaluate_matrix(house.ask(tokio_stream::iter(batches)))
        .await?
        .into_inner();
    let mut all = Vec::new();
    while let Some(answer) = answers.message().await? {
        all.push(answer);
    }
    Ok(all)
}

fn item(key: &str, registered: &str) -> pb::MatrixItem {
    let mut facts = ready();
    facts["vehicle"]["first_registered"] = json!(registered);
    pb::MatrixItem {
        key: key.to_owned(),
        facts: Some(facts_of(facts)),
    }
}

fn batch(number: u64, markets: &[&str], items: Vec<pb::MatrixItem>) -> pb::EvaluateMatrixRequest {
    let markets = markets.iter().map(|market| (*market).to_owned()).collect();
    pb::EvaluateMatrixRequest {
        batch: number,
        markets,
        items,
        brief: true,
        record: false,
    }
}

async fn batches_come_back_in_order_and_keep_their_markets(database: Database) {
    let batches = (0..20)
        .map(|number| {
            batch(
                number,
                if number == 0 { &["KE", "NG"] } else { &[] },
                vec![item("old", "2012-01-01"), item("young", "2024-01-01")],
            )
        })
        .collect();
    let answers = stream(&house(database).await, batches).await.unwrap();
    assert_eq!(
        answers
            .iter()
            .map(|answer| answer.batch)
            .collect::<Vec<_>>(),
        (0..20).collect::<Vec<_>>()
    );
    for answer in answers {
        let keys: Vec<&str> = answer.rows.iter().map(|row| row.key.as_str()).collect();
        assert_eq!(keys, ["old", "young"]);
        assert_eq!(answer.rows[0].outcomes.len(), 2);
        assert_eq!(
            answer.rows[0].outcomes[0],
            i32::from(pb::Outcome::Prohibited)
        );
        assert!(answer.rows[0].decisive_rules[0].contains("KE-AGE-1"));
    }
}

async fn a_bad_vehicle_refuses_its_row_alone(database: Database) {
    let bad = pb::MatrixItem {
        key: "bad".to_owned(),
        facts: Some(facts_of(json!({ "vehicle.seats": 0, "vehicle.made": "x" }))),
    };
    let none = pb::MatrixItem {
        key: "none".to_owned(),
        facts: None,
    };
    let answers = stream(
        &house(database).await,
        vec![batch(
            1,
            &["KE"],
            vec![bad, none, item("good", "2024-01-01")],
        )],
    )
    .await
    .unwrap();
    let [bad, none, good] = answers[0].rows.as_slice() else {
        panic!("three rows")
    };
    assert_eq!(bad.problem.as_ref().unwrap().field_violations.len(), 2);
    assert!(none.problem.is_some() && none.outcomes.is_empty());
    assert!(good.problem.is_none() && good.outcomes.len() == 1);
}

async fn recorded_rows_can_be_replayed(database: Database) {
    let house = house(database).await;
    let asked = pb::EvaluateMatrixRequest {
        brief: false,
        record: true,
        ..batch(
            1,
            &["KE", "AE"],
            vec![item("a", "2022-01-01"), item("b", "2023-01-01")],
        )
    };
    let answers = stream(&house, vec![asked]).await.unwrap();
    for verdict in answers[0].rows.iter().flat_map(|row| &row.verdicts) {
        let request = pb::ReplayDecisionRequest {
            decision: verdict.decision.clone(),
        };
        let replayed = house
            .client()
            .replay_decision(house.ask(request))
            .await
            .unwrap()
            .into_inner();
        assert!(replayed.identical);
        assert_eq!(replayed.verdict.unwrap().market, verdict.market);
    }
}

async fn an_unknown_market_ends_the_stream(database: Database) {
    let refused = stream(
        &house(database).await,
        vec![batch(1, &["ZZ"], vec![item("a", "2022-01-01")])],
    )
    .await
    .unwrap_err();
    assert_eq!(
        (refused.code(), refusal(&refused).0.as_str()),
        (Code::NotFound, "MARKET_UNKNOWN")
    );
}

async fn brief_and_full_answers_agree(database: Database) {
    let house = house(database).await;
    let items = || {
        vec![
            item("a", "2012-01-01"),
            item("b", "2025-12"),
            item("c", "2019"),
        ]
    };
    let brief = stream(&house, vec![batch(1, &["*"], items())])
        .await
        .unwrap();
    let full = stream(
        &house,
        vec![pb::EvaluateMatrixRequest {
            brief: false,
            ..batch(1, &["*"], items())
        }],
    )
    .await
    .unwrap();
    for (brief, full) in brief[0].rows.iter().zip(&full[0].rows) {
        assert_eq!(
            brief.outcomes,
            full.verdicts
                .iter()
                .map(|verdict| verdict.outcome)
                .collect::<Vec<_>>()
        );
    }
}
