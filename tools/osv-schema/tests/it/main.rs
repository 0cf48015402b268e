//! The record: what goes in comes out, and every fault has its place.

mod parse;
mod record;
mod timestamp;
