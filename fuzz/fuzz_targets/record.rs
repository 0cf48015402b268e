//! Any bytes through `properties::record`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::record(bytes));
