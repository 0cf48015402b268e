//! The program from the outside: arguments in, answers and exit codes out, on real repositories.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod assign;
mod change;
mod crash;
mod decide;
mod documents;
mod export;
mod failures;
mod fmt;
mod formats;
mod hostile;
mod ingest;
mod lookup;
mod merge;
mod new;
mod program;
mod push;
mod query;
mod race;
mod records;
mod source;
mod undo;
mod validate;
mod versions;
