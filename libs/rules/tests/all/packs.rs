//! Packs as a rule editor meets them: loaded, refused with every problem, layered, evaluated.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use tongguan_rules::{Facts, Outcome, Pack, Value, evaluate};

const KE: &str = include_str!("../packs/ke.yaml");

fn facts(value: serde_json::Value) -> Facts {
    Facts::from_json(&value).unwrap()
}

fn load(text: &str) -> Pack {
    Pack::load(text, &()).unwrap_or_else(|problems| {
        let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", list.join("\n"))
    })
}

/// A pack of one rule in its shortest form.
pub(crate) fn one(rule: &str) -> String {
    const HEAD: &str = "market: XX
name: { en: X, zh: 某 }
version: 1.0.0
as_of: 2026-11-23
measured_at: trip.arrival
rules:
  - id: R
    category: other
    text: { en: T, zh: 文 }
    source: { title: S, confidence: high }
";
    let lines = rule.lines().map(|line| format!("    {line}"));
    HEAD.to_owned() + &lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn value(rule: &str, given: serde_json::Value) -> Value {
    evaluate(&load(&one(rule)), &facts(given)).rules[0].value
}

#[test]
fn the_sample_pack_decides_a_car() {
    let pack = load(KE);
    let verdict = evaluate(
        &pack,
        &facts(json!({
            "vehicle": { "category": "M1", "first_registered": "2017-05", "manufactured": "2017", "steering": "RHD" },
            "trip": { "arrival": "2026-06-01", "dispatch_country": "CN" },
        })),
    );
    assert_eq!(verdict.outcome, Outcome::Prohibited);
    assert_eq!(verdict.reasons, ["KE-AGE-1"]);
    assert!(
        verdict.rules[0].text.zh.contains("初次登记日期：2017-05"),
        "{}",
        verdict.rules[0].text.zh
    );
}

#[test]
fn a_levy_in_place_of_a_certificate_is_a_condition() {
    let verdict = evaluate(
        &load(KE),
        &facts(json!({
            "vehicle": { "category": "M1", "first_registered": "2020-05", "manufactured": "2020", "steering": "RHD" },
            "trip": { "arrival": "2026-06-01", "dispatch_country": "CN" },
        })),
    );
    assert_eq!(verdict.outcome, Outcome::Conditional, "{verdict:#?}");
    assert_eq!(verdict.reasons, ["KE-INSP-2"]);
}

#[test]
fn every_problem_of_a_pack_is_listed_with_its_place() {
    let text = one(
        "require: vehicle.seets > 3 && vehicle.category == \"M9\"\notherwise: prohibt\nneeds: [bill-of-ladin]\nexamples:\n  - { given: { vehicle.odometer_km: -5 }, expect: satisfied }\ncolour: red",
    );
    let problems = Pack::load(&text, &()).unwrap_err();
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for expected in [
        "vehicle.seats",
        "\"M1\"",
        "\"prohibit\"",
        "bill-of-lading",
        "-5 is outside 0",
        "unknown field \"colour\"",
    ] {
        assert!(
            messages.iter().any(|message| message.contains(expected)),
            "{expected} in {messages:#?}"
        );
    }
    let seats = problems
        .iter()
        .find(|problem| problem.message.contains("seets"))
        .unwrap();
    assert_eq!((seats.line, seats.column), (11, 14), "{messages:#?}");
}

#[test]
fn a_low_confidence_rule_never_prohibits() {
    let text = one("require: vehicle.steering == \"LHD\"\notherwise: prohibit")
        .replace("confidence: high", "confidence: low");
    let verdict = evaluate(&load(&text), &facts(json!({ "vehicle.steering": "RHD" })));
    assert_eq!(
        (verdict.outcome, verdict.rules[0].value),
        (Outcome::Undetermined, Value::Undetermined)
    );
}

#[test]
fn a_stayed_rule_warns() {
    let verdict = evaluate(
        &load(&one(
            "require: vehicle.steering == \"LHD\"\notherwise: prohibit\nstatus: stayed",
        )),
        &facts(json!({ "vehicle.steering": "RHD" })),
    );
    assert_eq!(
        (verdict.outcome, verdict.rules[0].effect),
        (Outcome::Permitted, "warn")
    );
}

#[test]
fn readings_that_disagree_refer_and_readings_that_agree_decide() {
    let rule = "require: years(vehicle.manufactured, trip.arrival) <= 10\nalternatives: [\"years(vehicle.manufactured, trip.arrival) <= 15\"]\notherwise: prohibit";
    let made = |year: &str| json!({ "vehicle.manufactured": year, "trip.arrival": "2026-06-01" });
    assert_eq!(value(rule, made("2020")), Value::Satisfied);
    assert_eq!(value(rule, made("2013")), Value::Undetermined);
    assert_eq!(value(rule, made("2005")), Value::Violated);
}

#[test]
fn a_rule_that_expired_without_a_known_successor_is_undetermined() {
    let rule = "require: 'true'\notherwise: prohibit\neffective: { from: 2020-01-01, to: 2026-11-30, successor: unknown }";
    assert_eq!(
        value(rule, json!({ "trip.arrival": "2026-11-30" })),
        Value::Satisfied
    );
    assert_eq!(
        value(rule, json!({ "trip.arrival": "2026-12-01" })),
        Value::Undetermined
    );
}

#[test]
fn an_undated_question_is_asked_of_the_law_as_the_pack_knows_it() {
    let rule = "require: vehicle.steering == \"LHD\"\notherwise: prohibit\neffective: { from: 2009-01-01 }";
    assert_eq!(
        value(rule, json!({ "vehicle.steering": "RHD" })),
        Value::Violated
    );
    assert_eq!(
        value(
            rule,
            json!({ "vehicle.steering": "RHD", "trip.arrival": "2008-12-31" })
        ),
        Value::Satisfied
    );
}

#[test]
fn an_exemption_must_be_shown() {
    let rule = "require: vehicle.steering == \"LHD\"\notherwise: prohibit\nexempt: '\"diplomat\" in importer.status'";
    let pack = load(&one(rule));
    let verdict = evaluate(&pack, &facts(json!({ "vehicle.steering": "RHD" })));
    assert_eq!(verdict.outcome, Outcome::Prohibited);
    assert_eq!(verdict.rules[0].could_exempt, ["importer.status"]);
    assert_eq!(
        value(
            rule,
            json!({ "vehicle.steering": "RHD", "importer.status": ["diplomat"] })
        ),
        Value::Satisfied
    );
}

#[test]
fn an_unknown_that_cannot_decide_does_not_matter() {
    let rule = "require: vehicle.steering == \"LHD\" || vehicle.seats > 8\notherwise: prohibit";
    assert_eq!(
        value(rule, json!({ "vehicle.steering": "LHD" })),
        Value::Satisfied
    );
    let verdict = evaluate(&load(&one(rule)), &facts(json!({ "vehicle.seats": 5 })));
    assert_eq!(verdict.rules[0].missing, ["vehicle.steering"]);
}

#[test]
fn china_six_is_no_evidence_of_euro_six_without_a_table() {
    let rule = "require: vehicle.emission_standard >= stage(\"euro.5\")\notherwise: prohibit";
    assert_eq!(
        value(rule, json!({ "vehicle.emission_standard": "china.6b" })),
        Value::Unknown
    );
    assert_eq!(
        value(
            rule,
            json!({ "vehicle.emission_standard": ["china.6b", "euro.6d"] })
        ),
        Value::Satisfied
    );
    let table = one(rule).replace(
        "rules:",
        "emission_equivalences:\n  - { from: china.6, reaches: euro.5, source: a notice }\nrules:",
    );
    assert_eq!(
        evaluate(
            &load(&table),
            &facts(json!({ "vehicle.emission_standard": "china.6b" }))
        )
        .rules[0]
            .value,
        Value::Satisfied
    );
    assert_eq!(
        evaluate(
            &load(&table),
            &facts(json!({ "vehicle.emission_standard": "china.5" }))
        )
        .rules[0]
            .value,
        Value::Unknown
    );
}

#[test]
fn a_country_rule_beats_its_layer() {
    let layer = one("require: vehicle.steering == \"LHD\"\notherwise: prohibit")
        .replace("market: XX", "market: EAEU\nkind: layer")
        .replace("id: R", "id: EAEU-1");
    let layers = BTreeMap::from([("EAEU".to_owned(), Arc::new(load(&layer)))]);
    let country = |overrides: &str| {
        one(&format!(
            "require: vehicle.seats < 9\notherwise: prohibit{overrides}"
        ))
        .replace("name:", "extends: [EAEU]\nname:")
    };
    let given = facts(json!({ "vehicle.steering": "RHD", "vehicle.seats": 5 }));
    let plain = Pack::load(&country(""), &layers).unwrap();
    assert_eq!(evaluate(&plain, &given).reasons, ["EAEU-1"]);
    let over = Pack::load(&country("\noverrides: [EAEU-1]"), &layers).unwrap();
    assert_eq!(evaluate(&over, &given).outcome, Outcome::Permitted);
    assert_eq!(over.overridden[0].id, "EAEU-1");
    let typo = Pack::load(&country("\noverrides: [EAEU-2]"), &layers).unwrap_err();
    assert!(typo[0].message.contains("EAEU-1"), "{typo:?}");
}

#[test]
fn failing_examples_refuse_the_pack() {
    let text = one(
        "require: vehicle.seats < 9\notherwise: prohibit\nexamples:\n  - { given: { vehicle.seats: 9 }, expect: satisfied }",
    );
    let problems = Pack::load(&text, &()).unwrap_err();
    assert!(
        problems[0]
            .message
            .contains("expected satisfied, found violated"),
        "{problems:?}"
    );
}

#[test]
fn a_pack_without_rules_is_undetermined() {
    let text = "market: XX\nname: { en: X, zh: 某 }\nversion: 1.0.0\nas_of: 2026-11-23\nmeasured_at: trip.arrival\nrules: []\n";
    assert_eq!(
        evaluate(&load(text), &Facts::new()).outcome,
        Outcome::Undetermined
    );
}

#[test]
fn the_digest_ignores_comments_and_order_but_nothing_else() {
    let plain = load(KE).digest;
    assert_eq!(load(&format!("# a remark\n{KE}")).digest, plain);
    assert_ne!(
        load(
            &KE.replace("<= 7", "<= 6")
                .replace("2019-01-01", "2020-01-01")
                .replace(
                    "vehicle.first_registered: 2018-12-31",
                    "vehicle.first_registered: 2019-12-31"
                )
        )
        .digest,
        plain
    );
}

#[test]
fn a_document_without_its_date_is_asked_for() {
    let rule = "require: days(issued(\"pre-shipment-inspection\"), trip.loading) <= 60\notherwise: prohibit";
    let pack = load(&one(rule));
    let verdict = evaluate(
        &pack,
        &facts(json!({ "trip.loading": "2026-06-01", "documents": ["pre-shipment-inspection"] })),
    );
    assert_eq!(verdict.rules[0].value, Value::Unknown);
    assert_eq!(verdict.missing_documents[0].code, "pre-shipment-inspection");
    let dated = |day: &str| json!({ "trip.loading": "2026-06-01", "documents": [{ "code": "pre-shipment-inspection", "issued": day }] });
    assert_eq!(value(rule, dated("2026-04-02")), Value::Satisfied);
    assert_eq!(value(rule, dated("2026-04-01")), Value::Violated);
}

#[test]
fn papers_that_accompany_a_rule_make_it_conditional() {
    let rule = "require: vehicle.seats < 9\notherwise: prohibit\nneeds: [type-approval]";
    let pack = load(&one(rule));
    assert_eq!(
        evaluate(&pack, &facts(json!({ "vehicle.seats": 5 }))).outcome,
        Outcome::Conditional
    );
    assert_eq!(
        evaluate(
            &pack,
            &facts(json!({ "vehicle.seats": 5, "documents": ["type-approval"] }))
        )
        .outcome,
        Outcome::Permitted
    );
    assert_eq!(
        evaluate(
            &pack,
            &facts(json!({ "vehicle.seats": 9, "documents": ["type-approval"] }))
        )
        .outcome,
        Outcome::Prohibited
    );
}

#[test]
fn a_curing_document_lifts_a_violation() {
    let rule = "require: vehicle.steering == \"LHD\"\notherwise: prohibit\ncure: { who: importer, documents: [import-permit] }";
    assert_eq!(
        value(rule, json!({ "vehicle.steering": "RHD" })),
        Value::Violated
    );
    assert_eq!(
        value(
            rule,
            json!({ "vehicle.steering": "RHD", "documents": ["import-permit"] })
        ),
        Value::Satisfied
    );
}

#[test]
fn a_market_knows_its_own_country_and_a_layer_asks_for_it() {
    let rule = "applies: trip.destination in [\"BY\", \"KZ\"]\nrequire: vehicle.steering == \"LHD\"\notherwise: prohibit";
    let given = facts(json!({ "vehicle.steering": "RHD" }));
    let market = |code: &str| load(&one(rule).replace("market: XX", &format!("market: {code}")));
    assert_eq!(evaluate(&market("KZ"), &given).outcome, Outcome::Prohibited);
    assert_eq!(evaluate(&market("RU"), &given).outcome, Outcome::Permitted);
    assert_eq!(
        evaluate(&market("EAEU"), &given).rules[0].missing,
        ["trip.destination"]
    );
}

#[test]
fn what_cannot_be_expressed_refers_where_it_applies() {
    let rule = "applies: vehicle.powertrain == \"BEV\"\nnot_expressible: the standard is not in the schema\notherwise: refer";
    assert_eq!(
        value(rule, json!({ "vehicle.powertrain": "BEV" })),
        Value::Undetermined
    );
    assert_eq!(
        value(rule, json!({ "vehicle.powertrain": "ICE" })),
        Value::Satisfied
    );
    assert_eq!(load(&one(rule)).not_expressible(), 1);
}

#[test]
fn a_thousand_deep_expression_is_refused() {
    let deep = format!(
        "require: {}true{}\notherwise: prohibit",
        "(".repeat(1_000),
        ")".repeat(1_000)
    );
    let problems = Pack::load(&one(&deep), &()).unwrap_err();
    assert!(
        problems[0].message.contains("nested deeper"),
        "{problems:?}"
    );
}

#[test]
fn deeply_nested_yaml_is_refused() {
    let text = format!(
        "market: XX\nrules: {}{}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    assert!(!Pack::load(&text, &()).unwrap_err().is_empty());
}

#[test]
fn a_transition_must_be_shown_and_a_vague_date_leaves_it_open() {
    let rule = "require: vehicle.steering == \"LHD\"\notherwise: prohibit\nexempt: trip.payment_date < date(\"2018-01-25\")";
    let paid = |date: Option<&str>| {
        value(
            rule,
            json!({ "vehicle.steering": "RHD", "trip.payment_date": date }),
        )
    };
    assert_eq!(paid(None), Value::Violated);
    assert_eq!(paid(Some("2018-01")), Value::Unknown);
    assert_eq!(paid(Some("2018-01-24")), Value::Satisfied);
    assert_eq!(paid(Some("2018-01-25")), Value::Violated);
}

#[test]
fn an_unknown_ban_is_never_passed_over() {
    let rule = "applies: vehicle.powertrain == \"BEV\"\nrequire: vehicle.steering == \"LHD\"\notherwise: prohibit\nif_unknown: ignore";
    let pack = load(&one(rule));
    let outcome = |given| evaluate(&pack, &facts(given)).outcome;
    assert_eq!(
        outcome(json!({ "vehicle.powertrain": "BEV" })),
        Outcome::Undetermined
    );
    assert_eq!(
        outcome(json!({})),
        Outcome::Permitted,
        "whether it applies is unknown, and may be ignored"
    );
    assert_eq!(
        outcome(json!({ "vehicle.powertrain": "BEV", "vehicle.steering": "RHD" })),
        Outcome::Prohibited
    );
}
