//! Commits, branches, and the texts that name them.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use database::TreeId;
use git2::{ErrorClass, ErrorCode, ObjectType, Oid, Reference, Repository};

use crate::{Error, GitError, Store};

/// The id of a git commit (SHA-1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub [u8; 20]);

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// When it was committed, in seconds since 1970 began.
    pub time: i64,
    /// The commits it came from; the first is the branch it was made on.
    pub parents: Vec<CommitId>,
}

/// The whole name of a reference, as in `refs/heads/main`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefName(String);

/// No revision is longer; what is longer is not even handed to git.
const REVISION_MAX: usize = 4096;

impl RefName {
    /// The reference of a name: a whole one, or that of a branch.
    ///
    /// # Errors
    ///
    /// git would not take it for a name.
    pub fn new(name: &str) -> Result<RefName, Error> {
        let whole = if name.starts_with("refs/") { name.to_owned() } else { format!("refs/heads/{name}") };
        if name.len() <= REVISION_MAX && Reference::is_valid_name(&whole) {
            Ok(RefName(whole))
        } else {
            Err(Error::InvalidRef { name: name.to_owned() })
        }
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Store {
    /// The commit that a text names: an id or the beginning of one, a branch, a tag, `HEAD~2`, and what else git
    /// takes for a revision.
    ///
    /// # Errors
    ///
    /// It names nothing, or no commit, or the commit is not in this repository.
    pub fn resolve(&self, rev: &str) -> Result<Commit, Error> {
        let repository = self.repository()?;
        let unknown = |error| Error::NoRevision { rev: rev.to_owned(), source: GitError::new(error) };
        if rev.len() > REVISION_MAX {
            return Err(unknown(git2::Error::from_str("it is longer than any revision")));
        }
        let object = repository.revparse_single(rev).map_err(unknown)?;
        let Ok(commit) = object.peel(ObjectType::Commit) else {
            let kind = object.kind().map_or("thing of an unknown kind", |kind| kind.str());
            return Err(Error::NoCommit { rev: rev.to_owned(), kind });
        };
        read_commit(&repository, commit.id())
    }

    /// The commit that is checked out; none on a branch without a commit.
    ///
    /// # Errors
    ///
    /// git cannot read it.
    pub fn head(&self) -> Result<Option<Commit>, Error> {
        let repository = self.repository()?;
        let head = match repository.head() {
            Ok(head) => head.peel(ObjectType::Commit).map_err(Error::git("find the commit that HEAD names"))?,
            Err(error) if error.code() == ErrorCode::UnbornBranch => return Ok(None),
            Err(error) => return Err(Error::git("read HEAD")(error)),
        };
        read_commit(&repository, head.id()).map(Some)
    }

    /// The newest commit from which both came; none where there is none. Where two histories were merged crosswise
    /// several are as good: of those the newest by time, then the one with the smallest id.
    ///
    /// # Errors
    ///
    /// A commit on the way is not there, or the history is not all here: then there may be another one.
    pub fn merge_base(&self, one: CommitId, other: CommitId) -> Result<Option<Commit>, Error> {
        let repository = self.repository()?;
        match repository.merge_bases(one.oid()?, other.oid()?) {
            Ok(ids) => {
                let bases: Result<Vec<Commit>, Error> = ids.iter().map(|&id| read_commit(&repository, id)).collect();
                Ok(bases?.into_iter().max_by_key(|base| (base.time, Reverse(base.id))))
            }
            Err(_) if repository.is_shallow() => Err(Error::Shallow),
            // A missing commit is not found either, but in another class.
            Err(error) if error.code() == ErrorCode::NotFound && error.class() == ErrorClass::Merge => Ok(None),
            Err(error) => Err(Error::git("find where the two histories part")(error)),
        }
    }

    /// The commit at which a branch stands; none where there is no such branch yet.
    ///
    /// # Errors
    ///
    /// git cannot read it.
    pub fn tip(&self, branch: &RefName) -> Result<Option<CommitId>, Error> {
        tip(&self.repository()?, branch)
    }

    /// The branch that is checked out, whether or not it has a commit yet.
    ///
    /// # Errors
    ///
    /// None is.
    pub fn current_branch(&self) -> Result<RefName, Error> {
        let repository = self.repository()?;
        let head = repository.find_reference("HEAD").map_err(Error::git("read HEAD"))?;
        match head.symbolic_target() {
            Ok(Some(target)) => RefName::new(target),
            _ => Err(Error::Detached),
        }
    }
}

pub(crate) fn tip(repository: &Repository, branch: &RefName) -> Result<Option<CommitId>, Error> {
    let doing = || format!("read {branch}");
    match repository.find_reference(branch.as_str()) {
        Ok(reference) => {
            let resolved = reference.resolve().map_err(Error::git(doing()))?;
            Ok(resolved.target().and_then(CommitId::of))
        }
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(Error::git(doing())(error)),
    }
}

pub(crate) fn read_commit(repository: &Repository, id: Oid) -> Result<Commit, Error> {
    let commit = repository.find_commit(id).map_err(Error::git(format!("read the commit {id}")))?;
    let broken = || git2::Error::from_str("it is not of SHA-1");
    let id = CommitId::of(id).ok_or_else(broken).map_err(Error::git("read a commit"))?;
    let tree = TreeId(CommitId::of(commit.tree_id()).ok_or_else(broken).map_err(Error::git("read a commit"))?.0);
    let parents = commit.parent_ids().filter_map(CommitId::of).collect();
    Ok(Commit { id, tree, time: commit.time().seconds(), parents })
}

impl CommitId {
    pub(crate) fn of(id: Oid) -> Option<CommitId> {
        id.as_bytes().try_into().ok().map(CommitId)
    }

    pub(crate) fn oid(self) -> Result<Oid, Error> {
        Oid::from_bytes(&self.0).map_err(Error::git("take an id"))
    }
}

/// Forty hexadecimal digits.
impl FromStr for CommitId {
    type Err = Error;

    fn from_str(text: &str) -> Result<CommitId, Error> {
        let unknown = |error| Error::NoRevision { rev: text.to_owned(), source: GitError::new(error) };
        let whole = if text.len() == 40 { Oid::from_str(text) } else { Err(git2::Error::from_str("no whole id")) };
        let id = whole.map_err(unknown)?;
        CommitId::of(id).ok_or_else(|| unknown(git2::Error::from_str("no SHA-1")))
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CommitId({self})")
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
