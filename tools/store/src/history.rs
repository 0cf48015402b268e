//! Where a commit stands in the history of its branch, and which reports that history knows.

use std::collections::BTreeMap;

use database::{Place, ROOTS, ReportId, TreeId, TreePath};

use crate::difference::different_files;
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
    /// Whether the history is cut off.
    pub fn is_shallow(&self) -> bool {
        self.repository().is_ok_and(|repository| repository.is_shallow())
    }

    /// For each year the highest number of an id with this prefix that any report ever had, in a commit or before it. All
    /// of the history is gone through: the cost is that of its changes.
    ///
    /// # Errors
    ///
    /// The history is not all here, or not as it was written.
    pub fn numbers_ever(&self, commit: CommitId, prefix: &str) -> Result<BTreeMap<i32, u64>, Error> {
        let repository = self.repository()?;
        if repository.is_shallow() {
            return Err(Error::Shallow);
        }
        let doing = || format!("go through the history of {commit}");
        let mut walk = repository.revwalk().map_err(Error::git(doing()))?;
        walk.push(commit.oid()?).map_err(Error::git(doing()))?;
        let objects = self.objects()?;
        let mut highest: BTreeMap<i32, u64> = BTreeMap::new();
        for oid in walk {
            let oid = oid.map_err(Error::git(doing()))?;
            let commit = read_commit(&repository, oid)?;
            // What a merge brought came with one of its parents.
            let before = match commit.parents.first() {
                Some(first) => Some(read_commit(&repository, first.oid()?)?.tree.0),
                None => None,
            };
            for file in different_files(&objects, before, commit.tree.0, Some(&ROOTS))? {
                let id = Place::of(&file.path).and_then(|place| ReportId::parse(place.stem));
                if let Some(id) = id.filter(|id| file.after.is_some() && id.prefix == prefix) {
                    let known = highest.entry(i32::from(id.year)).or_default();
                    *known = id.number.max(*known);
                }
            }
        }
        Ok(highest)
    }

    /// A commit and those before it by first parents, the newest first, down to one that is known and not among them; down
    /// to the first commit of all where that is not met.
    ///
    /// # Errors
    ///
    /// The history is cut off before either, as in a shallow clone.
    pub fn history_since(&self, commit: CommitId, known: Option<CommitId>) -> Result<FirstParents, Error> {
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

    /// The last commits up to this one by first parents, the newest first, and no more than so many.
    ///
    /// # Errors
    ///
    /// The history is not all here, as in a shallow clone, or a commit cannot be read.
    pub fn first_parents(&self, commit: CommitId, most: usize) -> Result<Vec<Commit>, Error> {
        let repository = self.repository()?;
        if repository.is_shallow() {
            return Err(Error::Shallow);
        }
        let mut commits = Vec::new();
        let mut next = Some(commit);
        while let Some(id) = next.filter(|_| commits.len() < most) {
            let commit = read_commit(&repository, id.oid()?)?;
            next = commit.parents.first().copied();
            commits.push(commit);
        }
        Ok(commits)
    }

    /// The bytes of one file of a tree, without listing the others; none where there is no such file.
    ///
    /// # Errors
    ///
    /// The tree is not there, or the file is and cannot be read.
    pub fn file(&self, tree: TreeId, path: &TreePath) -> Result<Option<Vec<u8>>, Error> {
        let repository = self.repository()?;
        let doing = || format!("read {path}");
        let tree =
            git2::Oid::from_bytes(&tree.0).and_then(|id| repository.find_tree(id)).map_err(Error::git(doing()))?;
        let member = match tree.get_path(std::path::Path::new(path.as_str())) {
            Ok(member) => member,
            Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(Error::git(doing())(error)),
        };
        if member.kind() != Some(git2::ObjectType::Blob) {
            return Ok(None);
        }
        let blob = repository.find_blob(member.id()).map_err(Error::git(doing()))?;
        Ok(Some(blob.content().to_vec()))
    }
}
