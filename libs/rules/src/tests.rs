//! The conventions that settle what sources leave open, each with the case that would show it broken.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::{
    Because, Facts, Outcome, Pack, RuleVerdict, ShipBy, Status, Value, Verdict, evaluate, ship_by,
    ways_to_eligible,
};

/// A pack of the given rules, each as its clauses, one a line.
fn text(rules: &[&str]) -> String {
    let rules = rules.iter().enumerate().map(|(number, rule)| {
        let source = if rule.contains("source:") {
            ""
        } else {
            "    source: { title: S, confidence: high }\n"
        };
        let clauses: String = rule.lines().flat_map(|line| ["    ", line, "\n"]).collect();
        format!("  - id: R{number}\n    category: other\n    text: {{ en: T, zh: 文 }}\n{source}{clauses}")
    });
    let head = "market: XX\nname: { en: X, zh: 某 }\nversion: 1.0.0\nas_of: 2026-11-23\nmeasured_at: trip.arrival\nrules:\n";
    head.to_owned() + &rules.collect::<String>()
}

fn load(rules: &[&str]) -> Pack {
    Pack::load(&text(rules), &()).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn judge(rules: &[&str], given: Json) -> Verdict {
    evaluate(&load(rules), &Facts::from_json(&given).unwrap())
}

/// The verdict of one rule, and the outcome it alone makes.
fn one(rule: &str, given: Json) -> (RuleVerdict, Outcome) {
    let mut verdict = judge(&[rule], given);
    (verdict.rules.remove(0), verdict.outcome)
}

const STEERING: &str = "require: vehicle.steering == \"LHD\"\notherwise: ";

fn right() -> Json {
    json!({ "vehicle.steering": "RHD" })
}

#[test]
fn each_of_the_six_consequences_has_its_own_weight() {
    for (word, outcome, effect) in [
        ("prohibit", Outcome::Prohibited, "prohibit"),
        ("not_registrable", Outcome::Prohibited, "prohibit"),
        ("refer", Outcome::Undetermined, "refer"),
        ("require", Outcome::Conditional, "condition"),
        ("levy", Outcome::Permitted, "levy"),
        ("warn", Outcome::Permitted, "warn"),
    ] {
        let (rule, found) = one(&format!("{STEERING}{word}"), right());
        assert_eq!((found, rule.effect), (outcome, effect), "{word}");
        assert_eq!(rule.value, Value::Violated, "{word}");
    }
}

#[test]
fn the_heaviest_consequence_decides_and_duties_never_do() {
    let all = ["prohibit", "refer", "require", "levy"].map(|word| format!("{STEERING}{word}"));
    let rules: Vec<&str> = all.iter().map(String::as_str).collect();
    for (from, outcome, reason) in [
        (0, Outcome::Prohibited, Some("R0")),
        (1, Outcome::Undetermined, Some("R0")),
        (2, Outcome::Conditional, Some("R0")),
        (3, Outcome::Permitted, None),
    ] {
        let verdict = judge(&rules[from..], right());
        assert_eq!(verdict.outcome, outcome);
        if let Some(reason) = reason {
            assert_eq!(verdict.reasons, [reason]);
        }
    }
    let open = "require: vehicle.seats < 9\notherwise: prohibit";
    let ban = format!("{STEERING}prohibit");
    assert_eq!(judge(&[open, &ban], right()).outcome, Outcome::Prohibited);
    assert_eq!(judge(&[open], right()).outcome, Outcome::Undetermined);
}

#[test]
fn only_a_rule_in_force_prohibits() {
    for (word, status) in Status::WORDS {
        let (rule, outcome) = one(&format!("{STEERING}prohibit\nstatus: {word}"), right());
        let expected = match status {
            Status::InForce => (Value::Violated, Outcome::Prohibited),
            Status::Superseded | Status::Withdrawn => (Value::Satisfied, Outcome::Permitted),
            _ => (Value::Undetermined, Outcome::Permitted),
        };
        assert_eq!((rule.value, outcome), expected, "{word}");
        assert_eq!(
            rule.because == Because::NotLive,
            matches!(status, Status::Superseded | Status::Withdrawn)
        );
    }
}

#[test]
fn a_doubtful_source_never_blocks_by_itself() {
    for (source, outcome) in [
        ("{ title: S, confidence: high }", Outcome::Prohibited),
        ("{ title: S, confidence: medium }", Outcome::Prohibited),
        ("{ title: S, confidence: low }", Outcome::Undetermined),
        ("{ title: S, confidence: C }", Outcome::Undetermined),
        (
            "{ title: S, confidence: high, conflicts: [another page differs] }",
            Outcome::Undetermined,
        ),
        (
            "{ title: S, confidence: high, evidence: background }",
            Outcome::Permitted,
        ),
        (
            "{ confidence: C, evidence: background }",
            Outcome::Permitted,
        ),
    ] {
        for word in ["prohibit", "not_registrable"] {
            let rule = format!("{STEERING}{word}\nsource: {source}");
            assert_eq!(one(&rule, right()).1, outcome, "{word} {source}");
        }
    }
    // Nor do the papers that accompany what is only background.
    let papers = "require: vehicle.seats < 9\nneeds: [type-approval]\notherwise: prohibit\nsource: { confidence: C, evidence: background }";
    assert_eq!(
        one(papers, json!({ "vehicle.seats": 5 })).1,
        Outcome::Permitted
    );
    // A weak source may still ask for something; background knowledge may not.
    let asks = |source: &str| one(&format!("{STEERING}require\nsource: {source}"), right()).1;
    assert_eq!(asks("{ title: S, confidence: low }"), Outcome::Conditional);
    assert_eq!(
        asks("{ title: S, confidence: medium, evidence: background }"),
        Outcome::Permitted
    );
}

#[test]
fn readings_settle_a_conflict_where_they_agree() {
    let rule = "require: vehicle.odometer_km <= 100000\nalternatives: [vehicle.odometer_km <= 200000]\notherwise: prohibit\nsource: { title: S, confidence: high, conflicts: [another page differs] }";
    let at = |km: u32| one(rule, json!({ "vehicle.odometer_km": km })).1;
    assert_eq!(at(100_000), Outcome::Permitted);
    assert_eq!(at(100_001), Outcome::Undetermined);
    assert_eq!(at(200_001), Outcome::Prohibited);
    // That there may be no rule at all is a reading like any other.
    let none =
        "require: vehicle.odometer_km <= 100000\nalternatives: ['true']\notherwise: prohibit";
    assert_eq!(
        one(none, json!({ "vehicle.odometer_km": 900_000 })).1,
        Outcome::Undetermined
    );
}

#[test]
fn the_country_beats_its_layer_even_where_it_is_less_sure() {
    let layer = text(&["require: vehicle.steering == \"LHD\"\notherwise: prohibit"])
        .replace("market: XX", "market: EAEU\nkind: layer")
        .replace("id: R0", "id: EAEU-1");
    let layers = BTreeMap::from([(
        "EAEU".to_owned(),
        Arc::new(Pack::load(&layer, &()).unwrap()),
    )]);
    let country = text(&["require: vehicle.seats < 9\notherwise: prohibit\noverrides: [EAEU-1]\nsource: { title: S, confidence: low }"])
        .replace("name:", "extends: [EAEU]\nname:");
    let pack = Pack::load(&country, &layers).unwrap();
    let given = json!({ "vehicle.steering": "RHD", "vehicle.seats": 5 });
    let verdict = evaluate(&pack, &Facts::from_json(&given).unwrap());
    assert_eq!(verdict.outcome, Outcome::Permitted);
    assert_eq!(pack.overridden.len(), 1);
}

#[test]
fn law_is_that_of_the_deciding_day() {
    let rule = format!(
        "{STEERING}prohibit\neffective: {{ from: 2026-01-01, to: 2026-06-30, successor: none, decided_by: trip.clearance }}"
    );
    let on = |clearance: &str| {
        let given = json!({ "vehicle.steering": "RHD", "trip.arrival": "2026-03-01", "trip.clearance": clearance });
        one(&rule, given).1
    };
    assert_eq!(on("2025-12-31"), Outcome::Permitted);
    assert_eq!(on("2026-01-01"), Outcome::Prohibited);
    assert_eq!(on("2026-06-30"), Outcome::Prohibited);
    assert_eq!(on("2026-07-01"), Outcome::Permitted);
    assert_eq!(on("2026-06"), Outcome::Prohibited);
    assert_eq!(on("2026"), Outcome::Undetermined);
}

#[test]
fn what_ended_without_a_known_successor_is_not_free() {
    let rule = "applies: vehicle.disassembled\nrequire: 'false'\notherwise: prohibit\neffective: { to: 2026-06-30, successor: unknown }";
    let on = |parts: Json, arrival: &str| {
        one(
            rule,
            json!({ "vehicle.disassembled": parts, "trip.arrival": arrival }),
        )
    };
    assert_eq!(on(json!(true), "2026-06-30").1, Outcome::Prohibited);
    let (after, outcome) = on(json!(true), "2026-07-01");
    assert_eq!(outcome, Outcome::Undetermined);
    assert_eq!(after.because, Because::ExpiredWithoutSuccessor);
    assert_eq!(on(json!(false), "2026-07-01").1, Outcome::Permitted);
    // Where the pack may ignore whether it applies, that holds after its end too.
    let mild = format!("{rule}\nif_unknown: ignore");
    let unstated = json!({ "trip.arrival": "2026-07-01" });
    assert_eq!(one(&mild, unstated.clone()).1, Outcome::Permitted);
    assert_eq!(one(rule, unstated).1, Outcome::Undetermined);
}

#[test]
fn the_anniversary_is_the_last_good_day_of_not_older_and_the_first_bad_one_of_under() {
    let age = |require: &str, arrival: &str| {
        let rule = format!("require: {require}\notherwise: prohibit");
        one(
            &rule,
            json!({ "vehicle.manufactured": "2021-02-28", "trip.arrival": arrival }),
        )
        .0
        .value
    };
    let not_older = "years(vehicle.manufactured, trip.arrival) <= 5";
    assert_eq!(age(not_older, "2026-02-28"), Value::Satisfied);
    assert_eq!(age(not_older, "2026-03-01"), Value::Violated);
    let under = "years(vehicle.manufactured, trip.arrival) < 5";
    assert_eq!(age(under, "2026-02-27"), Value::Satisfied);
    assert_eq!(age(under, "2026-02-28"), Value::Violated);
    let and_above = "years(vehicle.manufactured, trip.arrival) >= 5";
    assert_eq!(age(and_above, "2026-02-27"), Value::Violated);
    assert_eq!(age(and_above, "2026-02-28"), Value::Satisfied);
    let clamped = "plus_months(vehicle.manufactured, 60) <= trip.arrival";
    assert_eq!(age(clamped, "2026-02-28"), Value::Satisfied);
}

#[test]
fn the_hundred_and_eightieth_day_is_inside() {
    let rule = "applies: days(vehicle.first_registered, trip.application_date) <= 180\nneeds: [after-sales-confirmation]\notherwise: require";
    let applied = |day: &str| {
        let given =
            json!({ "vehicle.first_registered": "2026-01-01", "trip.application_date": day });
        one(rule, given).1
    };
    assert_eq!(applied("2026-01-01"), Outcome::Conditional);
    assert_eq!(applied("2026-06-30"), Outcome::Conditional);
    assert_eq!(applied("2026-07-01"), Outcome::Permitted);
}

#[test]
fn a_transition_turns_on_its_event_and_not_on_the_arrival() {
    let rule = format!("{STEERING}prohibit\nunless: trip.payment_date < date(\"2018-01-25\")");
    let paid = |day: Json| {
        one(
            &rule,
            json!({ "vehicle.steering": "RHD", "trip.arrival": "2026-01-01", "trip.payment_date": day }),
        )
    };
    let (exempt, outcome) = paid(json!("2018-01-24"));
    assert_eq!(
        (outcome, exempt.because),
        (Outcome::Permitted, Because::Exempt)
    );
    assert_eq!(paid(json!("2018-01-25")).1, Outcome::Prohibited);
    assert_eq!(paid(json!("2018-01")).1, Outcome::Undetermined);
    let (silent, outcome) = paid(Json::Null);
    assert_eq!(outcome, Outcome::Prohibited);
    assert_eq!(silent.could_exempt, ["trip.payment_date"]);
}

#[test]
fn an_unknown_is_passed_over_only_where_the_scope_is_unknown_too() {
    let rule = |otherwise: &str, policy: &str| {
        format!(
            "applies: vehicle.powertrain == \"BEV\"\nrequire: vehicle.seats < 9\notherwise: {otherwise}\n{policy}"
        )
    };
    let electric = json!({ "vehicle.powertrain": "BEV" });
    for (otherwise, policy, known, unknown) in [
        ("prohibit", "", Outcome::Undetermined, Outcome::Undetermined),
        (
            "prohibit",
            "if_unknown: conditional",
            Outcome::Conditional,
            Outcome::Conditional,
        ),
        (
            "prohibit",
            "if_unknown: ignore",
            Outcome::Undetermined,
            Outcome::Permitted,
        ),
        (
            "require",
            "if_unknown: ignore",
            Outcome::Conditional,
            Outcome::Permitted,
        ),
        (
            "refer",
            "if_unknown: ignore",
            Outcome::Undetermined,
            Outcome::Permitted,
        ),
        ("levy", "", Outcome::Permitted, Outcome::Permitted),
        (
            "levy",
            "instead_of: ban",
            Outcome::Conditional,
            Outcome::Conditional,
        ),
    ] {
        let rule = rule(otherwise, policy);
        assert_eq!(
            one(&rule, electric.clone()).1,
            known,
            "{otherwise} {policy}"
        );
        assert_eq!(
            one(&rule, json!({})).1,
            unknown,
            "{otherwise} {policy}, scope unknown"
        );
    }
}

#[test]
fn a_last_day_is_told_as_one_only_where_it_gets_worse() {
    let window = "require: months(vehicle.first_registered, trip.arrival) >= 6 && months(vehicle.first_registered, trip.arrival) <= 12\notherwise: prohibit";
    let pack = load(&[window]);
    let on = |arrival: &str| {
        let given = json!({ "vehicle.first_registered": "2026-01-15", "trip.arrival": arrival });
        let facts = Facts::from_json(&given).unwrap();
        (
            ship_by(&pack, &facts, pack.measured_at),
            ways_to_eligible(&pack, &facts),
        )
    };
    let (young, ways) = on("2026-03-01");
    assert_eq!(young.closes(), None);
    assert!(
        matches!(&young, ShipBy::Until { last_day, then: Outcome::Permitted, .. } if last_day == "2026-07-14")
    );
    let words = ways[0].steps[0].text.as_ref().unwrap();
    assert_eq!(words.zh, "到港日期：2026-07-15");
    let (good, ways) = on("2026-08-01");
    assert_eq!(good.closes(), Some("2027-01-15"));
    assert_eq!(ways, []);
    let (old, ways) = on("2027-02-01");
    assert_eq!(old.closes(), None, "{old:?}");
    assert_eq!(ways[0].steps[0].to, Some(json!("2027-01-15")));
}

#[test]
fn of_several_papers_that_would_do_the_first_is_asked_and_all_are_named() {
    let rule = "require: any_of(documents, [\"foreign-registration\", \"deregistration-certificate\"])\nneeds: [commercial-invoice]\notherwise: require";
    let with = |documents: Json| judge(&[rule], json!({ "documents": documents }));
    let codes = |verdict: &Verdict| {
        let codes = verdict.missing_documents.iter();
        codes
            .map(|document| document.code.clone())
            .collect::<Vec<_>>()
    };
    let bare = with(json!([]));
    assert_eq!(codes(&bare), ["commercial-invoice", "foreign-registration"]);
    let name = &bare.missing_documents[1].name;
    assert!(
        name.en.contains(", or deregistration certificate"),
        "{name:?}"
    );
    assert!(name.zh.contains("或注销登记证明"), "{name:?}");
    assert_eq!(
        codes(&with(json!(["deregistration-certificate"]))),
        ["commercial-invoice"]
    );
    let ways = ways_to_eligible(&load(&[rule]), &Facts::new());
    let steps: Vec<&str> = ways[0]
        .steps
        .iter()
        .map(|step| step.what.as_str())
        .collect();
    assert_eq!(steps, ["commercial-invoice", "foreign-registration"]);
}

#[test]
fn reasons_say_values_in_words_and_only_what_was_read() {
    let rule = "require: vehicle.steering == \"RHD\" && none_of(vehicle.damage, [\"fire\"]) && !vehicle.stolen\notherwise: prohibit";
    let given = json!({ "vehicle.steering": "LHD", "vehicle.damage": ["hail"], "trip.arrival": "2026-06-15" });
    let (verdict, _) = one(rule, given);
    assert_eq!(
        verdict.text.en,
        "T [steering side: left-hand drive (LHD); damage suffered: hail; reported stolen: not known]"
    );
    assert_eq!(
        verdict.text.zh,
        "文【方向盘位置：左舵；受损类型：冰雹；被盗抢：未知】"
    );
}
