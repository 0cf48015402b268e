//! The thin layer over libgit2: its settings, opening a repository, its errors.

use std::path::Path;
use std::sync::Once;

use git2::{ErrorCode, Repository, RepositoryOpenFlags};

use crate::Error;

/// What libgit2 says went wrong.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message())]
pub struct GitError(git2::Error);

impl GitError {
    pub(crate) fn new(error: git2::Error) -> GitError {
        GitError(error)
    }
}

/// Extensions of a repository that change nothing for us: of a partial clone objects may be missing, and a missing
/// object is always an answer here.
const EXTENSIONS: [&str; 1] = ["partialclone"];

static SETTINGS: Once = Once::new();

/// Opens the repository at exactly this directory: a work tree, a git directory or a bare repository.
pub(crate) fn open(dir: &Path) -> Result<Repository, Error> {
    SETTINGS.call_once(settle);
    let nothing_above: [&Path; 0] = [];
    Repository::open_ext(dir, RepositoryOpenFlags::NO_SEARCH, nothing_above).map_err(|error| match error.code() {
        // A file `.git` says that there is a repository, wherever that went.
        ErrorCode::NotFound if !dir.join(".git").is_file() => Error::NoDatabase { dir: dir.to_owned() },
        ErrorCode::Owner => Error::NotOwned { dir: dir.to_owned() },
        _ => Error::Open { dir: dir.to_owned(), source: GitError::new(error) },
    })
}

/// Changes what libgit2 keeps for the whole process, once, before the first repository is opened.
fn settle() {
    // Hashing every object again while reading costs a quarter of the time. git does not do it either; `fsck` does.
    git2::opts::strict_hash_verification(false);
    #[expect(unsafe_code, reason = "libgit2 has no other way to open a partial clone; see the comment")]
    // SAFETY: the list is global and unguarded. It is written here alone, under `Once`, and read only while a
    // repository is opened, which nothing but `open` does.
    let set = unsafe { git2::opts::set_extensions(&EXTENSIONS) };
    // Should it fail, opening a partial clone says so.
    drop(set);
}
