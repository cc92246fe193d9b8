//! Loads packs from files, layers first, and prints every problem: `cargo run --example check -- packs/*.yaml`.
#![expect(clippy::print_stdout, reason = "a command-line tool talks to its user")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use tongguan_rules::Pack;

fn main() -> ExitCode {
    let mut texts: Vec<(String, String)> = std::env::args()
        .skip(1)
        .filter_map(|path| Some((path.clone(), std::fs::read_to_string(path).ok()?)))
        .collect();
    // A layer has to be there before the packs that extend it.
    texts.sort_by_key(|(_, text)| !text.contains("\nkind: layer"));
    let mut packs: BTreeMap<String, Arc<Pack>> = BTreeMap::new();
    let (mut problems, mut rules, mut examples, mut texts_only, mut bytes) = (0, 0, 0, 0, 0);
    for (path, text) in &texts {
        match Pack::load(text, &packs) {
            Ok(pack) => {
                let report = pack.run_examples();
                for id in &report.thin {
                    println!("{path}: {id} has fewer than three examples");
                }
                rules += pack
                    .rules
                    .iter()
                    .filter(|rule| rule.from == pack.market)
                    .count();
                texts_only += pack.not_expressible();
                bytes += pack.program().size();
                examples += report.run;
                packs.insert(pack.market.clone(), Arc::new(pack));
            }
            Err(found) => {
                problems += found.len();
                for problem in &found {
                    println!("{path}:{problem}");
                }
            }
        }
    }
    println!(
        "{} packs, {rules} rules, {examples} examples, {texts_only} not expressible, {bytes} bytes of program, {problems} problems",
        packs.len()
    );
    if problems == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
