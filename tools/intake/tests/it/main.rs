//! Tests of intake with real archives, real folders and real git repositories.

mod archives;
mod formats;
mod git;
mod hostile;
mod program;
