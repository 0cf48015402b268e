//! The record: what goes in comes out, and every fault has its place.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod parse;
mod record;
mod timestamp;
