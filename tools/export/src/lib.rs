//! A snapshot as archives and lists; reproducible.
//!
//! A **release** is a folder whose every byte is a function of a commit, the version of this tool and the targets
//! asked for. It is made in two steps that know nothing of each other: [`fn@write`] fills an empty folder with a whole
//! release, and [`fn@replace`] puts a folder that somebody filled in the place of an older release, in one step.
//!
//! - [`fn@published`]: what is published of a report; `docs/published-profile.md` says it to the letter.
//! - `collect.rs` reads every report once and keeps its published form compressed, `rows.rs` what it says of packages;
//!   the targets (`archives.rs`, `ndjson.rs`) are lists of files to write from that [material](material).
//! - [`Manifest`]: what a release says about itself, and what [`fn@verify`] holds it to.
//!
//! Not here: which reports break a rule (the caller says so, [`Input::held`]), and where a snapshot comes from.

mod archives;
mod body;
mod collect;
mod error;
mod filter;
mod folders;
mod indicators;
mod input;
mod lookup;
mod manifest;
mod material;
mod ndjson;
mod output;
mod parquet;
mod published;
mod release;
mod replace;
mod rows;
mod verdicts;
mod verify;
mod zip;

pub use error::Error;
pub use input::{CommitFacts, Held, Input, Target, UnknownTarget};
pub use manifest::{Counts, FileFacts, Manifest};
pub use published::published;
pub use release::{Progress, Step, write};
pub use replace::replace;
pub use verify::{Difference, DifferenceKind, verify};
