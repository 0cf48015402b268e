//! Where a branch is checked out, and what goes on there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{Repository, RepositoryState};

use super::CommitError;
use super::pending::Moved;
use crate::{Error, RefName, Store};

/// Where a branch is checked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    Here,
    Nowhere,
}

impl Store {
    /// Where the branch is checked out; an error where that is another work tree, which would not follow.
    pub(crate) fn seat(&self, repository: &Repository, branch: &RefName) -> Result<Seat, CommitError> {
        let common = repository.commondir();
        let own = repository.path();
        let is_on_branch = |git_dir: &Path| head_of(git_dir).is_some_and(|head| head == branch.as_str());
        let elsewhere = |work_tree: PathBuf| CommitError::CheckedOutElsewhere { branch: branch.clone(), work_tree };
        for git_dir in fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten().map(|found| found.path())
        {
            // The file `gitdir` names the file `.git` of the work tree, which may be gone.
            let link = fs::read_to_string(git_dir.join("gitdir")).unwrap_or_default();
            let link = git_dir.join(link.trim_end());
            let is_own = same(&git_dir, own);
            if !is_own && link.is_file() && is_on_branch(&git_dir) {
                return Err(elsewhere(link.parent().unwrap_or(&link).to_owned()));
            }
        }
        if !same(common, own) && is_on_branch(common) && !is_bare(common) {
            return Err(elsewhere(common.parent().unwrap_or(common).to_owned()));
        }
        Ok(if !self.is_bare() && is_on_branch(own) { Seat::Here } else { Seat::Nowhere })
    }
}

/// The branch that the `HEAD` of a git directory names.
fn head_of(git_dir: &Path) -> Option<String> {
    let head = fs::read_to_string(git_dir.join("HEAD")).ok()?;
    Some(head.strip_prefix("ref:")?.trim().to_owned())
}

fn is_bare(common: &Path) -> bool {
    git2::Config::open(&common.join("config")).and_then(|config| config.get_bool("core.bare")).unwrap_or(false)
}

fn same(a: &Path, b: &Path) -> bool {
    a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The branch itself, where its name stands for another one.
pub(crate) fn direct(repository: &Repository, name: &RefName) -> Result<RefName, Error> {
    let mut name = name.clone();
    // git follows five.
    for _ in 0..5 {
        let target = repository
            .find_reference(name.as_str())
            .ok()
            .and_then(|found| found.symbolic_target().ok().flatten().map(str::to_owned));
        match target {
            Some(target) => name = RefName::new(&target)?,
            None => return Ok(name),
        }
    }
    Err(Error::InvalidRef { name: name.as_str().to_owned() })
}

/// A merge has plans of its own for the next commit.
pub(crate) fn nothing_in_progress(repository: &Repository) -> Result<(), CommitError> {
    let what = match repository.state() {
        RepositoryState::Clean => return Ok(()),
        RepositoryState::Merge => "merge",
        RepositoryState::Revert | RepositoryState::RevertSequence => "revert",
        RepositoryState::CherryPick | RepositoryState::CherryPickSequence => "cherry-pick",
        RepositoryState::Bisect => "bisection",
        RepositoryState::Rebase | RepositoryState::RebaseInteractive | RepositoryState::RebaseMerge => "rebase",
        RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => "patch series",
    };
    Err(CommitError::InProgress(what))
}

/// For how long git's own lock on a branch is empty at most.
const EMPTY_MAX: Duration = Duration::from_secs(1);

/// Removes the lock on a branch that a commit of ours left, when its writer is dead: with the commit's id in it, or killed
/// before it could write that.
pub(crate) fn remove_dead_ref_lock(repository: &Repository, note: &Moved) -> Result<(), Error> {
    let lock = repository.commondir().join(format!("{}.lock", note.branch));
    let is_left = |text: &str| text.trim_end() == note.commit.to_string();
    let text = match fs::read_to_string(&lock) {
        // It may be another's, who is about to write.
        Ok(text) if text.is_empty() => {
            std::thread::sleep(EMPTY_MAX);
            fs::read_to_string(&lock).map(|now| if now.is_empty() { note.commit.to_string() } else { now })
        }
        read => read,
    };
    match text {
        Ok(text) if is_left(&text) => fs::remove_file(&lock).map_err(Error::disk("remove", &lock)),
        _ => Ok(()),
    }
}
