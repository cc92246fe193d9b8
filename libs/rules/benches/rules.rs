//! One car against twelve rules: this crate beside a hand-written closure and the `cel` interpreter, as ratios.
//!
//! Run with `cargo bench -p tongguan-rules`. Every contender answers the same rules over the same
//! known facts in the same process; the heavy peers stand in `peers/`, outside the workspace.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use tongguan_rules::{Facts, Outcome, Pack, decide, evaluate};

#[path = "rules/cel.rs"]
mod cel_peer;
#[path = "rules/closure.rs"]
mod closure;

/// Median nanoseconds of one call over eleven rounds of about 40 ms.
fn measure(mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut calls = 0_u64;
    while start.elapsed() < Duration::from_millis(40) {
        call();
        calls += 1;
    }
    let mut rounds: Vec<f64> = (0..11)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..calls {
                call();
            }
            start.elapsed().as_nanos() as f64 / calls as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[5]
}

fn facts() -> Facts {
    let json = serde_json::json!({
        "vehicle": {
            "category": "M1", "first_registered": "2021-04-12", "manufactured": "2021-02-03", "steering": "RHD", "converted_steering": false,
            "fuel": "diesel", "emission_standard": "euro.6", "damage": [], "odometer_km": 88_000, "powertrain": "PHEV", "battery_soh_percent": 92.5,
            "gross_mass_kg": 2_210, "seats": 5, "airbags": 6, "equipment": ["abs", "esc"],
        },
        "trip": { "arrival": "2026-06-01", "bill_of_lading": "2026-05-02", "dispatch_country": "CN" },
        "importer": { "kind": "individual", "imports_this_period": 0 },
    });
    Facts::from_json(&json).expect("the facts fit the schema")
}

fn main() {
    let pack = Pack::load(include_str!("twelve.yaml"), &()).expect("the pack loads");
    let facts = facts();
    let car = closure::Car::sample();
    let rules = closure::rules();
    let cel = cel_peer::Twelve::new();
    assert_eq!(decide(pack.program(), &facts).outcome, Outcome::Permitted);
    assert!(rules.iter().all(|rule| rule(&car)) && cel.all());

    let hand = measure(|| {
        // As the language does, all twelve are answered, not only up to the first that fails.
        black_box(rules.iter().fold(0_u32, |bits, rule| {
            bits << 1 | u32::from(rule(black_box(&car)))
        }));
    });
    let mut dates = facts.clone();
    dates
        .set_text(tongguan_rules::Fact::FirstRegistered, "2018")
        .unwrap();
    dates.forget(tongguan_rules::Fact::BatterySoh);
    let contenders = [
        (
            "decide, all facts known",
            measure(|| {
                black_box(decide(black_box(pack.program()), black_box(&facts)));
            }),
        ),
        (
            "decide, two facts open",
            measure(|| {
                black_box(decide(black_box(pack.program()), black_box(&dates)));
            }),
        ),
        (
            "evaluate with texts",
            measure(|| {
                black_box(evaluate(black_box(&pack), black_box(&facts)));
            }),
        ),
        (
            "cel, compiled once",
            measure(|| {
                black_box(cel.all());
            }),
        ),
    ];
    println!(
        "12 rules, one car\n{:<28}{hand:>10.0} ns   ×1.0",
        "closures by hand"
    );
    for (name, nanos) in contenders {
        println!("{name:<28}{nanos:>10.0} ns   ×{:.1}", nanos / hand);
    }
    load();
}

/// How long a pack takes to load, and how much memory its program holds.
fn load() {
    let text = include_str!("twelve.yaml");
    let nanos = measure(|| {
        black_box(Pack::load(black_box(text), &()).unwrap());
    });
    let size = Pack::load(text, &()).unwrap().program().size();
    println!(
        "load, check and compile 12 rules: {:.2} ms; program {size} bytes",
        nanos / 1e6
    );
}
