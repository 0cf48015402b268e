//! What can go wrong while finding and reading a database.

use std::io;
use std::path::PathBuf;

use crate::GitError;

/// Why a database could not be found or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The directory is neither a repository nor a database.
    #[error("{} is no git repository and has no folder `osv`", .dir.display())]
    NoDatabase {
        /// The directory.
        dir: PathBuf,
    },
    /// Nothing was found from a directory upwards.
    #[error("neither {} nor a folder above it is a git repository or has a folder `osv`", .from.display())]
    NotFound {
        /// Where the search began.
        from: PathBuf,
    },
    /// The repository belongs to another user, and git is not told to trust it.
    #[error("the repository {} belongs to another user", .dir.display())]
    NotOwned {
        /// The directory.
        dir: PathBuf,
    },
    /// There is a repository that cannot be opened.
    #[error("cannot open the git repository {}", .dir.display())]
    Open {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: GitError,
    },
    /// A question to git about a plain folder.
    #[error("{} is a plain folder; this needs a git repository", .dir.display())]
    NoGit {
        /// The folder.
        dir: PathBuf,
    },
    /// A question about the files of a bare repository.
    #[error("{} is a bare repository and has no working tree", .dir.display())]
    NoWorkTree {
        /// The repository.
        dir: PathBuf,
    },
    /// A revision that names nothing.
    #[error("there is no revision `{}`", .rev.escape_debug())]
    NoRevision {
        /// What was asked for.
        rev: String,
        /// What git says.
        source: GitError,
    },
    /// A revision that names something else than a commit.
    #[error("`{}` is a {kind}, not a commit", .rev.escape_debug())]
    NoCommit {
        /// What was asked for.
        rev: String,
        /// What it is.
        kind: &'static str,
    },
    /// A text that no reference can have for its name.
    #[error("`{}` is no name for a reference", .name.escape_debug())]
    InvalidRef {
        /// The text.
        name: String,
    },
    /// `HEAD` is at a commit, not on a branch.
    #[error("HEAD is detached: no branch is checked out")]
    Detached,
    /// The history is cut off.
    #[error("the clone is shallow, and this needs the whole history")]
    Shallow,
    /// A tree, on the disk or in git, that cannot be listed.
    #[error("the tree cannot be listed: `{}` {reason}", .path.escape_debug())]
    InvalidTree {
        /// The path in the tree, as readable as it gets.
        path: String,
        /// What is wrong with it, as the rest of a sentence.
        reason: String,
    },
    /// A file or folder that the disk does not give.
    #[error("cannot {doing} {}", .path.display())]
    Disk {
        /// What was tried, as a verb.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Another repository that cannot be reached, or does not take what it is sent.
    #[error("cannot {doing} `{}`: {told}", .remote.escape_debug())]
    Remote {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The other repository.
        remote: String,
        /// What git says.
        told: String,
    },
    /// Something else that git could not do.
    #[error("cannot {doing}")]
    Git {
        /// What was tried, as a verb and its object.
        doing: String,
        /// Why not.
        source: GitError,
    },
}

impl Error {
    /// What can be done about it, where that is known.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Error::NoDatabase { .. } | Error::NotFound { .. } => {
                "name a database with `--repo DIR`: a git repository, or a folder with a folder `osv` in it".to_owned()
            }
            Error::NotOwned { dir } => {
                format!("if you trust it, run `git config --global --add safe.directory {}`", dir.display())
            }
            Error::NoGit { .. } => "`git init` and a first commit make a repository of it".to_owned(),
            Error::NoWorkTree { .. } => {
                "`--commit` with `--ref REF` writes to a branch of it, and `--rev REV` reads a commit".to_owned()
            }
            Error::NoRevision { .. } => "`git log --oneline` and `git branch` show what there is".to_owned(),
            Error::NoCommit { .. } => "name a commit, a branch or a tag".to_owned(),
            Error::InvalidRef { .. } => "name a branch, as in `main` or `refs/heads/main`".to_owned(),
            Error::Detached => "name a branch with `--ref`, or check one out".to_owned(),
            Error::Shallow => "run `git fetch --unshallow`".to_owned(),
            _ => return None,
        })
    }

    /// For `map_err`: git could not do something.
    pub(crate) fn git(doing: impl Into<String>) -> impl FnOnce(git2::Error) -> Error {
        |error| Error::Git { doing: doing.into(), source: GitError::new(error) }
    }

    /// For `map_err`: the disk could not do something.
    pub(crate) fn disk(doing: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::Disk { doing, path: path.into(), source }
    }

    pub(crate) fn tree(path: impl Into<String>, reason: impl Into<String>) -> Error {
        Error::InvalidTree { path: path.into(), reason: reason.into() }
    }
}
