//! Sparse checkouts: what git leaves out of the work tree on purpose is still there.

use std::path::Path;

use database::{BlobId, Content, Contents, Entry, ROOTS, TreePath, Visit};
use git2::{IndexEntryExtendedFlag, Repository};

use crate::Error;
use crate::folder::{FolderContents, on_disk};
use crate::git_contents::GitContents;
use crate::listing::invalid_name;
use crate::revision::CommitId;

/// The database's files that git's index marks as left out and that are not on the disk.
pub(crate) fn absent(repository: &Repository, root: &Path) -> Result<Vec<Entry>, Error> {
    let is_sparse = repository.config().and_then(|config| config.get_bool("core.sparseCheckout")).unwrap_or(false);
    if !is_sparse {
        return Ok(Vec::new());
    }
    let index = repository.index().map_err(Error::git(index_unread()))?;
    let mut entries = Vec::new();
    for member in index.iter().filter(|member| is_left_out(member.flags_extended)) {
        let first = member.path.split(|&b| b == b'/').next().unwrap_or_default();
        if !ROOTS.iter().any(|root| root.as_bytes() == first) {
            continue;
        }
        let path = TreePath::new(String::from_utf8_lossy(&member.path))
            .map_err(|error| Error::tree(".", invalid_name(&member.path, &error)))?;
        let is_here = on_disk(root, &path).is_some_and(|place| place.symlink_metadata().is_ok());
        let content = match (std::str::from_utf8(&member.path), CommitId::of(member.id), member.mode) {
            (Err(_), ..) => Content::NotAFile(crate::listing::NO_TEXT),
            (_, _, 0o120_000) => Content::NotAFile("a symbolic link"),
            (_, _, 0o160_000) => Content::NotAFile("a submodule"),
            (_, Some(id), _) => Content::Blob(BlobId(id.0)),
            (_, None, _) => continue,
        };
        if !is_here {
            entries.push(Entry { path, content });
        }
    }
    Ok(entries)
}

/// What failed where the index could not be read, with the remedy: libgit2 knows neither split nor sparse ones.
pub(crate) fn index_unread() -> &'static str {
    "read git's index (where it is split or sparse, run `git update-index --no-split-index` or \
     `git sparse-checkout reapply --no-sparse-index`)"
}

/// Whether git's index says that a path is left out of the work tree.
pub(crate) fn is_left_out_now(repository: &Repository, path: &TreePath) -> bool {
    let staged = repository.index().ok().and_then(|index| index.get_path(Path::new(path.as_str()), 0));
    staged.is_some_and(|staged| is_left_out(staged.flags_extended))
}

/// Whether the flags of a member of the index say that it is left out of the work tree.
pub(crate) fn is_left_out(flags_extended: u16) -> bool {
    flags_extended & IndexEntryExtendedFlag::SKIP_WORKTREE.bits() != 0
}

/// The contents of a sparse checkout: files from the disk, the others from git.
pub(crate) struct SparseContents {
    pub(crate) files: FolderContents,
    pub(crate) blobs: GitContents,
}

impl Contents for SparseContents {
    fn read(&self, wanted: &[&Entry], visit: &Visit<'_>) {
        let is_blob = |&at: &usize| matches!(wanted[at].content, Content::Blob(_));
        let (blobs, files): (Vec<usize>, Vec<usize>) = (0..wanted.len()).partition(is_blob);
        let pick = |numbers: &[usize]| numbers.iter().map(|&at| wanted[at]).collect::<Vec<_>>();
        self.blobs.read(&pick(&blobs), &|at, bytes| visit(blobs[at], bytes));
        self.files.read(&pick(&files), &|at, bytes| visit(files[at], bytes));
    }
}
