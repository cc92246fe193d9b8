//! The worked examples of every catalogue file, and that a new clause is data alone.

use serde::Deserialize;
use time::macros::date;

use super::*;
use crate::domain::vehicle::Chemistry;

const BUNDLED: &str = include_str!("../../../../catalogue/2026.11.1.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    given: Given,
    #[serde(default)]
    position: String,
    value: Option<f64>,
    result: Option<Found>,
    expect: ItemVerdict,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    category: Category,
    powertrain: Option<Powertrain>,
    fuel: Option<Fuel>,
    chemistry: Option<Chemistry>,
    curb_mass_kg: Option<u32>,
    gross_mass_kg: Option<u32>,
    headlamps: Option<u32>,
    max_speed_kmh: Option<u32>,
    axle_ratio: Option<f64>,
}

/// Runs every example of a catalogue; tells how many there are.
fn run(catalogue: &Catalogue) -> usize {
    let mut count = 0;
    for item in &catalogue.items {
        for example in &item.examples {
            let text = format!("{}: {example}", item.id);
            let example: Example =
                serde_json::from_value(example.clone()).unwrap_or_else(|e| panic!("{text}: {e}"));
            let mut vehicle = vehicle(example.given.category);
            vehicle.powertrain = example.given.powertrain.unwrap_or(vehicle.powertrain);
            vehicle.fuel = example.given.fuel.or(vehicle.fuel);
            vehicle.chemistry = example.given.chemistry;
            vehicle.curb_mass_kg = example.given.curb_mass_kg;
            vehicle.gross_mass_kg = example.given.gross_mass_kg;
            vehicle.headlamps = example.given.headlamps;
            vehicle.max_speed_kmh = example.given.max_speed_kmh;
            let mut report = report(vehicle);
            if let Some(number) = example.value {
                report
                    .measurements
                    .push(value(&item.id, &example.position, number, &item.unit));
            }
            if let Some(ratio) = example.given.axle_ratio {
                report
                    .measurements
                    .push(value("brake.axle_ratio", &example.position, ratio, "%"));
            }
            if let Some(found) = example.result {
                let (item, note) = (item.id.clone(), String::new());
                report.findings.push(Finding { item, found, note });
            }
            // Only this item counts: others are missing on purpose.
            let mut items = Vec::new();
            let mut unfit = Unfit::default();
            let stated = values(catalogue, &report, &mut unfit.wrong);
            assert_eq!(unfit.wrong, [], "{text}");
            if item.kind == Kind::Checked {
                check(item, &report, &mut items, &mut unfit);
            } else {
                measure(item, &report, &stated, &stated, &mut items, &mut unfit);
            }
            let verdict = items
                .iter()
                .find(|r| r.position == example.position)
                .map(|r| r.verdict);
            assert_eq!(verdict, Some(example.expect), "{text}");
            count += 1;
        }
    }
    count
}

#[test]
fn every_example_of_every_version_comes_out_as_it_says() {
    let bundled = Catalogues::bundled().unwrap();
    for catalogue in bundled.all() {
        let count = run(catalogue);
        assert!(count >= catalogue.items.len(), "{count}");
    }
}

/// The bundled file with one more clause, as a person who edits it would write it.
fn with_clause(confidence: &str, limit: &str, examples: &str) -> String {
    let clause = format!(
        r#"
  - id: towbar.ball_wear
    kind: measured
    presence: optional
    for: {{ category: [M1] }}
    unit: mm
    plausible: [40, 60]
    text: {{ en: Diameter of the ball of the tow bar, zh: 牵引球直径 }}
    source: a made-up standard, clause 4.2
    confidence: {confidence}
    since: 2027.1.1
    limits: [{{ {limit}, confidence: {confidence}, source: "a made-up standard, table 3" }}]
    examples: {examples}
"#
    );
    BUNDLED
        .replace("version: 2026.11.1", "version: 2027.1.1")
        .replace("effective_from: 2022-12-01", "effective_from: 2027-01-01")
        + &clause
}

fn worn(day: &str) -> Report {
    let mut report = good(Category::M1);
    report
        .measurements
        .push(value("towbar.ball_wear", "", 48.0, "mm"));
    report.date = day.parse().unwrap();
    report
}

const EXAMPLES: &str = "[{ given: { category: M1 }, value: 50, expect: pass }, { given: { category: M1 }, value: 48, expect: fail }]";

#[test]
fn a_clause_is_added_by_data_alone_and_judges_tests_from_its_day_on() {
    let later = with_clause("B", "min: 49", EXAMPLES);
    let catalogues = Catalogues::parse(&[&later, BUNDLED]).unwrap();
    let names: Vec<_> = catalogues.all().map(|one| one.version.as_str()).collect();
    assert_eq!(names, ["2026.11.1", "2027.1.1"]);
    let before = catalogues.on(date!(2026 - 12 - 31));
    let after = catalogues.on(date!(2027 - 01 - 01));
    assert_eq!(run(after), run(before) + 2);
    let judged = |catalogue: &Catalogue, report: &Report| {
        assess(
            catalogue,
            catalogue.standard("WM/T 8-2022").unwrap(),
            report,
        )
    };
    assert_eq!(
        judged(after, &worn("2027-01-01")).unwrap().verdict,
        Verdict::Failed
    );
    let unknown = judged(before, &worn("2026-12-31")).unwrap_err();
    assert!(unknown.wrong[0].description.contains("towbar.ball_wear"));
    let item = after.item("towbar.ball_wear").unwrap();
    assert_eq!(item.since.as_deref(), Some("2027.1.1"));
}

#[test]
fn a_limit_nobody_confirmed_warns_and_can_not_be_made_to_fail() {
    let warns = EXAMPLES.replace("fail", "warn");
    let text = with_clause("C", "min: 49", &warns);
    let catalogue = Catalogue::parse(&text).unwrap();
    run(&catalogue);
    let standard = catalogue.standard("WM/T 8-2022").unwrap();
    let judged = assess(&catalogue, standard, &worn("2027-01-01")).unwrap();
    assert_eq!(judged.verdict, Verdict::PassedWithWarnings);
    let forced = with_clause("C", "min: 49, breach: fail", &warns);
    let refused = Catalogue::parse(&forced).unwrap_err();
    assert!(refused.0.contains("confidence C never fails"), "{refused}");
}

#[test]
fn a_clause_without_example_source_or_unit_is_refused() {
    let good = with_clause("B", "min: 49", EXAMPLES);
    for (from, to, why) in [
        (EXAMPLES, "[]", "no example"),
        (
            "unit: mm\n    plausible: [40, 60]",
            "unit: furlong\n    plausible: [40, 60]",
            "unit",
        ),
        ("    source: a made-up standard, clause 4.2\n", "", "source"),
        ("min: 49, ", "", "without min and max"),
        ("towbar.ball_wear", "brake.axle_ratio", "twice"),
    ] {
        assert!(good.contains(from), "{from}");
        let refused = Catalogue::parse(&good.replace(from, to)).unwrap_err();
        assert!(refused.0.contains(why), "{why}: {refused}");
    }
    assert!(
        Catalogues::parse(&[BUNDLED, BUNDLED]).is_err(),
        "two versions of one day"
    );
    assert!(Catalogues::parse(&[]).is_err());
}
