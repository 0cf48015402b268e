//! Curation: what comes in is joined, and nothing of it is lost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod assign;
mod fixture;
mod ids;
mod ingest;
mod joining;
mod laws;
mod laws_of_packages;
mod lossless;
mod trees;
mod whose;
