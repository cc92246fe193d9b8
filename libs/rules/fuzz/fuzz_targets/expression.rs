//! Any text is compiled as an expression or refused, and runs over any facts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongguan_rules::{Facts, Pack, evaluate};

const HEAD: &str = "market: XX\nname: { en: X, zh: 某 }\nversion: 1.0.0\nas_of: 2026-11-23\nmeasured_at: trip.arrival\nrules:\n  - id: R\n    category: other\n    otherwise: prohibit\n    text: { en: T, zh: 文 }\n    source: { title: S, confidence: high }\n    require: ";

fuzz_target!(|input: (&str, &str)| {
    let (source, facts) = input;
    let quoted = serde_json::Value::from(source).to_string();
    let Ok(pack) = Pack::load(&format!("{HEAD}{quoted}\n"), &()) else { return };
    let facts = serde_json::from_str(facts).ok().and_then(|json| Facts::from_json(&json).ok());
    let _ = evaluate(&pack, &facts.unwrap_or_default());
});
