//! Where a commit stands in the history of its branch.

use crate::revision::read_commit;
use crate::{Commit, CommitId, Error, Store};

/// A stretch of history.
#[derive(Clone, Debug)]
pub struct FirstParents {
    /// The commits, the newest first.
    pub commits: Vec<Commit>,
    /// The commit before them, where it is the one that is known.
    pub known: Option<Commit>,
}

impl Store {
    /// A commit and those before it by first parents, the newest first, down to one that is known and not among them; down
    /// to the first commit of all where that is not met.
    ///
    /// # Errors
    ///
    /// The history is cut off before either, as in a shallow clone.
    pub fn first_parents(&self, commit: CommitId, known: Option<CommitId>) -> Result<FirstParents, Error> {
        let repository = self.repository()?;
        let mut commits = Vec::new();
        let mut next = commit;
        loop {
            if Some(next) == known {
                let known = read_commit(&repository, next.oid()?)?;
                return Ok(FirstParents { commits, known: Some(known) });
            }
            let commit = read_commit(&repository, next.oid()?)?;
            let parent = commit.parents.first().copied();
            commits.push(commit);
            match parent {
                Some(parent) => next = parent,
                None if repository.is_shallow() => return Err(Error::Shallow),
                None => return Ok(FirstParents { commits, known: None }),
            }
        }
    }

    /// How many commits there are from the first one to this, going by first parents, both counted.
    ///
    /// # Errors
    ///
    /// The history is not all here, as in a shallow clone: then the number would be another one than elsewhere.
    pub fn sequence(&self, commit: CommitId) -> Result<u64, Error> {
        let repository = self.repository()?;
        if repository.is_shallow() {
            return Err(Error::Shallow);
        }
        let doing = || format!("count the commits up to {commit}");
        let mut walk = repository.revwalk().map_err(Error::git(doing()))?;
        walk.push(commit.oid()?).map_err(Error::git(doing()))?;
        walk.simplify_first_parent().map_err(Error::git(doing()))?;
        walk.try_fold(0, |count, step| step.map(|_| count + 1)).map_err(Error::git(doing()))
    }
}
