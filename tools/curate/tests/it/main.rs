//! Curation: what comes in is joined, and nothing of it is lost.

mod fixture;
mod ids;
mod ingest;
mod lossless;
