//! Any text is compiled as an expression or refused at its place, and says the same by both evaluators and again by its record.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongguan_rules::{Facts, Pack, Record, decide, evaluate};

const HEAD: &str = "market: XX\nname: { en: X, zh: 某 }\nversion: 1.0.0\nas_of: 2026-11-23\nmeasured_at: trip.arrival\nrules:\n  - id: R\n    category: other\n    otherwise: prohibit\n    text: { en: T, zh: 文 }\n    source: { title: S, confidence: high }\n    require: ";

fuzz_target!(|input: (&str, &str)| {
    let (source, facts) = input;
    let quoted = serde_json::Value::from(source).to_string();
    let pack = match Pack::load(&format!("{HEAD}{quoted}\n"), &()) {
        Ok(pack) => pack,
        Err(problems) => {
            assert!(problems.iter().all(|problem| problem.line > 0 && problem.column > 0), "{problems:?}");
            return;
        }
    };
    let facts = serde_json::from_str(facts).ok().and_then(|json| Facts::from_json(&json).ok()).unwrap_or_default();
    let verdict = evaluate(&pack, &facts);
    assert_eq!(verdict.outcome, decide(pack.program(), &facts).outcome, "{source}");
    let again = Record::of(&pack, &facts).replay(&pack).expect("its own pack");
    assert_eq!(again.to_bytes(), verdict.to_bytes(), "{source}");
});
