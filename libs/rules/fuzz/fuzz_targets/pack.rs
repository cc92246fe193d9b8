//! Any text is loaded as a pack or refused; what loads answers, and answers the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongguan_rules::{Facts, Pack, evaluate};

fuzz_target!(|text: &str| {
    if let Ok(pack) = Pack::load(text, &()) {
        let again = Pack::load(text, &()).expect("what loaded once loads again");
        let facts = Facts::new();
        assert_eq!(evaluate(&pack, &facts).to_bytes(), evaluate(&again, &facts).to_bytes());
    }
});
