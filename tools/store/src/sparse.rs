//! Sparse checkouts: what git leaves out of the work tree on purpose is still there.

use std::path::Path;
use std::sync::Mutex;

use database::{Content, Contents, Entry, ReadError, TreePath, Visit};
use git2::{Index, IndexEntryExtendedFlag, Repository};

use crate::folder::{FolderContents, on_disk};
use crate::git_contents::GitContents;
use crate::{Error, staged};

/// The database's files that git's index marks as left out and that are not on the disk.
pub(crate) fn absent(index: &Index, root: &Path) -> Result<Vec<Entry>, Error> {
    // The mark needs the third version of the index. Whoever makes it by hand configures no sparse checkout.
    if index.version() < 3 {
        return Ok(Vec::new());
    }
    let mut entries = Vec::new();
    for member in index.iter().filter(|member| is_left_out(member.flags_extended) && staged::is_ours(member)) {
        let Some(entry) = staged::entry(&member)? else { continue };
        let is_here = on_disk(root, &entry.path).is_some_and(|place| place.symlink_metadata().is_ok());
        if !is_here {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Whether git leaves files out of the work tree on purpose.
pub(crate) fn is_sparse(repository: &Repository) -> bool {
    repository.config().and_then(|config| config.get_bool("core.sparseCheckout")).unwrap_or(false)
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

/// The contents of a work tree: what changed from the disk; from git what did not, or is left out. What git has no more
/// may still lie on the disk, and what is of another length there was converted on its way into git.
pub(crate) struct WorkTreeContents {
    pub(crate) files: FolderContents,
    pub(crate) blobs: GitContents,
}

impl Contents for WorkTreeContents {
    fn read(&self, wanted: &[&Entry], visit: &Visit<'_>) {
        let is_blob = |&at: &usize| matches!(wanted[at].content, Content::Blob(_));
        let (blobs, files): (Vec<usize>, Vec<usize>) = (0..wanted.len()).partition(is_blob);
        let pick = |numbers: &[usize]| numbers.iter().map(|&at| wanted[at]).collect::<Vec<_>>();
        let refused = Mutex::new(Vec::new());
        let refuse = |at: usize, error: Option<ReadError>| {
            if let Ok(mut refused) = refused.lock() {
                refused.push((at, error));
            }
        };
        self.blobs.read(&pick(&blobs), &|number, bytes| {
            let at = blobs[number];
            match bytes {
                Ok(bytes) if self.is_of_another_length(wanted[at], bytes.len()) => refuse(at, None),
                Ok(bytes) => visit(at, Ok(bytes)),
                Err(error) => refuse(at, Some(error)),
            }
        });
        self.files.read(&pick(&files), &|at, bytes| visit(files[at], bytes));
        let refused = refused.into_inner().unwrap_or_default();
        let entries: Vec<&Entry> = refused.iter().map(|(at, _)| wanted[*at]).collect();
        self.files.read(&entries, &|number, bytes| {
            let (at, error) = &refused[number];
            visit(*at, bytes.map_err(|of_disk| error.clone().unwrap_or(of_disk)));
        });
    }
}

impl WorkTreeContents {
    /// Whether the file on the disk, where there is one, cannot be the blob.
    fn is_of_another_length(&self, entry: &Entry, length: usize) -> bool {
        let place = on_disk(&self.files.root, &entry.path);
        place.and_then(|place| place.symlink_metadata().ok()).is_some_and(|found| found.len() != length as u64)
    }
}
