//! One car against twelve rules: this crate beside a hand-written closure and the `cel` interpreter, as ratios.
//!
//! Run with `cargo bench -p tongguan-rules`. Every contender answers the same rules over the same
//! known facts in the same process; the heavy peers stand in `peers/`, outside the workspace:
//! `cargo run --release --manifest-path libs/rules/peers/Cargo.toml`.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::hint::black_box;

use tongguan_rules::{Pack, decide, evaluate};

#[path = "rules/cel.rs"]
mod cel_peer;
#[path = "rules/closure.rs"]
mod closure;
#[path = "rules/context.rs"]
mod context;
#[path = "rules/measure.rs"]
mod measure;
#[path = "rules/ours.rs"]
mod ours;

use measure::{Contender, keep};

fn main() {
    let (pack, facts, open) = ours::prepared();
    let car = closure::Car::sample();
    let rules = closure::rules();
    let cel = cel_peer::Twelve::new(&context::context());
    assert!(closure::all(&rules, &car) && cel.all());

    let program = pack.program();
    let mut contenders: Vec<Contender<'_>> = vec![
        (
            "closures by hand",
            Box::new(|| keep(closure::all(black_box(&rules), black_box(&car)))),
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
            Box::new(|| keep(Pack::load(black_box(ours::TWELVE), &()))),
        ),
    ];
    let nanos = measure::measure(&mut contenders);
    measure::print(&contenders, &nanos);
    println!("program: {} bytes", program.size());
}
