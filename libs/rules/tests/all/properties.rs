//! Laws that hold for every expression, every fact and every text.

use std::process::Command;

use proptest::prelude::*;
use tongguan_rules::{FACTS, Fact, Facts, Kleene, Pack, Record, Value, decide, evaluate};

use super::packs::one;

/// Expressions over the facts of `differential.rs`, all of them well typed.
pub(crate) fn expression() -> impl Strategy<Value = String> {
    let day = prop_oneof![
        Just("vehicle.manufactured".to_owned()),
        Just("vehicle.first_registered".to_owned()),
        Just("trip.arrival".to_owned()),
        (2006..2029, 1..13, 1..29).prop_map(|(y, m, d)| format!("date(\"{y:04}-{m:02}-{d:02}\")")),
    ];
    let day = prop_oneof![3 => day.clone(), 1 => (day, -40_i64..40).prop_map(|(day, by)| format!("plus_months({day}, {by})"))];
    let int = prop_oneof![
        (0_i64..14).prop_map(|int| int.to_string()),
        Just("vehicle.seats".to_owned()),
        Just("vehicle.odometer_km".to_owned()),
        (day.clone(), day.clone()).prop_map(|(a, b)| format!("calendar_years({a}, {b})")),
        (day.clone(), day.clone()).prop_map(|(a, b)| format!("days({a}, {b})")),
    ];
    let int = int.prop_recursive(2, 6, 2, |inner| {
        (
            inner.clone(),
            prop::sample::select(&["+", "-", "*"][..]),
            inner,
        )
            .prop_map(|(a, op, b)| format!("({a} {op} {b})"))
    });
    let number = prop_oneof![
        int.clone(),
        Just("vehicle.power_kw".to_owned()),
        (0_i64..40).prop_map(|tenth| format!("{:.1}", tenth as f64 / 10.0)),
        (day.clone(), day.clone()).prop_map(|(a, b)| format!("years({a}, {b})")),
        (day.clone(), day.clone()).prop_map(|(a, b)| format!("months({a}, {b})")),
    ];
    let relation = prop::sample::select(&["<", "<=", ">", ">=", "==", "!="][..]);
    let leaf = prop_oneof![
        Just("vehicle.stolen".to_owned()),
        Just("vehicle.runs".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        Just("vehicle.category in [\"M1\", \"N3\"]".to_owned()),
        Just("vehicle.category != \"N1\"".to_owned()),
        Just("vehicle.origin_country == \"CN\"".to_owned()),
        Just("\"flood\" in vehicle.damage".to_owned()),
        Just("any_of(vehicle.damage, [\"flood\", \"fire\"])".to_owned()),
        (number.clone(), relation.clone(), number).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        (int, 0_i64..6, 3_i64..9).prop_map(|(int, a, b)| format!("{int} in [{a}, {b}]")),
        (day.clone(), relation, day).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) && ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) || ({b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) == ({b})")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("({a}) ? ({b}) : ({c})")),
        ]
    })
}

/// A date with its month, day, or all of it left out, and one of the days it may mean.
fn dated() -> impl Strategy<Value = (Option<String>, String)> {
    (2005_i32..2028, 1_u8..=12, 1_u8..=28, 0_u8..4).prop_map(|(y, m, d, known)| {
        let exact = format!("{y:04}-{m:02}-{d:02}");
        let partial = match known {
            0 => None,
            1 => Some(format!("{y:04}")),
            2 => Some(format!("{y:04}-{m:02}")),
            _ => Some(exact.clone()),
        };
        (partial, exact)
    })
}

/// Facts of which some are known in part, and the same facts known better.
fn narrowing() -> impl Strategy<Value = (Facts, Facts)> {
    let maybe = |strategy: BoxedStrategy<serde_json::Value>| (strategy, any::<bool>());
    (
        [dated(), dated(), dated()],
        maybe((1_i64..12).prop_map(Into::into).boxed()),
        maybe((0_i64..12).prop_map(Into::into).boxed()),
        maybe(
            (0_i64..40)
                .prop_map(|tenth| (tenth as f64 / 10.0).into())
                .boxed(),
        ),
        maybe(any::<bool>().prop_map(Into::into).boxed()),
        maybe(
            prop::sample::select(&["M1", "N1", "N3"][..])
                .prop_map(Into::into)
                .boxed(),
        ),
        maybe(
            prop::sample::select(&["CN", "JP"][..])
                .prop_map(Into::into)
                .boxed(),
        ),
        any::<[bool; 4]>(),
    )
        .prop_map(
            |(
                dates,
                seats,
                km,
                power,
                stolen,
                category,
                origin,
                [flood, fire, knows_flood, knows_fire],
            )| {
                let (mut vague, mut sharp) = (Facts::new(), Facts::new());
                for (fact, (partial, exact)) in
                    [Fact::Manufactured, Fact::FirstRegistered, Fact::Arrival]
                        .into_iter()
                        .zip(dates)
                {
                    if let Some(text) = &partial {
                        vague.set_text(fact, text).unwrap();
                    }
                    sharp.set_text(fact, &exact).unwrap();
                }
                let facts = [
                    (Fact::Seats, seats),
                    (Fact::OdometerKm, km),
                    (Fact::PowerKw, power),
                    (Fact::Stolen, stolen),
                    (Fact::Category, category),
                    (Fact::OriginCountry, origin),
                ];
                for (fact, (value, known)) in facts {
                    sharp.set_json(fact, &value).unwrap();
                    if known {
                        vague.set_json(fact, &value).unwrap();
                    }
                }
                let kinds = [("flood", flood, knows_flood), ("fire", fire, knows_fire)];
                let pick = |wanted: bool| {
                    kinds
                        .iter()
                        .filter(move |(_, has, knows)| *knows && *has == wanted)
                        .map(|(kind, ..)| *kind)
                        .collect::<Vec<_>>()
                };
                vague
                    .set_bounds(Fact::Damage, &pick(true), &pick(false))
                    .unwrap();
                let all: Vec<&str> = kinds
                    .iter()
                    .filter(|(_, has, _)| *has)
                    .map(|(kind, ..)| *kind)
                    .collect();
                sharp.set_members(Fact::Damage, &all).unwrap();
                (vague, sharp)
            },
        )
}

fn rule_text(pack: &Pack) -> String {
    pack.content()["rules"].to_string()
}

fn pack(source: &str) -> Pack {
    try_pack(source).unwrap()
}

fn try_pack(source: &str) -> Option<Pack> {
    let quoted = serde_json::to_string(source).unwrap();
    let text = one(&format!("require: {quoted}\notherwise: prohibit"));
    Pack::load(&text, &()).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn knowing_more_resolves_the_unknown_and_never_turns_an_answer(source in expression(), (vague, sharp) in narrowing()) {
        let pack = pack(&source);
        let (before, after) = (evaluate(&pack, &vague), evaluate(&pack, &sharp));
        let (before, after) = (&before.rules[0], &after.rules[0]);
        if before.value == Value::Unknown {
            prop_assert!(!before.missing.is_empty(), "{} is unknown without a missing fact", source);
        } else {
            prop_assert_eq!(before.value, after.value, "{}", source);
        }
    }

    #[test]
    fn stating_exactly_what_was_stated_vaguely_never_turns_an_exemption(
        source in expression(),
        exempt in expression(),
        (vague, mut sharp) in narrowing(),
    ) {
        for def in FACTS.iter().filter(|def| !vague.is_known(def.fact)) {
            sharp.forget(def.fact);
        }
        let quote = |text: &str| serde_json::to_string(text).unwrap();
        let rule = format!("require: {}\nexempt: {}\notherwise: prohibit", quote(&source), quote(&exempt));
        let pack = Pack::load(&one(&rule), &()).unwrap();
        let value = |facts: &Facts| evaluate(&pack, facts).rules[0].value;
        if value(&vague) != Value::Unknown {
            prop_assert_eq!(value(&vague), value(&sharp), "{}", rule);
        }
    }

    #[test]
    fn the_fast_path_says_what_the_full_answer_says(source in expression(), scope in expression(), (vague, sharp) in narrowing()) {
        let quote = |text: &str| serde_json::to_string(text).unwrap();
        let rule = format!("applies: {}\nrequire: {}\notherwise: prohibit", quote(&scope), quote(&source));
        let packs = [Pack::load(&one(&rule), &()).unwrap(), Pack::load(include_str!("../packs/ke.yaml"), &()).unwrap()];
        for (pack, facts) in packs.iter().flat_map(|pack| [(pack, &vague), (pack, &sharp)]) {
            let (short, full) = (decide(pack.program(), facts), evaluate(pack, facts));
            for (index, rule) in full.rules.iter().enumerate() {
                let bit = |bits: u128| bits >> index & 1 == 1;
                let values = [(Value::Violated, short.violated), (Value::Unknown, short.unknown), (Value::Undetermined, short.undetermined)];
                for (value, bits) in values {
                    prop_assert_eq!(bit(bits), rule.value == value, "{} of {}", rule.id, rule_text(pack));
                }
            }
        }
    }

    #[test]
    fn supplying_every_missing_fact_decides(source in expression(), (vague, sharp) in narrowing()) {
        let pack = pack(&source);
        let mut facts = vague;
        let known = sharp.to_json();
        for _ in 0..12 {
            let verdict = evaluate(&pack, &facts);
            if verdict.rules[0].value != Value::Unknown {
                return Ok(());
            }
            for name in &verdict.rules[0].missing {
                // `vehicle.runs` stays unknown on both sides.
                let value = known.get(*name).cloned().unwrap_or(true.into());
                facts.set_json(Fact::named(name).unwrap(), &value).unwrap();
            }
        }
        prop_assert!(false, "{} stays unknown", source);
    }

    #[test]
    fn a_record_gives_the_same_bytes_again(source in expression(), (facts, _) in narrowing()) {
        let pack = pack(&source);
        let bytes = Record::of(&pack, &facts).to_bytes();
        let record: Record = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(record.to_bytes(), bytes);
        prop_assert_eq!(record.replay(&pack).unwrap().to_bytes(), evaluate(&pack, &facts).to_bytes());
    }

    #[test]
    fn expressions_with_unknowns_follow_kleene(a in expression(), b in expression(), c in expression(), (vague, _) in narrowing()) {
        let same = [
            (format!("!(({a}) && ({b}))"), format!("!({a}) || !({b})")),
            (format!("!(({a}) || ({b}))"), format!("!({a}) && !({b})")),
            (format!("({a}) && ({b})"), format!("({b}) && ({a})")),
            (format!("({a}) || ({b})"), format!("({b}) || ({a})")),
            (format!("({a}) && (({b}) && ({c}))"), format!("(({a}) && ({b})) && ({c})")),
            (format!("({a}) && (({b}) || ({c}))"), format!("(({a}) && ({b})) || (({a}) && ({c}))")),
            (format!("({a}) || (({a}) && ({b}))"), a.clone()),
            (format!("!(!({a}))"), a.clone()),
            (format!("({a}) && true"), a.clone()),
            (format!("({a}) || false"), a.clone()),
            (format!("({a}) && false"), "false".to_owned()),
            (format!("({a}) || true"), "true".to_owned()),
        ];
        for (left, right) in same {
            // A law doubled may be longer than an expression may be; then there is nothing to compare.
            let (Some(left), Some(right)) = (try_pack(&left), try_pack(&right)) else { continue };
            let value = |pack: &Pack| evaluate(pack, &vague).rules[0].value;
            prop_assert_eq!(value(&left), value(&right), "{} and {}", rule_text(&left), rule_text(&right));
        }
    }

    #[test]
    fn a_damaged_expression_is_compiled_or_refused_at_its_place(
        source in expression(), place in 0_usize..400, cut in 0_usize..6, text in "[-a-z0-9.()\\[\\]!<>=&|?:+*\"' ,]{0,6}",
    ) {
        let mut damaged: Vec<char> = source.chars().collect();
        let start = place % (damaged.len() + 1);
        let end = (start + cut).min(damaged.len());
        damaged.splice(start..end, text.chars());
        let damaged: String = damaged.into_iter().collect();
        let rule = one(&format!("require: {}\notherwise: prohibit", serde_json::to_string(&damaged).unwrap()));
        let lines = rule.lines().count() as u64;
        for problem in Pack::load(&rule, &()).err().into_iter().flatten() {
            prop_assert!((1..=lines).contains(&problem.line) && problem.column > 0, "{} of {}", problem, damaged);
        }
    }

    #[test]
    fn any_expression_is_compiled_or_refused(source in "[a-z0-9.()\\[\\]{}!<>=&|?:+*/\"' ,-]{0,80}") {
        let quoted = serde_json::to_string(&source).unwrap();
        let _ = Pack::load(&one(&format!("require: {quoted}\notherwise: prohibit")), &());
    }

    #[test]
    fn a_damaged_pack_is_loaded_or_refused(place in 0_usize..6_000, cut in 0_usize..40, text in "[ -~]{0,12}") {
        let mut damaged: Vec<char> = include_str!("../packs/ke.yaml").chars().collect();
        let start = place.min(damaged.len());
        let end = (start + cut).min(damaged.len());
        damaged.splice(start..end, text.chars());
        if let Err(problems) = Pack::load(&damaged.into_iter().collect::<String>(), &()) {
            prop_assert!(!problems.is_empty());
        }
    }
}

#[test]
fn truth_follows_kleene() {
    let all = [Kleene::False, Kleene::Unknown, Kleene::True];
    for a in all {
        assert_eq!(!!a, a);
        assert_eq!((a.and(Kleene::True), a.or(Kleene::False)), (a, a));
        assert_eq!(
            (a.and(Kleene::False), a.or(Kleene::True)),
            (Kleene::False, Kleene::True)
        );
        for b in all {
            assert_eq!(a.and(b), b.and(a));
            assert_eq!(!(a.and(b)), (!a).or(!b));
            assert_eq!(a.and(a.or(b)), a);
            for c in all {
                assert_eq!(a.and(b.and(c)), a.and(b).and(c));
                assert_eq!(a.and(b.or(c)), a.and(b).or(a.and(c)));
            }
        }
    }
}

/// The verdict of the sample pack, which the test below asks for in processes of other places.
fn sample() -> String {
    let pack = Pack::load(include_str!("../packs/ke.yaml"), &()).unwrap();
    let facts = Facts::from_json(
        &serde_json::json!({ "vehicle.first_registered": "2019-05", "trip.arrival": "2026-12-31" }),
    )
    .unwrap();
    String::from_utf8(evaluate(&pack, &facts).to_bytes()).unwrap()
}

#[test]
fn the_answer_does_not_depend_on_zone_or_locale() {
    const ASKED: &str = "TONGGUAN_RULES_PRINT_SAMPLE";
    if std::env::vars().any(|(key, _)| key == ASKED) {
        println!("<<{}>>", sample());
        return;
    }
    for (zone, locale) in [
        ("Pacific/Kiritimati", "zh_CN.UTF-8"),
        ("America/Los_Angeles", "tr_TR.UTF-8"),
        ("UTC", "C"),
    ] {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "properties::the_answer_does_not_depend_on_zone_or_locale",
                "--nocapture",
            ])
            .envs([
                (ASKED, "1"),
                ("TZ", zone),
                ("LC_ALL", locale),
                ("LANG", locale),
            ])
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            printed.contains(&format!("<<{}>>", sample())),
            "{zone} {locale}: {printed}"
        );
    }
}

#[test]
fn the_library_never_looks_at_a_clock_a_file_or_the_environment() {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let banned = [
                "SystemTime",
                "Instant::now",
                "now_utc",
                "now_local",
                "std::env",
                "std::fs",
                "std::net",
                "tokio",
                "thread_rng",
            ];
            found.extend(
                banned
                    .iter()
                    .filter(|word| text.contains(**word))
                    .map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    let mut found = Vec::new();
    walk(
        &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut found,
    );
    assert!(found.is_empty(), "{found:#?}");
}
