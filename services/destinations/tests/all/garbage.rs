//! The service under arbitrary input: facts nobody meant, messages that are none; it answers, and answers go on.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use tongguan_api::destinations::v1 as pb;
use tongguan_rules::{FACTS, Kind};
use tonic::Code;

use crate::support::{House, facts_of, house, ready};

/// A value of a fact: mostly one that fits, sometimes one that does not.
fn value(kind: Kind) -> BoxedStrategy<Value> {
    let fits = match kind {
        Kind::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Int(min, max) => (min..=max).prop_map(Value::from).boxed(),
        Kind::Number(min, max) => (min..=max).prop_map(|whole| json!(whole as f64)).boxed(),
        Kind::Date => (2_000..2_030, 1..13, 1..29, 0..3)
            .prop_map(|(y, m, d, exact)| match exact {
                0 => json!(format!("{y}")),
                1 => json!(format!("{y}-{m:02}")),
                _ => json!(format!("{y}-{m:02}-{d:02}")),
            })
            .boxed(),
        Kind::Code(words) => prop::sample::select(words).prop_map(Value::from).boxed(),
        Kind::Set(words) => prop::sample::subsequence(words, 0..=words.len().min(3))
            .prop_map(|words| json!(words))
            .boxed(),
        Kind::Country => prop::sample::select(&["CN", "JP", "KE", "RU"][..])
            .prop_map(Value::from)
            .boxed(),
        Kind::Text => "[a-z]{1,8}".prop_map(Value::from).boxed(),
        Kind::Stage(_) => prop::sample::select(&["china.6b", "euro.5", "japan.2005"][..])
            .prop_map(Value::from)
            .boxed(),
    };
    prop_oneof![12 => fits, 1 => anything()].boxed()
}

fn anything() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
    ];
    let nested = leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z.]{0,8}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    });
    nested.boxed()
}

fn facts() -> impl Strategy<Value = Value> {
    let fact = (0..FACTS.len()).prop_flat_map(|place| {
        value(FACTS[place].kind).prop_map(move |value| (FACTS[place].name.to_owned(), value))
    });
    let named = prop_oneof![30 => fact, 1 => ("[a-z.]{0,12}", anything())];
    prop::collection::vec(named, 0..30).prop_map(|pairs| Value::Object(pairs.into_iter().collect()))
}

async fn ask(house: &House, facts: &Value) -> Result<Vec<pb::MarketVerdict>, tonic::Status> {
    let request = pb::EvaluateRequest {
        facts: Some(facts_of(facts.clone())),
        markets: vec!["KE".to_owned(), "RU".to_owned(), "CN-EXPORT".to_owned()],
        skip_advice: true,
        all_rules: true,
        ..pb::EvaluateRequest::default()
    };
    Ok(house
        .client()
        .evaluate(house.ask(request))
        .await?
        .into_inner()
        .verdicts)
}

async fn brief(house: &House, facts: &Value) -> pb::MatrixRow {
    let batch = pb::EvaluateMatrixRequest {
        items: vec![pb::MatrixItem {
            key: "one".to_owned(),
            facts: Some(facts_of(facts.clone())),
        }],
        markets: vec!["KE".to_owned(), "RU".to_owned(), "CN-EXPORT".to_owned()],
        brief: true,
        ..pb::EvaluateMatrixRequest::default()
    };
    let stream = tokio_stream::iter([batch]);
    let mut answers = house
        .client()
        .evaluate_matrix(house.ask(stream))
        .await
        .unwrap()
        .into_inner();
    answers.message().await.unwrap().unwrap().rows.remove(0)
}

/// A service and the runtime it lives on, for properties, which are not async.
fn running() -> (tokio::runtime::Runtime, Arc<House>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let house = runtime.block_on(async {
        house(tongguan_testkit::databases::sqlite(&tongguan_destinations::migrations()).await).await
    });
    (runtime, Arc::new(house))
}

#[test]
fn any_facts_are_judged_or_refused_with_their_fields_and_every_form_agrees() {
    let (runtime, house) = running();
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2026),
        ..ProptestConfig::default()
    };
    proptest!(config, |(facts in facts())| {
        let (full, row) = runtime.block_on(async { (ask(&house, &facts).await, brief(&house, &facts).await) });
        match full {
            Ok(verdicts) => {
                let outcomes: Vec<i32> = verdicts.iter().map(|verdict| verdict.outcome).collect();
                prop_assert_eq!(&row.outcomes, &outcomes);
                for (verdict, rules) in verdicts.iter().zip(&row.decisive_rules) {
                    let mut decisive: Vec<&str> = verdict.reasons.iter().filter(|reason| reason.decisive).map(|reason| reason.rule.as_str()).collect();
                    let mut brief: Vec<&str> = rules.split(',').filter(|id| !id.is_empty()).collect();
                    if verdict.outcome() == pb::Outcome::Permitted {
                        decisive.clear();
                    }
                    decisive.sort_unstable();
                    brief.sort_unstable();
                    prop_assert_eq!(decisive, brief);
                }
                let decision = verdicts[0].decision.clone();
                let request = house.ask(pb::ReplayDecisionRequest { decision });
                let replayed = runtime.block_on(house.client().replay_decision(request)).unwrap().into_inner();
                prop_assert!(replayed.identical, "{} replays to other bytes over {}", verdicts[0].market, facts);
            }
            Err(status) => {
                prop_assert_eq!(status.code(), Code::InvalidArgument, "{:?}", status);
                prop_assert!(!crate::support::refusal(&status).1.is_empty(), "{:?}", status);
                prop_assert!(row.problem.is_some() && row.outcomes.is_empty());
            }
        }
    });
}

#[test]
fn bytes_that_are_no_message_are_refused_and_calls_go_on() {
    const METHODS: [&str; 10] = [
        "Evaluate",
        "EvaluateMatrix",
        "ListMarkets",
        "GetMarket",
        "ListRules",
        "GetPack",
        "ValidatePack",
        "PublishPack",
        "SimulatePack",
        "ReplayDecision",
    ];
    let (runtime, house) = running();
    let config = ProptestConfig {
        cases: 48,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2026),
        ..ProptestConfig::default()
    };
    proptest!(config, |(method in prop::sample::select(&METHODS[..]), body in prop::collection::vec(any::<u8>(), 0..200), framed in any::<bool>())| {
        let status = runtime.block_on(house.raw(method, frame(&body, framed)));
        // 13 with this text is a handler that panicked; everything else is an answer.
        prop_assert!(!status.contains("a fault on our side"), "{}: {}", method, status);
    });
    runtime.block_on(async { assert!(ask(&house, &ready()).await.is_ok(), "calls go on") });
}

/// A gRPC frame around a body that is nobody's message, or not even that.
fn frame(body: &[u8], framed: bool) -> Bytes {
    if !framed {
        return Bytes::copy_from_slice(body);
    }
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[0][..], &length, body].concat().into()
}
