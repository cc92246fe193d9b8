//! Any text is loaded as a pack or refused at places; what loads answers, and answers the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongguan_rules::{Facts, MAX_PACK_BYTES, Pack, evaluate};

fuzz_target!(|text: &str| {
    match Pack::load(text, &()) {
        Ok(pack) => {
            let again = Pack::load(text, &()).expect("what loaded once loads again");
            let facts = Facts::new();
            assert_eq!(evaluate(&pack, &facts).to_bytes(), evaluate(&again, &facts).to_bytes());
        }
        Err(problems) => {
            let placed = |line: u64, column: u64| line > 0 && column > 0;
            assert!(!problems.is_empty());
            assert!(text.len() > MAX_PACK_BYTES || problems.iter().all(|found| placed(found.line, found.column)), "{problems:?}");
        }
    }
});
