//! The note about a change that the work tree has yet to follow, and the lock that says whether its writer lives.
//!
//! The note lies in the git directory of the work tree, under `malpkg/`. Whoever changes the work tree holds an
//! advisory lock on it, which ends with the process: a note that can be locked and is not empty was left by the dead.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use database::TreeId;

use super::CommitError;
use crate::{CommitId, Error, RefName};

/// How long another process of ours is waited for, in steps.
const STEPS: u32 = 200;
/// How long another git command is waited for.
const INDEX_STEPS: u32 = 20;
const STEP: Duration = Duration::from_millis(50);

/// What a note says in place of an id where there was nothing before.
const NONE: &str = "none";

/// What stands in git's lock on the index while we hold it.
const MARK: &str = "malpkg holds this lock, and its next run removes it\n";

/// A change about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// A commit: the branch moves, and files and index follow.
    Commit(Moved),
    /// Files alone, from what they hold in one tree to what they hold in another.
    Write { before: Option<TreeId>, after: TreeId },
}

/// A branch that moves to a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) branch: RefName,
    pub(crate) base: Option<CommitId>,
    pub(crate) commit: CommitId,
}

/// The right to change one work tree, held until dropped.
pub(crate) struct Desk {
    folder: PathBuf,
    note: File,
    /// git's own lock on the index, which we hold.
    index_lock: Option<PathBuf>,
}

impl Desk {
    /// Waits for the right to change the work tree of a git directory.
    pub(crate) fn take(git_dir: &Path) -> Result<Desk, CommitError> {
        let folder = git_dir.join("malpkg");
        fs::create_dir_all(&folder).map_err(Error::disk("create", &folder))?;
        let path = folder.join("pending");
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let note = open.map_err(Error::disk("open", &path))?;
        for _ in 0..STEPS {
            match note.try_lock() {
                Ok(()) => {
                    let desk = Desk { folder, note, index_lock: None };
                    desk.remove_dead_lock(git_dir)?;
                    return Ok(desk);
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(STEP),
                Err(TryLockError::Error(error)) => return Err(Error::disk("lock", &path)(error).into()),
            }
        }
        Err(CommitError::Busy(git_dir.to_owned()))
    }

    /// Our mark in git's lock, and nobody of ours alive: it was left.
    fn remove_dead_lock(&self, git_dir: &Path) -> Result<(), Error> {
        let lock = git_dir.join("index.lock");
        match fs::read(&lock) {
            Ok(bytes) if bytes == MARK.as_bytes() => fs::remove_file(&lock).map_err(Error::disk("remove", &lock)),
            _ => Ok(()),
        }
    }

    /// Takes git's lock on the index, so that no git command changes it meanwhile. Each holds it for a moment only.
    pub(crate) fn lock_index(&mut self, git_dir: &Path) -> Result<(), CommitError> {
        if self.index_lock.is_some() {
            return Ok(());
        }
        let lock = git_dir.join("index.lock");
        for _ in 0..INDEX_STEPS {
            match OpenOptions::new().write(true).create_new(true).open(&lock) {
                Ok(mut file) => {
                    self.index_lock = Some(lock.clone());
                    file.write_all(MARK.as_bytes()).map_err(Error::disk("write", &lock))?;
                    return Ok(());
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => std::thread::sleep(STEP),
                Err(error) => return Err(Error::disk("create", &lock)(error).into()),
            }
        }
        Err(CommitError::Locked(lock))
    }

    /// The folder for what lies between.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The note that somebody left; none where it is empty or cut short.
    pub(crate) fn read(&mut self) -> Result<Option<Note>, Error> {
        let mut text = String::new();
        let read = self.note.seek(SeekFrom::Start(0)).and_then(|_| (&self.note).take(8192).read_to_string(&mut text));
        read.map_err(Error::disk("read", self.folder.join("pending")))?;
        Ok(Note::parse(&text))
    }

    /// Writes the note, to the disk.
    pub(crate) fn announce(&mut self, note: &Note) -> Result<(), Error> {
        self.set(&note.text())
    }

    /// Empties the note: there is nothing left to do.
    pub(crate) fn clear(&mut self) -> Result<(), Error> {
        self.set("")
    }

    fn set(&mut self, text: &str) -> Result<(), Error> {
        let written = self
            .note
            .set_len(0)
            .and_then(|()| self.note.seek(SeekFrom::Start(0)))
            .and_then(|_| self.note.write_all(text.as_bytes()))
            .and_then(|()| self.note.sync_all());
        written.map_err(Error::disk("write", self.folder.join("pending")))
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(lock) = &self.index_lock {
            // A lock that stays bears our mark; the next run removes it.
            let _ = fs::remove_file(lock);
        }
    }
}

impl Note {
    /// One line each; the last tells that the note is whole.
    fn text(&self) -> String {
        match self {
            Note::Commit(Moved { branch, base, commit }) => {
                let base = base.map_or_else(|| NONE.to_owned(), |base| base.to_string());
                format!("branch {branch}\nbase {base}\ncommit {commit}\nend\n")
            }
            Note::Write { before, after } => {
                let before = before.map_or_else(|| NONE.to_owned(), |tree| CommitId(tree.0).to_string());
                format!("write\nbefore {before}\nafter {}\nend\n", CommitId(after.0))
            }
        }
    }

    fn parse(text: &str) -> Option<Note> {
        let mut lines = text.lines();
        let first = lines.next()?;
        let is_write = first == "write";
        let (before, after) = if is_write { ("before ", "after ") } else { ("base ", "commit ") };
        let before: Option<CommitId> = match lines.next()?.strip_prefix(before)? {
            NONE => None,
            id => Some(id.parse().ok()?),
        };
        let after: CommitId = lines.next()?.strip_prefix(after)?.parse().ok()?;
        if lines.next() != Some("end") {
            return None;
        }
        if is_write {
            return Some(Note::Write { before: before.map(|id| TreeId(id.0)), after: TreeId(after.0) });
        }
        let branch = RefName::new(first.strip_prefix("branch ")?).ok()?;
        Some(Note::Commit(Moved { branch, base: before, commit: after }))
    }
}
