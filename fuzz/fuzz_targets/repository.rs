//! Any bytes through `properties::repository`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::repository(bytes));
