//! One car against twelve rules: this crate beside a hand-written closure and the `cel` interpreter, as ratios.
//!
//! Run with `cargo bench -p tongguan-rules`. Every contender answers the same rules over the same
//! known facts in the same process; the heavy peers stand in `peers/`, outside the workspace.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use tongguan_rules::{Fact, Facts, Outcome, Pack, decide, evaluate};

#[path = "rules/cel.rs"]
mod cel_peer;
#[path = "rules/closure.rs"]
mod closure;

/// Keeps the compiler from leaving the work out.
fn keep<T>(value: T) {
    black_box(&value);
}

/// A contender: its name, and one call.
type Contender<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// The least nanoseconds of one call of each over fifteen rounds, taken in turn, so that a busy
/// machine disturbs all alike.
fn measure(contenders: &mut [Contender<'_>]) -> Vec<f64> {
    let mut least = vec![f64::MAX; contenders.len()];
    for _ in 0..15 {
        for ((_, call), least) in contenders.iter_mut().zip(&mut least) {
            let (start, mut calls) = (Instant::now(), 0_u32);
            while start.elapsed() < Duration::from_millis(10) {
                // Reading the clock costs as much as a closure, so it is read every hundred calls.
                for _ in 0..100 {
                    call();
                }
                calls += 100;
            }
            *least = least.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
        }
    }
    least
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

    let mut open = facts.clone();
    open.set_text(Fact::FirstRegistered, "2018")
        .expect("a year");
    open.forget(Fact::BatterySoh);
    let program = pack.program();
    let text = include_str!("twelve.yaml");
    let mut contenders: Vec<Contender<'_>> = vec![
        // As the language does, all twelve are answered, not only up to the first that fails.
        (
            "closures by hand",
            Box::new(|| {
                keep(rules.iter().fold(0_u32, |bits, rule| {
                    bits << 1 | u32::from(rule(black_box(&car)))
                }));
            }),
        ),
        (
            "decide, all facts known",
            Box::new(|| keep(decide(black_box(program), black_box(&facts)))),
        ),
        (
            "decide, two facts open",
            Box::new(|| keep(decide(black_box(program), black_box(&open)))),
        ),
        (
            "evaluate, with texts",
            Box::new(|| keep(evaluate(black_box(&pack), black_box(&facts)))),
        ),
        ("cel, compiled once", Box::new(|| keep(cel.all()))),
        (
            "load the pack",
            Box::new(|| keep(Pack::load(black_box(text), &()))),
        ),
    ];
    let nanos = measure(&mut contenders);
    println!("12 rules, one car, nanoseconds a call");
    for ((name, _), nanos_each) in contenders.iter().zip(&nanos) {
        println!(
            "{name:<26}{nanos_each:>10.0}   ×{:.1}",
            nanos_each / nanos[0]
        );
    }
    println!("program: {} bytes", program.size());
}
