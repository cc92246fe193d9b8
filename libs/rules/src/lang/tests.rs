//! Every element of the language, asked one expression at a time.

use serde_json::{Value as Json, json};

use crate::{Facts, MAX_TOKENS, Pack, Value, evaluate};

/// A market of one rule; `rule` is its clauses, one a line.
fn market(rule: &str) -> String {
    let lines: Vec<String> = rule.lines().map(|line| format!("    {line}")).collect();
    format!(
        "market: XX\nname: {{ en: X, zh: 某 }}\nversion: 1.0.0\nas_of: 2026-11-23\nmeasured_at: trip.arrival\nrules:\n  - id: R\n    category: other\n    text: {{ en: T, zh: 文 }}\n    source: {{ title: S, confidence: high }}\n    otherwise: prohibit\n{}\n",
        lines.join("\n")
    )
}

fn quoted(expression: &str) -> String {
    format!("require: '{}'", expression.replace('\'', "''"))
}

/// What `expression` is over `given`, and the facts it waits for.
fn ask(expression: &str, given: &Json) -> (Value, Vec<&'static str>) {
    let pack = Pack::load(&market(&quoted(expression)), &())
        .unwrap_or_else(|problems| panic!("{expression}: {problems:?}"));
    let verdict = evaluate(&pack, &Facts::from_json(given).unwrap());
    (verdict.rules[0].value, verdict.rules[0].missing.clone())
}

fn holds(expression: &str, given: &Json) {
    assert_eq!(
        ask(expression, given).0,
        Value::Satisfied,
        "{expression} over {given}"
    );
}

fn fails(expression: &str, given: &Json) {
    assert_eq!(
        ask(expression, given).0,
        Value::Violated,
        "{expression} over {given}"
    );
}

fn open(expression: &str, given: &Json, missing: &[&str]) {
    let (value, wants) = ask(expression, given);
    assert_eq!(value, Value::Unknown, "{expression} over {given}");
    assert_eq!(wants, missing, "{expression} over {given}");
}

fn car(manufactured: &str, arrival: &str) -> Json {
    json!({ "vehicle.manufactured": manufactured, "trip.arrival": arrival })
}

#[test]
fn each_way_of_counting_says_how_it_counts() {
    let age = |call: &str, from: &str, to: &str, expected: i64| {
        holds(&format!("{call} == {expected}"), &car(from, to));
    };
    let years = "years(vehicle.manufactured, trip.arrival)";
    age(years, "2020-06-15", "2026-06-15", 6);
    holds(
        &format!("{years} > 5 && {years} < 6"),
        &car("2020-06-15", "2026-06-14"),
    );
    let months = "months(vehicle.manufactured, trip.arrival)";
    age(months, "2025-12-31", "2026-06-30", 6);
    holds(&format!("{months} > 6"), &car("2025-12-15", "2026-06-16"));
    let days = "days(vehicle.manufactured, trip.arrival)";
    age(days, "2026-01-01", "2026-01-01", 0);
    age(days, "2024-02-28", "2024-03-01", 2);
    let calendar = "calendar_years(vehicle.manufactured, trip.arrival)";
    age(calendar, "2019-12-31", "2020-01-01", 1);
    age(calendar, "2020-01-01", "2020-12-31", 0);
    let fiscal = "fiscal_years(vehicle.manufactured, trip.arrival, 4)";
    age(fiscal, "2024-03-31", "2025-04-01", 2);
    age(fiscal, "2024-04-01", "2025-03-31", 0);
    let given = json!({ "vehicle.model_year": 2021, "trip.arrival": "2026-01-01" });
    holds(
        "model_year_age(vehicle.model_year, trip.arrival) == 5",
        &given,
    );
}

#[test]
fn parts_and_shifts_of_a_day_keep_the_calendar() {
    let leap = car("2020-02-29", "2026-06-15");
    for equal in [
        "year(vehicle.manufactured) == 2020 && month(vehicle.manufactured) == 2",
        "start_of_year(vehicle.manufactured) == date(\"2020-01-01\")",
        "end_of_year(vehicle.manufactured) == date(\"2020-12-31\")",
        "start_of_month(vehicle.manufactured) == date(\"2020-02-01\")",
        "end_of_month(vehicle.manufactured) == date(\"2020-02-29\")",
        "plus_years(vehicle.manufactured, 5) == date(\"2025-02-28\")",
        "plus_months(vehicle.manufactured, -1) == date(\"2020-01-29\")",
        "plus_days(vehicle.manufactured, 1) == date(\"2020-03-01\")",
        "earliest(vehicle.manufactured, trip.arrival) == vehicle.manufactured",
        "latest(vehicle.manufactured, trip.arrival) == trip.arrival",
        "min(year(vehicle.manufactured), 2021) == 2020 && max(year(trip.arrival), 2021) == 2026",
    ] {
        holds(equal, &leap);
    }
}

#[test]
fn a_partial_date_is_every_day_it_may_mean() {
    let rule = "years(vehicle.manufactured, trip.arrival) <= 5";
    holds(rule, &car("2022", "2026-06-15"));
    fails(rule, &car("2019", "2026-06-15"));
    open(rule, &car("2021", "2026-06-15"), &["vehicle.manufactured"]);
    open(
        rule,
        &car("2021-06", "2026-06-15"),
        &["vehicle.manufactured"],
    );
    holds(rule, &car("2021-07", "2026-06-15"));
    open(
        rule,
        &car("2021", "2026"),
        &["vehicle.manufactured", "trip.arrival"],
    );
    // By calendar year the same year alone is enough.
    holds(
        "calendar_years(vehicle.manufactured, trip.arrival) <= 5",
        &car("2021", "2026"),
    );
    open(
        "month(vehicle.manufactured) == 6",
        &car("2021", "2026"),
        &["vehicle.manufactured"],
    );
    holds("month(vehicle.manufactured) == 6", &car("2021-06", "2026"));
}

#[test]
fn a_date_known_to_the_year_lacks_nothing_where_years_are_counted() {
    let given = json!({ "vehicle.manufactured": "2021-07" });
    for rule in [
        "calendar_years(vehicle.manufactured, trip.arrival) <= 5",
        "year(vehicle.manufactured) >= year(trip.arrival) - 5",
        "calendar_years(plus_years(start_of_year(vehicle.manufactured), 1), trip.arrival) <= 5",
    ] {
        open(rule, &given, &["trip.arrival"]);
    }
    open(
        "years(vehicle.manufactured, trip.arrival) <= 5",
        &given,
        &["vehicle.manufactured", "trip.arrival"],
    );
}

#[test]
fn an_unknown_event_is_bounded_by_the_known_ones_around_it() {
    let shipped =
        "earliest(trip.arrival, latest(trip.bill_of_lading, plus_months(trip.arrival, -6)))";
    let rule = format!("years(vehicle.manufactured, {shipped}) <= 5");
    holds(&rule, &car("2021-07-01", "2026-06-15"));
    fails(&rule, &car("2020-12-01", "2026-06-15"));
    open(
        &rule,
        &car("2021-03-01", "2026-06-15"),
        &["trip.bill_of_lading"],
    );
}

#[test]
fn a_set_may_be_known_in_part() {
    let damage = |value: Json| json!({ "vehicle.damage": value });
    let none = damage(json!([]));
    let flood = damage(json!(["flood"]));
    let part = damage(json!({ "has": ["hail"], "not": ["flood"] }));
    holds("is_empty(vehicle.damage)", &none);
    fails("is_empty(vehicle.damage)", &part);
    fails("none_of(vehicle.damage, [\"flood\", \"fire\"])", &flood);
    open(
        "none_of(vehicle.damage, [\"flood\", \"fire\"])",
        &part,
        &["vehicle.damage"],
    );
    holds("none_of(vehicle.damage, [\"flood\"])", &part);
    holds("any_of(vehicle.damage, [\"hail\", \"fire\"])", &part);
    fails("all_of(vehicle.damage, [\"hail\", \"flood\"])", &part);
    holds(
        "\"hail\" in vehicle.damage && !(\"flood\" in vehicle.damage)",
        &part,
    );
    open(
        "\"fire\" in vehicle.damage",
        &json!({}),
        &["vehicle.damage"],
    );
    // What is not listed among the documents is not there.
    fails("\"import-permit\" in documents", &json!({}));
    holds(
        "any_of(documents, [\"import-permit\"])",
        &json!({ "documents": ["import-permit"] }),
    );
}

#[test]
fn emission_stages_are_ordered_inside_their_family_only() {
    let given = |stage: &str| json!({ "vehicle.emission_standard": stage });
    let euro = "vehicle.emission_standard >= stage(\"euro.6d\")";
    holds(euro, &given("euro.6d"));
    fails(euro, &given("euro.6b"));
    open(euro, &given("euro.6"), &["vehicle.emission_standard.euro"]);
    open(
        euro,
        &given("china.6b"),
        &["vehicle.emission_standard.euro"],
    );
    holds(
        "vehicle.emission_standard >= stage(\"china.6a\")",
        &given("china.6b"),
    );
    holds(
        "vehicle.emission_standard >= stage(\"japan.2005\")",
        &given("japan.2018"),
    );
    fails(
        "vehicle.emission_standard >= stage(\"us.tier3\")",
        &given("us.tier2"),
    );
    let mixed = Pack::load(
        &market(&quoted(
            "vehicle.emission_standard.china >= stage(\"euro.5\")",
        )),
        &(),
    );
    assert!(mixed.unwrap_err()[0].message.contains("no common order"));
}

#[test]
fn an_equivalence_needs_its_source() {
    let table = |row: &str| {
        market(&quoted("vehicle.emission_standard >= stage(\"euro.5\")")).replace(
            "rules:",
            &format!("emission_equivalences:\n  - {row}\nrules:"),
        )
    };
    let bare = Pack::load(&table("{ from: china.6, reaches: euro.5 }"), &()).unwrap_err();
    assert!(bare[0].message.contains("source"), "{bare:?}");
    let sourced = table("{ from: china.6, reaches: euro.5, source: a notice }");
    assert!(Pack::load(&sourced, &()).is_ok());
}

#[test]
fn texts_are_compared_without_case_and_codes_by_their_words() {
    let given =
        json!({ "trip.entry_port": "HAI phong", "vehicle.body": "suv", "vehicle.power_kw": 58.85 });
    holds("trip.entry_port in [\"Hai Phong\", \"Da Nang\"]", &given);
    holds(
        "vehicle.body != \"sedan\" && vehicle.power_kw <= 58.85",
        &given,
    );
    holds(
        "vehicle.body == \"suv\" ? vehicle.power_kw * 2 > 117 : vehicle.seats > 3",
        &given,
    );
}

#[test]
fn every_fault_says_where_it_stands_and_what_was_near() {
    let cases = [
        ("vehicle.steerin == \"LHD\"", 15, "vehicle.steering"),
        ("vehicle.steering == \"LHS\"", 35, "LHD"),
        ("vehicle.seats == \"five\"", 32, "a string and a number"),
        (
            "yeers(vehicle.manufactured, trip.arrival) <= 5",
            15,
            "years",
        ),
        ("years(vehicle.manufactured) <= 5", 15, "takes 2 arguments"),
        ("vehicle.body < \"suv\"", 28, "has no order"),
        ("date(\"2025-12\") < trip.arrival", 20, "written to the day"),
        ("vehicle.seats", 15, "not a truth value"),
        ("vehicle.damage.exists(d, d == \"fire\")", 36, "loops"),
        ("vehicle.seats / 2 == 2", 29, "division"),
        ("has(vehicle.seats)", 19, "only facts have parts"),
        ("trip.destination == \"China\"", 35, "ISO 3166"),
        ("vehicle.seats ==", 31, ""),
    ];
    for (source, column, hint) in cases {
        let problems = Pack::load(&market(&quoted(source)), &()).unwrap_err();
        let first = &problems[0];
        assert_eq!(first.line, 12, "{source}: {first}");
        assert_eq!(first.column, column, "{source}: {first}");
        assert!(first.message.contains(hint), "{source}: {first}");
    }
}

#[test]
fn two_faults_of_one_expression_are_both_told() {
    let problems = Pack::load(
        &market(&quoted("vehicle.seets > 3 && vehicle.boddy == \"suv\"")),
        &(),
    )
    .unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:?}");
}

#[test]
fn the_cost_of_an_expression_is_bounded() {
    let wide = vec!["vehicle.seats > 3"; MAX_TOKENS].join(" && ");
    let problems = Pack::load(&market(&quoted(&wide)), &()).unwrap_err();
    assert!(problems[0].message.contains("at most"), "{problems:?}");
    let deep = format!("{}vehicle.runs{}", "!(".repeat(30), ")".repeat(30));
    let problems = Pack::load(&market(&quoted(&deep)), &()).unwrap_err();
    assert!(
        problems[0].message.contains("nested deeper"),
        "{problems:?}"
    );
}
