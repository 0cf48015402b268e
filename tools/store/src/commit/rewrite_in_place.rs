//! Rewriting files where they lie, whoever edited them: for changes of form, which keep what a file says.

use std::collections::BTreeMap;
use std::fs;

use database::{Edit, TreePath};
use git2::{Status, StatusOptions};
use rules::Admitted;

use super::CommitError;
use super::disk::{self, Disk, Way, is_executable};
use crate::{Error, Store};

impl Store {
    /// Writes an admitted change over files of the working tree that are as they were read, local edits and all, and
    /// commits nothing. Removes nothing.
    ///
    /// # Errors
    ///
    /// [`CommitError::LocalEdits`] names the files that are not as they were read; nothing is written then.
    pub fn rewrite(&self, admitted: &Admitted, read: &BTreeMap<TreePath, Vec<u8>>) -> Result<(), CommitError> {
        let root = self.root()?;
        let on_disk = Disk::new(root, None);
        let mut puts = Vec::new();
        let mut moved = Vec::new();
        for (path, edit) in admitted.changes().edits() {
            let Edit::Put(bytes) = edit else { continue };
            if let Way::Linked(link) = on_disk.way(path)? {
                return Err(CommitError::Linked(link));
            }
            let place = on_disk.place(path)?;
            let found = fs::symlink_metadata(&place).map_err(Error::disk("look at", &place))?;
            let now = fs::read(&place).map_err(Error::disk("read", &place))?;
            if found.is_file() && read.get(path).is_some_and(|before| *before == now) {
                puts.push((place, bytes, is_executable(&found)));
            } else {
                moved.push(path.clone());
            }
        }
        if !moved.is_empty() {
            return Err(CommitError::LocalEdits(moved));
        }
        for (place, bytes, is_executable) in puts {
            disk::put(&place, bytes, is_executable)?;
        }
        Ok(())
    }

    /// The files below `osv` that are not on the disk as they are in the newest commit, new ones and edited ones, by
    /// path.
    ///
    /// # Errors
    ///
    /// git cannot say.
    pub fn edited_on_disk(&self) -> Result<Vec<TreePath>, Error> {
        let repository = self.repository()?;
        let mut options = StatusOptions::new();
        options.pathspec("osv").include_untracked(true).recurse_untracked_dirs(true).exclude_submodules(true);
        let statuses = repository.statuses(Some(&mut options)).map_err(Error::git("compare the files with HEAD"))?;
        let is_there = |status: Status| !status.intersects(Status::WT_DELETED) && status != Status::INDEX_DELETED;
        let edited = statuses.iter().filter(|entry| is_there(entry.status()));
        let mut paths: Vec<TreePath> = edited.filter_map(|entry| TreePath::new(entry.path().ok()?).ok()).collect();
        paths.sort();
        Ok(paths)
    }
}
