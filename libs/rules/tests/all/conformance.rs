//! The public CEL conformance cases that the language covers.
//!
//! `conformance.json` holds the cases of cel-spec's `tests/simple` (as published in npm
//! `@bufbuild/cel-spec` 0.6.1, Apache-2.0) that need no bindings and end in a bool, or in an int that
//! is then compared. A case is covered when the expression compiles; what is left out by design
//! (division, strings, maps, macros, conversions, bytes, overflow) does not.

use tongguan_rules::{Facts, Pack, Value, evaluate};

use super::packs::one;

#[test]
fn every_covered_conformance_case_passes() {
    let cases: Vec<(String, String, bool)> =
        serde_json::from_str(include_str!("../conformance.json")).unwrap();
    let (mut covered, mut failed) = (0, Vec::new());
    for (name, expression, expected) in &cases {
        let quoted = serde_json::to_string(expression).unwrap();
        let Ok(pack) = Pack::load(
            &one(&format!("require: {quoted}\notherwise: prohibit")),
            &(),
        ) else {
            continue;
        };
        covered += 1;
        let value = evaluate(&pack, &Facts::new()).rules[0].value;
        if value
            != (if *expected {
                Value::Satisfied
            } else {
                Value::Violated
            })
        {
            failed.push(format!("{name}: {expression} gave {value:?}"));
        }
    }
    println!(
        "CEL conformance: {covered} of {} cases covered, {} passed",
        cases.len(),
        covered - failed.len()
    );
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(covered >= 100, "only {covered} covered");
}
