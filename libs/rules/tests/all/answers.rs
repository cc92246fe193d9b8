//! Answers a person can act on: until when, what would change it, what changed in the law, and the same again years later.

use serde_json::{Value as Json, json};
use tongguan_rules::{
    Fact, Facts, Outcome, Pack, Record, ReplayError, ShipBy, diff, evaluate, ship_by,
    ways_to_eligible,
};

fn pack(text: &str) -> Pack {
    Pack::load(text, &()).unwrap()
}

fn kenya() -> Pack {
    pack(include_str!("../packs/ke.yaml"))
}

fn china() -> Pack {
    pack(include_str!("../packs/cn-export.yaml"))
}

fn facts(value: Json) -> Facts {
    Facts::from_json(&value).unwrap()
}

/// A car that leaves China in good order.
fn good() -> Json {
    json!({
        "vehicle": { "first_registered": "2021-03-10", "powertrain": "ICE" },
        "trip": { "application_date": "2026-06-01" },
        "registry": { "scrap_limit_applies": false, "encumbered": false, "customs_supervision": false, "status": ["A"], "transfer_pending_export": "2026-05-20" },
        "exporter": { "is_owner": true },
    })
}

fn with(mut base: Json, path: &str, value: Json) -> Facts {
    base[path] = value;
    facts(base)
}

#[test]
fn a_car_in_good_order_is_permitted() {
    assert_eq!(
        evaluate(&china(), &facts(good())).outcome,
        Outcome::Permitted
    );
}

#[test]
fn kenya_closes_on_the_last_day_of_the_year() {
    let given = facts(json!({
        "vehicle": { "category": "M1", "first_registered": "2019-05", "manufactured": "2019", "steering": "RHD" },
        "trip": { "arrival": "2026-06-01", "dispatch_country": "CN" },
    }));
    let ShipBy::Until {
        last_day,
        now,
        then,
        rules,
        ..
    } = ship_by(&kenya(), &given, Fact::Arrival)
    else {
        panic!("no change")
    };
    assert_eq!(
        (last_day.as_str(), now, then),
        ("2026-12-31", Outcome::Conditional, Outcome::Prohibited)
    );
    assert_eq!(rules, ["KE-AGE-1"]);
}

#[test]
fn without_a_date_there_is_no_ship_by() {
    assert_eq!(
        ship_by(&kenya(), &Facts::new(), Fact::Arrival),
        ShipBy::NoDate {
            over: "trip.arrival"
        }
    );
}

#[test]
fn a_young_car_needs_the_letter_or_some_days() {
    let given = facts({
        let mut base = good();
        base["vehicle"]["first_registered"] = json!("2026-01-10");
        base
    });
    let pack = china();
    let verdict = evaluate(&pack, &given);
    assert_eq!(verdict.outcome, Outcome::Conditional);
    assert_eq!(
        verdict.missing_documents[0].code,
        "after-sales-confirmation"
    );
    let ways = ways_to_eligible(&pack, &given);
    let steps: Vec<(&str, Option<Json>)> = ways
        .iter()
        .map(|way| (way.steps[0].what.as_str(), way.steps[0].to.clone()))
        .collect();
    assert_eq!(
        steps,
        [
            ("after-sales-confirmation", None),
            ("trip.application_date", Some(json!("2026-07-10")))
        ]
    );
    assert!(
        ways.iter()
            .all(|way| way.outcome == Outcome::Permitted && way.steps.len() == 1)
    );
}

#[test]
fn a_mortgaged_car_is_cured_by_lifting_the_mortgage() {
    let mut base = good();
    base["registry"]["encumbered"] = json!(true);
    let ways = ways_to_eligible(&china(), &facts(base));
    assert_eq!(ways.len(), 1, "{ways:#?}");
    assert_eq!(
        (
            ways[0].steps[0].what.as_str(),
            ways[0].steps[0].who.as_str()
        ),
        ("registry.encumbered", "seller")
    );
}

#[test]
fn what_cannot_be_cured_has_no_way() {
    let mut base = good();
    base["registry"]["customs_supervision"] = json!(true);
    assert_eq!(ways_to_eligible(&china(), &facts(base)), []);
}

#[test]
fn a_diff_names_rules_and_fields() {
    let newer = include_str!("../packs/ke.yaml")
        .replace("version: 2026.11.1", "version: 2027.1.1")
        .replace("status: suspended", "status: withdrawn")
        .replace("expect: undetermined", "expect: not_applicable")
        .replace(
            "expect: violated, note: before the suspension is considered",
            "expect: not_applicable",
        );
    let changes = diff(&kenya(), &pack(&newer));
    assert_eq!(
        (
            changes.rules.len(),
            changes.rules[0].id.as_str(),
            changes.rules[0].kind
        ),
        (1, "KE-BAN-1", "changed")
    );
    let fields: Vec<&str> = changes.rules[0]
        .fields
        .iter()
        .map(|change| change.field.as_str())
        .collect();
    assert_eq!(fields, ["examples", "status"]);
    assert_eq!(changes.head[0].field, "version");
}

#[test]
fn a_record_replays_to_the_same_bytes() {
    let pack = kenya();
    let given = with(
        json!({ "vehicle.first_registered": "2019-05", "vehicle.damage": { "has": ["flood"], "not": ["fire"] }, "vehicle.power_kw": 110.5 }),
        "documents",
        json!(["ke-cor", { "code": "commercial-invoice", "issued": "2026-05" }]),
    );
    let record = Record::of(&pack, &given);
    let stored: Record = serde_json::from_slice(&record.to_bytes()).unwrap();
    assert_eq!(
        stored.replay(&pack).unwrap().to_bytes(),
        evaluate(&pack, &given).to_bytes()
    );
    assert_eq!(
        Record::of(&pack, &Facts::from_json(&stored.facts).unwrap()).to_bytes(),
        record.to_bytes()
    );
}

#[test]
fn a_record_is_not_replayed_with_another_pack() {
    let record = Record::of(&kenya(), &Facts::new());
    assert!(matches!(
        record.replay(&china()),
        Err(ReplayError::Pack { .. })
    ));
}

#[test]
fn facts_out_of_range_are_refused_all_at_once() {
    let errors = Facts::from_json(&json!({
        "vehicle": { "manufactured": "1850", "odometer_km": -5, "category": "M9", "colour": 3, "battery_soh_percent": 130, "origin_country": "China" },
        "vehicle.sits": 5,
        "documents": ["Not A Code"],
    }))
    .unwrap_err();
    assert_eq!(errors.len(), 8, "{errors:#?}");
    let text = errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n");
    for expected in [
        "1850 is outside 1886",
        "-5 is outside 0",
        "\"M1\"",
        "vehicle.seats",
        "130 is outside 0 to 100",
    ] {
        assert!(text.contains(expected), "{expected} in {text}");
    }
}

#[test]
fn the_shortest_form_of_a_pack_loads() {
    let short = r#"
market: KE
name: { en: Kenya, zh: 肯尼亚 }
extends: []
version: 2026.11.1
rules:
  - id: KE-AGE-1
    category: age
    status: in_force
    effective: { from: 2026-01-01, to: null, decided_by: trip.arrival }
    unless: trip.bill_of_lading < date("2025-12-31")
    applies: vehicle.category in ["M1", "N1"]
    require: calendar_years(vehicle.first_registered, trip.arrival) <= 7
    otherwise: prohibit
    needs: []
    text: { en: "…", zh: "…" }
    cure: { who: none }
    source: { instrument: "…", url: "…", read: 2026-11-23, confidence: high, conflicts: [] }
    examples:
      - { given: { vehicle.first_registered: 2019-01-01, trip.arrival: 2026-06-01 }, expect: satisfied }
      - { given: { vehicle.first_registered: 2018, trip.arrival: 2026-06-01 }, expect: violated }
      - { given: { vehicle.first_registered: null, trip.arrival: 2026-06-01 }, expect: unknown }
"#;
    let pack = pack(short);
    let car = json!({ "vehicle.category": "M1", "vehicle.first_registered": 2018, "trip.arrival": "2026-06-01" });
    let verdict = evaluate(&pack, &facts(car.clone()));
    assert_eq!(verdict.outcome, Outcome::Prohibited);
    assert_eq!(verdict.rules[0].could_exempt, ["trip.bill_of_lading"]);
    let mut shipped = car;
    shipped["trip.bill_of_lading"] = json!("2025-12-30");
    assert_eq!(evaluate(&pack, &facts(shipped)).outcome, Outcome::Permitted);
}

#[test]
fn norway_is_not_a_truth_value() {
    let text = include_str!("../packs/ke.yaml").replace("market: KE", "market: NO");
    assert_eq!(pack(&text).market, "NO");
}
