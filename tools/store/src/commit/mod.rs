//! Committing an admitted change, and writing one to a working tree.
//!
//! In this order: what the change makes of the tree, in memory; whether the working tree can follow; the objects; the
//! branch, by compare-and-swap; the files, puts before removes; the index. Until the branch has moved nothing has
//! changed. From then on the change is in, and a note in the git directory lets the next run do what is left.

mod difference;
mod disk;
mod error;
mod follow;
mod identity;
mod index_file;
mod pending;
mod published;
mod rewrite;
mod rewrite_in_place;
mod seat;
#[cfg(test)]
mod tests;
mod write;
mod write_objects;
mod write_pack;

use std::collections::BTreeMap;
use std::time::Duration;

use database::TreeId;
use git2::{ErrorCode, Oid, Repository};
use osv_schema::Timestamp;
use rules::Admitted;

pub use error::CommitError;
pub use write::Read;

use crate::pack::Kind;
use crate::revision::{read_commit, tip};
use crate::{CommitId, Error, RefName, Store};
use disk::Disk;
use index_file::IndexFile;
use pending::{Desk, Moved, Note};
use rewrite::{Edits, FileChange, Rewritten, rewrite};
use seat::Seat;
use write_objects::Words;

/// How long a lock on a branch is waited for, in steps: it is held for a moment only.
const STEPS: u32 = 20;
const STEP: Duration = Duration::from_millis(50);

impl Store {
    /// Makes one commit of an admitted change on a branch, if the branch is still at `base` (none: if there is no
    /// such branch yet). Where the branch is checked out here, the files and the index follow.
    ///
    /// # Errors
    ///
    /// See [`CommitError`]; nothing is changed then, but for [`CommitError::Unfinished`].
    pub fn commit(
        &self,
        admitted: &Admitted,
        onto: &RefName,
        base: Option<CommitId>,
        message: &str,
        now: Timestamp,
    ) -> Result<CommitId, CommitError> {
        self.commit_edits(admitted.changes().edits(), onto, base, message, now)
    }

    /// Writes an admitted change to the working tree or the plain folder, and commits nothing.
    ///
    /// # Errors
    ///
    /// See [`CommitError`]. In a plain folder nobody knows what a file was before, so there are no local edits.
    pub fn write(&self, admitted: &Admitted) -> Result<(), CommitError> {
        self.write_edits(admitted.changes().edits(), &BTreeMap::new())
    }

    /// Finishes what a commit left undone that was killed after its branch had moved: the files and the index follow.
    /// Every change does this first; who plans from the working tree does it before.
    ///
    /// # Errors
    ///
    /// What can go wrong while files are written.
    pub fn finish(&self) -> Result<(), CommitError> {
        if self.is_git() && !self.is_bare() {
            let repository = self.repository()?;
            self.take_desk(&repository)?;
        }
        Ok(())
    }

    fn commit_edits(
        &self,
        edits: &Edits,
        onto: &RefName,
        base: Option<CommitId>,
        message: &str,
        now: Timestamp,
    ) -> Result<CommitId, CommitError> {
        let repository = self.repository()?;
        let branch = seat::direct(&repository, onto)?;
        let mut desk = self.desk_of(&repository, &branch)?;
        check_tip(&repository, &branch, base)?;
        let made = self.make(&repository, base, edits)?;
        let (author, committer) = identity::signatures(&repository, now)?;
        let index = match &mut desk {
            Some(desk) => Some(self.clear_the_way(&repository, desk, &made.files)?),
            None => None,
        };
        let words = Words { author, committer, message, parent: base };
        let commit = write_objects::write(&repository, &made, &words)?;
        let ready = desk.zip(index);
        self.move_to(&repository, Moved { branch, base, commit }, ready, &made.files, message)?;
        Ok(commit)
    }

    /// The right to change the work tree, where the branch is checked out here.
    fn desk_of(&self, repository: &Repository, branch: &RefName) -> Result<Option<Desk>, CommitError> {
        match self.seat(repository, branch)? {
            Seat::Here => self.take_desk(repository).map(Some),
            Seat::Nowhere => Ok(None),
        }
    }

    /// Moves a branch, and lets files and index follow where it is checked out here.
    fn move_to(
        &self,
        repository: &Repository,
        moved: Moved,
        mut ready: Option<(Desk, IndexFile)>,
        files: &[FileChange],
        message: &str,
    ) -> Result<(), CommitError> {
        let Moved { branch, base, commit } = moved.clone();
        // Where nothing follows, the note still tells whose lock on the branch it is that a killed run leaves.
        let mut alone = if ready.is_none() { Some(self.take_desk(repository)?) } else { None };
        let desk = ready.as_mut().map(|(desk, _)| desk).or(alone.as_mut());
        if let Some(desk) = desk {
            desk.announce(&Note::Commit(moved))?;
        }
        let is_moved = move_branch(repository, &branch, base, commit, message);
        let desk =
            if is_moved.is_err() { ready.as_mut().map(|(desk, _)| desk).or(alone.as_mut()) } else { alone.as_mut() };
        if let Some(desk) = desk {
            desk.clear()?;
        }
        is_moved?;
        if let Some((mut desk, index)) = ready {
            let followed = self.follow(repository, &mut desk, files, index);
            followed.map_err(|error| CommitError::Unfinished { commit, source: Box::new(error) })?;
        }
        Ok(())
    }

    /// The change as trees, in memory.
    fn make(&self, repository: &Repository, base: Option<CommitId>, edits: &Edits) -> Result<Rewritten, CommitError> {
        let made = self.rewritten(repository, base, edits)?;
        if made.files.iter().any(FileChange::changes_anything) { Ok(made) } else { Err(CommitError::Unchanged) }
    }

    fn rewritten(
        &self,
        repository: &Repository,
        base: Option<CommitId>,
        edits: &Edits,
    ) -> Result<Rewritten, CommitError> {
        rewrite(&*self.objects()?, tree_of(repository, base)?, edits)
    }

    /// Takes the right to change the work tree, and finishes what the one before left undone.
    fn take_desk(&self, repository: &Repository) -> Result<Desk, CommitError> {
        let git_dir = self.own_git_dir()?;
        let mut desk = Desk::take(git_dir)?;
        match desk.read()? {
            None => return Ok(desk),
            Some(Note::Write { before, after }) => self.finish_write(repository, before, after)?,
            Some(Note::Commit(note)) => {
                seat::remove_dead_ref_lock(repository, &note)?;
                let is_here = self.seat(repository, &note.branch).is_ok_and(|seat| seat == Seat::Here);
                if is_here && tip(repository, &note.branch)? == Some(note.commit) {
                    let after = tree_of(repository, Some(note.commit))?.unwrap_or(TreeId([0; 20]));
                    let files = self.changed_files(tree_of(repository, note.base)?, after)?;
                    desk.lock_index(git_dir)?;
                    let index = IndexFile::open(git_dir, &desk)?;
                    self.follow(repository, &mut desk, &files, index)?;
                }
            }
        }
        desk.clear()?;
        Ok(desk)
    }

    /// What differs between two trees, with the bytes of the second one.
    fn changed_files(&self, before: Option<TreeId>, after: TreeId) -> Result<Vec<FileChange>, CommitError> {
        let objects = self.objects()?;
        let mut files = difference::difference(&objects, before.map(|tree| tree.0), after.0)?;
        for file in &mut files {
            if let Some(member) = file.after.filter(|member| member.mode.not_a_file().is_none()) {
                let read = objects.read_one(member.id, Kind::Blob, usize::MAX);
                let failed = |error| Error::tree(file.path.as_str(), format!("cannot be read: {error}"));
                file.bytes = Some(read.map_err(failed)?.into());
            }
        }
        Ok(files)
    }

    /// Takes git's lock on the index and looks for local edits at what the change touches.
    fn clear_the_way(
        &self,
        repository: &Repository,
        desk: &mut Desk,
        files: &[FileChange],
    ) -> Result<IndexFile, CommitError> {
        seat::nothing_in_progress(repository)?;
        let git_dir = self.own_git_dir()?;
        desk.lock_index(git_dir)?;
        let index = IndexFile::open(git_dir, desk)?;
        let touched: Vec<FileChange> = files.iter().filter(|file| file.changes_anything()).cloned().collect();
        let disk = Disk::new(self.root()?, Some(repository));
        let mut edited = follow::local_edits(&disk, &touched, |path| index.is_left_out(path))?;
        edited.extend(touched.iter().filter(|file| index.is_edited(file)).map(|file| file.path.clone()));
        edited.sort();
        edited.dedup();
        if edited.is_empty() { Ok(index) } else { Err(CommitError::LocalEdits(edited)) }
    }

    /// Brings files and index forward, and forgets the note.
    fn follow(
        &self,
        repository: &Repository,
        desk: &mut Desk,
        files: &[FileChange],
        index: IndexFile,
    ) -> Result<(), CommitError> {
        let changed: Vec<FileChange> = files.iter().filter(|file| file.changes_anything()).cloned().collect();
        let settled = follow::bring_forward(&Disk::new(self.root()?, Some(repository)), &changed)?;
        index.bring_forward(&changed, &settled)?;
        desk.clear()?;
        Ok(())
    }

    fn root(&self) -> Result<&std::path::Path, Error> {
        self.work_tree().ok_or_else(|| self.no_work_tree())
    }
}

fn tree_of(repository: &Repository, commit: Option<CommitId>) -> Result<Option<TreeId>, Error> {
    commit.map(|id| Ok(read_commit(repository, id.oid()?)?.tree)).transpose()
}

fn check_tip(repository: &Repository, branch: &RefName, base: Option<CommitId>) -> Result<(), CommitError> {
    let found = tip(repository, branch)?;
    if found == base {
        return Ok(());
    }
    Err(CommitError::BaseMoved { branch: branch.clone(), expected: base, found })
}

/// Moves the branch, if it is still where it was.
fn move_branch(
    repository: &Repository,
    branch: &RefName,
    base: Option<CommitId>,
    commit: CommitId,
    message: &str,
) -> Result<(), CommitError> {
    let initial = if base.is_none() { " (initial)" } else { "" };
    let log = format!("commit{initial}: {}", message.lines().next().unwrap_or_default());
    // To libgit2 the id of zeros means that there must be none.
    let from = base.map_or_else(|| Ok(Oid::ZERO_SHA1), CommitId::oid)?;
    let to = commit.oid()?;
    for step in 0.. {
        let Err(error) = repository.reference_matching(branch.as_str(), to, true, from, &log) else { break };
        check_tip(repository, branch, base)?;
        match error.code() {
            ErrorCode::Locked if step < STEPS => std::thread::sleep(STEP),
            ErrorCode::Locked => {
                return Err(CommitError::Locked(repository.commondir().join(format!("{branch}.lock"))));
            }
            _ => return Err(Error::git(format!("move {branch}"))(error).into()),
        }
    }
    Ok(())
}
