//! What a pack may not be: each fault alone and all together, refused whole, with the running packs in force.

use tongguan_api::destinations::v1 as pb;
use tongguan_storage::Database;
use tonic::Code;

use crate::support::{House, house, ready, refusal};

tongguan_testkit::on_every_database! {
    tongguan_destinations::migrations();
    each_fault_of_a_pack_is_told_with_its_place,
    all_faults_are_told_at_once_and_the_running_pack_stays,
    what_is_nested_a_thousand_deep_is_refused,
    an_overlong_pack_is_refused,
}

const HEAD: &str = "market: KE\nname: { en: Kenya, zh: 肯尼亚 }\nversion: 2099.1.1\nas_of: 2026-11-23\nmeasured_at: trip.arrival\nrules:\n";

/// A sound rule; `replace` what is to be wrong.
const RULE: &str = "  - id: KE-X-1
    category: age
    require: vehicle.odometer_km <= 100
    otherwise: prohibit
    text: { en: At most a hundred kilometres., zh: 不超过一百公里。 }
    source: { title: a page, url: 'https://example.org/page', read: 2026-11-23, confidence: high }
    examples:
      - { given: { vehicle.odometer_km: 100 }, expect: satisfied }
      - { given: { vehicle.odometer_km: 101 }, expect: violated }
      - { given: {}, expect: unknown }
";

/// What to put for what, and a word of the complaint.
const FAULTS: [(&str, &str, &str); 7] = [
    (
        "vehicle.odometer_km <= 100",
        "vehicle.odometer_kn <= 100",
        "vehicle.odometer_km",
    ),
    (
        "vehicle.odometer_km <= 100",
        "'vehicle.odometer_km <= \"a\"'",
        "cannot be compared",
    ),
    ("vehicle.odometer_km <= 100", "'[1, 2].all(x, x > 0)'", ""),
    (
        "    source: { title: a page, url: 'https://example.org/page', read: 2026-11-23, confidence: high }\n",
        "",
        "source",
    ),
    (
        "km: 101 }, expect: violated",
        "km: 99 }, expect: violated",
        "expected violated",
    ),
    (
        "      - { given: {}, expect: unknown }\n",
        "",
        "three examples",
    ),
    ("otherwise: prohibit", "otherwise: prohibt", "\"prohibit\""),
];

async fn validate(house: &House, yaml: String) -> pb::ValidatePackResponse {
    let request = house.edit("ada", pb::ValidatePackRequest { yaml });
    house
        .client()
        .validate_pack(request)
        .await
        .unwrap()
        .into_inner()
}

async fn each_fault_of_a_pack_is_told_with_its_place(database: Database) {
    let house = house(database).await;
    let sound = validate(&house, format!("{HEAD}{RULE}")).await;
    assert!(sound.valid, "{:?}", sound.problems);
    assert_eq!((sound.examples, sound.rules), (3, 1));
    for (right, wrong, word) in FAULTS {
        let yaml = format!("{HEAD}{}", RULE.replacen(right, wrong, 1));
        let checked = validate(&house, yaml).await;
        assert!(
            !checked.valid && checked.pack.is_none(),
            "{wrong} was taken"
        );
        for problem in &checked.problems {
            assert!(problem.line > 6 && problem.column > 0, "{problem:?}");
            assert!(problem.message.contains(word), "{word} in {problem:?}");
            assert_eq!(problem.rule, "KE-X-1", "{problem:?}");
        }
    }
}

async fn all_faults_are_told_at_once_and_the_running_pack_stays(database: Database) {
    let house = house(database).await;
    let digest = || async {
        let request = pb::GetMarketRequest {
            market: "KE".to_owned(),
        };
        let market = house.client().get_market(house.ask(request)).await.unwrap();
        market.into_inner().pack.unwrap().digest
    };
    let before = digest().await;
    // Faults of reading, one rule each; examples are only run where everything reads.
    let wrong: String = [0, 1, 2, 3, 6]
        .into_iter()
        .map(|fault| {
            let (right, wrong, _) = FAULTS[fault];
            RULE.replacen(right, wrong, 1)
                .replace("KE-X-1", &format!("KE-X-{fault}"))
        })
        .collect();
    let yaml = format!("{HEAD}{wrong}");
    let checked = validate(&house, yaml.clone()).await;
    let rules: Vec<&str> = checked
        .problems
        .iter()
        .map(|problem| problem.rule.as_str())
        .collect();
    assert_eq!(
        rules,
        ["KE-X-0", "KE-X-1", "KE-X-2", "KE-X-3", "KE-X-6"],
        "{:#?}",
        checked.problems
    );
    let request = pb::PublishPackRequest {
        yaml,
        impact_report: "x".to_owned(),
        ..Default::default()
    };
    let refused = house
        .client()
        .publish_pack(house.edit("ada", request))
        .await
        .unwrap_err();
    let (reason, fields) = refusal(&refused);
    assert_eq!(
        (refused.code(), reason.as_str()),
        (Code::InvalidArgument, "PACK_REFUSED")
    );
    assert_eq!(fields.len(), checked.problems.len());
    assert_eq!(digest().await, before, "the running packs stay in force");
}

async fn what_is_nested_a_thousand_deep_is_refused(database: Database) {
    let house = house(database).await;
    let deep = format!("{}true{}", "(".repeat(1_000), ")".repeat(1_000));
    let checked = validate(
        &house,
        format!(
            "{HEAD}{}",
            RULE.replacen("vehicle.odometer_km <= 100", &deep, 1)
        ),
    )
    .await;
    assert!(
        checked.problems[0].message.contains("nested deeper"),
        "{:?}",
        checked.problems
    );
    let lists = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let checked = validate(
        &house,
        format!("{HEAD}{}", RULE.replacen("KE-X-1", &lists, 1)),
    )
    .await;
    assert!(
        !checked.valid && checked.problems[0].line > 0,
        "{:?}",
        checked.problems
    );

    let nested = |levels| {
        (0..levels).fold(
            serde_json::json!(1),
            |facts, _| serde_json::json!({ "vehicle": facts }),
        )
    };
    let refused = house.evaluate(nested(20), &["KE"]).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
    // Past a hundred levels the decoder itself refuses the message.
    assert!(house.evaluate(nested(300), &["KE"]).await.is_err());
    assert!(
        house.evaluate(ready(), &["KE"]).await.is_ok(),
        "the service goes on"
    );
}

async fn an_overlong_pack_is_refused(database: Database) {
    let house = house(database).await;
    let yaml = format!("{HEAD}{}", "#".repeat(256 << 10));
    let request = house.edit("ada", pb::ValidatePackRequest { yaml });
    let refused = house.client().validate_pack(request).await.unwrap_err();
    assert_eq!(
        refusal(&refused),
        ("INVALID_FIELDS".to_owned(), vec!["yaml".to_owned()])
    );
}
