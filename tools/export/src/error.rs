//! Why a release could not be made, put in its place, or looked at.

use std::io;
use std::path::{Path, PathBuf};

use database::{ReadError, TreePath};

/// Why a release could not be made, put in its place, or looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The disk refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A report could not be read. A release without it would say that it is gone.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Two reports with one id: an archive can hold one of them only.
    #[error("{first} and {second} both have the id {id}; give one of them another id before the export")]
    DuplicateId {
        /// The id.
        id: String,
        /// The path that sorts first.
        first: TreePath,
        /// The other path.
        second: TreePath,
    },
    /// The folder cannot be written to, or put in the place of what is there.
    #[error("{dir} cannot hold an export: {reason}")]
    Refused {
        /// The folder.
        dir: PathBuf,
        /// Why, and what would do.
        reason: &'static str,
    },
    /// Another process is at it.
    #[error("another export is writing {0}; wait for it, or write to another folder")]
    Busy(PathBuf),
    /// What should be a manifest is none.
    #[error("{path} is no manifest of an export: {reason}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The history of the commit cannot be read.
    #[error("{0}")]
    History(String),
    /// Nothing can be pulled from there.
    #[error("nothing can be pulled from {place}: {reason}")]
    Place {
        /// The text that should name a place.
        place: String,
        /// Why not.
        reason: String,
    },
    /// What is published is not what its manifest says.
    #[error("{path} is refused: {reason}")]
    Unlike {
        /// The file, by its whole path or address.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What is published is not newer than what is here.
    #[error("the release there, {there}, is {what}; the one here is {here}")]
    Older {
        /// The release that is here.
        here: String,
        /// The one that would come.
        there: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Error {
    /// Makes an error of what the system said about a path.
    pub(crate) fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Error {
        let path = path.as_ref().to_owned();
        move |source| Error::Io { action, path, source }
    }
}
