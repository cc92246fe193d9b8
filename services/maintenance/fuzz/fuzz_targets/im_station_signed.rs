//! Any bytes are read as an answer of `im_station_signed` or taken for none.
#![no_main]

mod answers;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| answers::check("im_station_signed", bytes, b""));
