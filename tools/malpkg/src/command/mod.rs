//! The commands, one file each: its arguments, one function, and the frozen form of its JSON.

pub(crate) mod affected;
pub(crate) mod approve;
pub(crate) mod assign;
pub(crate) mod coverage;
pub(crate) mod decide;
pub(crate) mod dispute;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod fmt;
pub(crate) mod ingest;
pub(crate) mod merge;
pub(crate) mod narrow;
pub(crate) mod new;
pub(crate) mod path;
pub(crate) mod pull;
pub(crate) mod quarantine;
pub(crate) mod query;
pub(crate) mod reinstate;
pub(crate) mod snippet;
pub(crate) mod source;
pub(crate) mod triage;
pub(crate) mod undo;
pub(crate) mod validate;
pub(crate) mod verify;
pub(crate) mod version;
pub(crate) mod withdraw;
