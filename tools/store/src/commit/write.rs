//! Writing a change to a working tree or a plain folder, without a commit.

use std::collections::BTreeMap;
use std::sync::Arc;

use database::{Edit, TreeId, TreePath};
use git2::Repository;
use rules::Admitted;

use super::disk::{Disk, Found};
use super::pending::Note;
use super::rewrite::{Edits, FileChange, Rewritten, rewrite, without_base};
use super::{CommitError, follow, tree_of, write_objects};
use crate::Store;

/// Files of a working tree as they were read: what each held, or that there was none.
pub type Read = BTreeMap<TreePath, Option<Arc<[u8]>>>;

impl Store {
    /// Writes an admitted change that was planned from files of the working tree as they were read, and commits nothing. A
    /// file that holds what was read has no edits that the plan does not know, and neither has one that is still not there.
    ///
    /// # Errors
    ///
    /// See [`CommitError`]. In a plain folder nobody knows what a file was before, so there are no local edits.
    pub fn write_over(&self, admitted: &Admitted, read: &Read) -> Result<(), CommitError> {
        self.write_edits(admitted.changes().edits(), read)
    }

    /// In this order: what the change makes of the tree; whether the files can follow; the objects and a note, with which
    /// the next run does what is left when this one is killed; the files.
    pub(super) fn write_edits(&self, edits: &Edits, read: &Read) -> Result<(), CommitError> {
        let root = self.root()?;
        let repository = if self.is_git() { Some(self.repository()?) } else { None };
        let disk = Disk::new(root, repository.as_ref());
        let Some(repository) = &repository else {
            let files = without_base(edits)?;
            check_edits(follow::local_edits(&disk, &files, |_| false)?)?;
            follow::bring_forward(&disk, &files)?;
            return Ok(());
        };
        let mut desk = self.take_desk(repository)?;
        let head = self.head()?.map(|head| head.id);
        let before = self.as_read(repository, tree_of(repository, head)?, edits, read)?;
        let made = rewrite(&*self.objects()?, before, edits)?;
        let is_left_out = |path: &_| crate::sparse::is_left_out_now(repository, path);
        check_edits(follow::local_edits(&disk, &made.files, is_left_out)?)?;
        write_objects::write_tree(repository, &made)?;
        desk.announce(&Note::Write { before, after: made.tree })?;
        follow::bring_forward(&disk, &made.files)?;
        desk.clear()?;
        Ok(())
    }

    /// The tree with what was read in place of what git has, at the files of the change.
    fn as_read(
        &self,
        repository: &Repository,
        head: Option<TreeId>,
        edits: &Edits,
        read: &Read,
    ) -> Result<Option<TreeId>, CommitError> {
        let touched = read.iter().filter(|(path, _)| edits.contains_key(*path));
        let edit = |bytes: &Option<Arc<[u8]>>| bytes.clone().map_or(Edit::Remove, Edit::Put);
        let as_read: Edits = touched.map(|(path, bytes)| (path.clone(), edit(bytes))).collect();
        let made: Rewritten = rewrite(&*self.objects()?, head, &as_read)?;
        if made.files.iter().all(|file| !file.changes_anything()) {
            return Ok(head);
        }
        write_objects::write_tree(repository, &made)?;
        Ok(Some(made.tree))
    }

    /// Does what a killed run left undone. Where nothing of it is there, nothing was begun or somebody took it back.
    pub(super) fn finish_write(
        &self,
        repository: &Repository,
        before: Option<TreeId>,
        after: TreeId,
    ) -> Result<(), CommitError> {
        let disk = Disk::new(self.root()?, Some(repository));
        // Objects that nothing leads to may be long gone, and then nobody knows any more what was to be done.
        let Ok(files) = self.changed_files(before, after) else { return Ok(()) };
        let is_there = |file: &FileChange| disk.look(file).is_ok_and(|(found, _)| found == Found::After);
        if files.iter().any(is_there) {
            follow::bring_forward(&disk, &files)?;
        }
        Ok(())
    }
}

fn check_edits(edited: Vec<TreePath>) -> Result<(), CommitError> {
    if edited.is_empty() { Ok(()) } else { Err(CommitError::LocalEdits(edited)) }
}
