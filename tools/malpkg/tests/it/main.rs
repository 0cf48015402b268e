//! The program from the outside: arguments in, answers and exit codes out, on real repositories.

mod documents;
mod export;
mod failures;
mod fmt;
mod ingest;
mod new;
mod program;
mod query;
mod validate;
mod versions;
