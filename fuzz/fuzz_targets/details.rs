//! Any bytes through `properties::details`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::details(bytes));
