//! Tests of intake with real archives, real folders and real git repositories.

mod addresses;
mod analysis;
mod archives;
mod buckets;
mod damaged;
mod documents;
mod formats;
mod git;
mod hostile;
mod https;
mod lists;
mod program;
mod server;
