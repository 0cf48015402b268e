//! A commit that another repository is to have first: it is made, pushed, and only then the branch here moves.

use git2::Repository;
use osv_schema::Timestamp;
use rules::Admitted;

use super::pending::{Desk, Moved};
use super::rewrite::FileChange;
use super::write_objects::{self, Words};
use super::{CommitError, check_tip, identity, seat, tree_of};
use crate::tree::Mode;
use crate::{CommitId, Error, RefName, Store};

impl Store {
    /// Makes a commit of an admitted change on top of `base`. No branch moves: this is for [`push`](Self::push), and for
    /// [`advance`](Self::advance) after it. Where the branch is checked out here, the files must be able to follow.
    ///
    /// # Errors
    ///
    /// As for [`commit`](Self::commit).
    pub fn prepare(
        &self,
        admitted: &Admitted,
        onto: &RefName,
        base: Option<CommitId>,
        message: &str,
        now: Timestamp,
    ) -> Result<CommitId, CommitError> {
        let repository = self.repository()?;
        let branch = seat::direct(&repository, onto)?;
        let mut desk = self.desk_of(&repository, &branch)?;
        check_tip(&repository, &branch, base)?;
        let made = self.make(&repository, base, admitted.changes().edits())?;
        let (author, committer) = identity::signatures(&repository, now)?;
        if let Some(desk) = &mut desk {
            self.clear_the_way(&repository, desk, &made.files)?;
        }
        write_objects::write(&repository, &made, &Words { author, committer, message, parent: base })
    }

    /// Moves a branch forward to a commit that is here already, if it is still at `base` (none: if there is no such branch
    /// yet). Where it is checked out here, the files and the index follow.
    ///
    /// # Errors
    ///
    /// As for [`commit`](Self::commit); and where the commits on the way change more than files.
    pub fn advance(
        &self,
        onto: &RefName,
        base: Option<CommitId>,
        commit: CommitId,
        message: &str,
    ) -> Result<(), CommitError> {
        let repository = self.repository()?;
        let branch = seat::direct(&repository, onto)?;
        let desk = self.desk_of(&repository, &branch)?;
        check_tip(&repository, &branch, base)?;
        let moved = Moved { branch, base, commit };
        match desk {
            None => self.move_to(&repository, moved, None, &[], message),
            Some(desk) => self.advance_here(&repository, desk, moved, message),
        }
    }

    fn advance_here(
        &self,
        repository: &Repository,
        mut desk: Desk,
        moved: Moved,
        message: &str,
    ) -> Result<(), CommitError> {
        let after = tree_of(repository, Some(moved.commit))?.ok_or_else(|| no_tree(moved.commit))?;
        let files = self.changed_files(tree_of(repository, moved.base)?, after)?;
        let is_file = |file: &FileChange| {
            [file.before, file.after].into_iter().flatten().all(|member| matches!(member.mode, Mode::File(_)))
        };
        if let Some(other) = files.iter().find(|file| !is_file(file)) {
            let reason = format!("is no file; move {} forward with `git pull --ff-only`", moved.branch);
            return Err(CommitError::conflict(other.path.as_str(), reason));
        }
        let index = self.clear_the_way(repository, &mut desk, &files)?;
        self.move_to(repository, moved, Some((desk, index)), &files, message)
    }
}

fn no_tree(commit: CommitId) -> Error {
    Error::tree(commit.to_string(), "has no tree")
}
