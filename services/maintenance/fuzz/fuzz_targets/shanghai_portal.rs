//! Any bytes are read as a list and a detail of `shanghai_portal` or taken for none.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: (&[u8], &[u8])| answers::check("shanghai_portal", bytes.0, bytes.1));
