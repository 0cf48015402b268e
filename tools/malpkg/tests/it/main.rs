//! The program from the outside: arguments in, answers and exit codes out, on real repositories.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod approve;
mod asked;
mod assign;
mod backtest;
mod campaigns;
mod change;
mod check;
mod crash;
mod decide;
mod dedupe;
mod delta;
mod dispute;
mod documents;
mod drivers;
mod explain;
mod export;
mod failures;
mod fmt;
mod formats;
mod hostile;
mod hosting;
mod identical;
mod ingest;
mod isolation;
mod killed;
mod lookup;
mod meaning;
mod meeting;
mod merge;
mod new;
mod places;
mod program;
mod pull;
mod push;
mod query;
mod race;
mod records;
mod several;
mod source;
mod triage;
mod undo;
mod validate;
mod verify;
mod versions;
