//! One car against the same twelve rules in seven engines, one run, printed as ratios to a hand-written closure.
//!
//! Each engine is used as its documentation says is fastest: compiled once, facts prepared once, only
//! the evaluation measured. All answer every rule, not only up to the first that fails.

use std::hint::black_box;

use tongguan_rules::decide;

mod cedar;
#[path = "../../benches/rules/cel.rs"]
mod cel_peer;
#[path = "../../benches/rules/closure.rs"]
mod closure;
#[path = "../../benches/rules/context.rs"]
mod context;
mod jsonlogic;
#[path = "../../benches/rules/measure.rs"]
mod measure;
#[path = "../../benches/rules/ours.rs"]
mod ours;
mod rego;
mod zen;

use measure::{Contender, keep};

fn main() {
    let (pack, facts, open) = ours::prepared();
    let car = closure::Car::sample();
    let rules = closure::rules();
    let context = context::context();
    let cel = cel_peer::Twelve::new(&context);
    let arena = datalogic_rs::bumpalo::Bump::new();
    let mut jsonlogic = jsonlogic::Twelve::new(&context, &arena);
    let mut zen = zen::Twelve::new(&context);
    let mut rego = rego::Twelve::new(&context);
    let cedar = cedar::Twelve::new(&context);
    assert!(closure::all(&rules, &car), "closures");
    assert!(cel.all(), "cel");
    assert!(jsonlogic.all(), "datalogic-rs");
    assert!(zen.all(), "zen-expression");
    assert!(rego.all(), "regorus");
    assert!(cedar.all(), "cedar-policy");

    let program = pack.program();
    let mut contenders: Vec<Contender<'_>> = vec![
        (
            "closures by hand",
            Box::new(|| keep(closure::all(black_box(&rules), black_box(&car)))),
        ),
        (
            "tongguan, all facts known",
            Box::new(|| keep(decide(black_box(program), black_box(&facts)))),
        ),
        (
            "tongguan, two facts open",
            Box::new(|| keep(decide(black_box(program), black_box(&open)))),
        ),
        ("datalogic-rs", Box::new(|| keep(jsonlogic.all()))),
        ("zen-expression", Box::new(|| keep(zen.all()))),
        ("cel", Box::new(|| keep(cel.all()))),
        ("cedar-policy", Box::new(|| keep(cedar.all()))),
        ("regorus", Box::new(|| keep(rego.all()))),
    ];
    let nanos = measure::measure(&mut contenders);
    measure::print(&contenders, &nanos);
    let peer = nanos[3..]
        .iter()
        .fold(f64::MAX, |least, each| least.min(*each));
    println!(
        "tongguan / closures ×{:.2} (at most 3); with unknowns {:.0} ns (at most 150); fastest peer / tongguan ×{:.1} (above 1)",
        nanos[1] / nanos[0],
        nanos[2],
        peer / nanos[1].max(nanos[2]),
    );
}
