//! Every pack read, checked and compiled, examples run: milliseconds, and the memory that stays.
//!
//! Run with `cargo bench -p tongguan-destinations --bench load`; a bench of its own, because counting
//! every allocation would slow the matrix down.
#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a benchmark prints, and stops where it cannot go on"
)]

use std::time::Instant;

use peak_alloc::PeakAlloc;
use tongguan_destinations::{Catalogue, embedded};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() {
    let texts = embedded().as_ref().expect("the packs load").texts().clone();
    let bytes: usize = texts.values().map(|text| text.len()).sum();
    let (mut least, mut held) = (f64::MAX, 0);
    for _ in 0..7 {
        let before = MEMORY.current_usage();
        let start = Instant::now();
        let catalogue = Catalogue::compile(&texts, None).expect("the packs load");
        least = least.min(start.elapsed().as_secs_f64() * 1e3);
        held = MEMORY.current_usage() - before;
        drop(catalogue);
    }
    let catalogue = embedded().as_ref().expect("the packs load");
    let (mut rules, mut programs) = (0, 0);
    for pack in catalogue.iter() {
        rules += pack.rules.len();
        programs += pack.program().size();
    }
    println!(
        "{} packs, {rules} rules with their layers', {} KiB of text: read, checked, compiled, examples run in {least:.0} ms (below 200)",
        texts.len(),
        bytes >> 10,
    );
    println!(
        "memory that stays: {:.1} MiB with texts, sources and examples (below 16); of it programs {} KiB",
        held as f64 / f64::from(1 << 20),
        programs >> 10,
    );
}
