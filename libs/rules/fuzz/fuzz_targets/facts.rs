//! Any JSON is read as facts or refused with every fault named; what is read is written and read back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongguan_rules::Facts;

fuzz_target!(|text: &str| {
    let Ok(json) = serde_json::from_str::<serde_json::Value>(text) else { return };
    match Facts::from_json(&json) {
        Ok(facts) => assert_eq!(Facts::from_json(&facts.to_json()).as_ref(), Ok(&facts), "{json}"),
        Err(faults) => assert!(faults.iter().all(|fault| !fault.message.is_empty()) && !faults.is_empty()),
    }
});
