//! The commands, one file each: its arguments, one function, and the frozen form of its JSON.

pub(crate) mod affected;
pub(crate) mod assign;
pub(crate) mod decide;
pub(crate) mod dedupe;
pub(crate) mod diff;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod fmt;
pub(crate) mod git_driver;
pub(crate) mod ingest;
pub(crate) mod log;
pub(crate) mod merge;
pub(crate) mod narrow;
pub(crate) mod new;
pub(crate) mod path;
pub(crate) mod quarantine;
pub(crate) mod query;
pub(crate) mod reinstate;
pub(crate) mod show;
pub(crate) mod snippet;
pub(crate) mod source;
pub(crate) mod stats;
pub(crate) mod undo;
pub(crate) mod validate;
pub(crate) mod version;
pub(crate) mod withdraw;
