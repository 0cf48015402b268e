//! A snapshot as archives and lists; reproducible.
//!
//! A **release** is a folder whose every byte is a function of a commit, the version of this tool and the targets
//! asked for. It is made in two steps that know nothing of each other: [`fn@write`] fills an empty folder with a whole
//! release, and [`fn@replace`] puts a folder that somebody filled in the place of an older release, in one step.
//!
//! - [`fn@published`]: what is published of a report; `docs/published-profile.md` says it to the letter.
//! - `collect.rs` reads every report once and keeps its published form compressed, `rows.rs` what it says of packages;
//!   the targets (`archives.rs`, `ndjson.rs`) are lists of files to write from that [material](material).
//! - `lists/` holds the lists that block installs; [`Blocking`] says which reports they hold.
//! - `intel/` has those of them that speak to people who hunt: STIX, MISP, CycloneDX, names to refuse, feeds.
//! - [`fn@pull`] brings a release over from where it is published; `status.rs` and `sign.rs` tell whether to trust it.
//! - [`Manifest`]: what a release says about itself, and what [`fn@verify`] holds it to.
//!
//! Not here: which reports break a rule (the caller says so, [`Input::held`]), and where a snapshot comes from.

mod archives;
mod blocking;
mod body;
mod bundle;
mod collect;
mod delta;
mod error;
mod filter;
mod folders;
mod indicators;
mod input;
mod intel;
mod lists;
mod lookup;
mod manifest;
mod material;
mod meaning;
mod ndjson;
mod noted;
mod older;
mod output;
mod parquet;
mod prove;
mod published;
mod pull;
mod records;
mod release;
mod replace;
mod rows;
mod sign;
mod status;
mod tarball;
mod unzip;
mod verdicts;
mod verify;
mod zip;

pub use blocking::{Blocking, LeftOut, UnknownWord};
pub use delta::{Changed, Changes, CommitStep, DELTA_REPORTS_MAX, DELTAS_MAX, History, IsKnown, Side, Take};
pub use error::Error;
pub use input::{CommitFacts, Held, Input, Target, UnknownTarget};
pub use intel::SHARED_FILE;
pub use manifest::{Counts, FileFacts, Manifest};
pub use older::Older;
pub use prove::prove;
pub use published::published;
pub use pull::{Part, PullOptions, Pulled, pull, pull_part};
pub use release::{Progress, Step, Written, write, write_over};
pub use replace::replace;
pub use sign::{InvalidKey, SigningKey, VerifyingKey};
pub use status::{STATUS_SECONDS, Status, seal};
pub use verify::{Difference, DifferenceKind, verify, verify_signatures};
