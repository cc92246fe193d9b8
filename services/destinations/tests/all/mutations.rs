//! The 96 packs, damaged: each damaged text loads or is refused with places, and never panics or hangs.

use std::collections::BTreeMap;
use std::sync::Arc;

use tongguan_destinations::{Catalogue, embedded};
use tongguan_rules::{Facts, Pack, decide};

/// Xorshift: the same damage in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// What damage inserts: the characters and words on which YAML, the reader and the language turn.
const PIECES: [&str; 24] = [
    ":",
    "- ",
    "\n",
    "\n    ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "&a ",
    "*a",
    "!!",
    "|",
    ">",
    "#",
    "\t",
    "null",
    "&&",
    "((((",
    "vehicle.",
    "date(\"2026-02-30\")",
    "9999999999999999999",
    "\u{feff}汽",
];

fn damage(text: &str, numbers: &mut Numbers) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let (place, other) = (numbers.below(lines.len()), numbers.below(lines.len()));
    match numbers.below(6) {
        0 => drop(lines.remove(place)),
        1 => lines.insert(other, lines[place]),
        2 => lines.swap(place, other),
        3 => lines.truncate(place),
        _ => {
            let mut letters: Vec<char> = lines[place].chars().collect();
            let start = numbers.below(letters.len() + 1);
            let end = (start + numbers.below(4)).min(letters.len());
            letters.splice(start..end, PIECES[numbers.below(PIECES.len())].chars());
            let line: String = letters.into_iter().collect();
            let (before, after) = (lines[..place].join("\n"), lines[place + 1..].join("\n"));
            return format!("{before}\n{line}\n{after}\n");
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn a_damaged_pack_loads_or_is_refused_with_places() {
    let catalogue = embedded().as_ref().unwrap();
    let mut numbers = Numbers(0x2026_1125_0001);
    let (mut refused, mut loaded) = (0, 0);
    for (market, text) in catalogue.texts() {
        for _ in 0..4 {
            let damaged = damage(text, &mut numbers);
            match Pack::load(&damaged, catalogue.layers()) {
                Ok(pack) => {
                    loaded += 1;
                    decide(pack.program(), &Facts::new());
                }
                Err(problems) => {
                    refused += 1;
                    let lines = damaged.lines().count() as u64 + 1;
                    assert!(!problems.is_empty(), "{market} refused without a word");
                    for problem in problems {
                        let placed = (1..=lines).contains(&problem.line) && problem.column > 0;
                        assert!(placed && !problem.message.is_empty(), "{market}: {problem}");
                    }
                }
            }
        }
    }
    assert!(
        refused > 30 && loaded > 30,
        "{refused} refused, {loaded} loaded: both ways are tried"
    );
}

#[test]
fn one_damaged_pack_refuses_the_catalogue_and_the_running_one_stays() {
    let catalogue = embedded().as_ref().unwrap();
    let mut texts: BTreeMap<String, Arc<str>> = catalogue.texts().clone();
    for market in ["KE", "AE"] {
        let broken = texts[market].replacen("otherwise: prohibit", "otherwise: prohibt", 1);
        texts.insert(market.to_owned(), broken.into());
    }
    let problems = Catalogue::compile(&texts, Some(catalogue)).unwrap_err();
    let markets: Vec<&str> = problems.iter().map(|found| found.market.as_str()).collect();
    assert_eq!(markets, ["AE", "KE"], "{problems:#?}");
    assert!(
        problems
            .iter()
            .all(|found| found.problem.line > 0 && found.problem.message.contains("\"prohibit\""))
    );
}
