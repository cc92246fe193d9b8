//! Any bytes are read as an answer of `lcippro_flat` or taken for none.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| answers::check("lcippro_flat", bytes, b""));
