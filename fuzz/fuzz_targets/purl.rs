//! Any bytes through `properties::purl`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::purl(bytes));
