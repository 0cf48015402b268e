//! Who commits, and when: from git's environment and configuration, with the caller's clock.

use std::collections::BTreeSet;

use database::TreePath;
use git2::{ErrorCode, Repository, Signature, Time};
use osv_schema::Timestamp;

use super::CommitError;
use crate::{CommitId, Error, Store};

/// The author and the committer.
pub(crate) fn signatures(
    repository: &Repository,
    now: Timestamp,
) -> Result<(Signature<'static>, Signature<'static>), CommitError> {
    let author = at(repository.author_from_env(), "GIT_AUTHOR_DATE", now)?;
    let committer = at(repository.committer_from_env(), "GIT_COMMITTER_DATE", now)?;
    Ok((author, committer))
}

impl Store {
    /// The name of who works here, from git's environment and configuration; none where git knows none.
    pub fn who(&self) -> Option<String> {
        let author = self.repository().ok()?.author_from_env().ok()?;
        author.name().ok().filter(|name| !name.is_empty()).map(str::to_owned)
    }

    /// Who made the commits, up to this one, that brought a file or changed it, as `Name <mail>`; each once. Beyond so many
    /// commits nobody looks.
    ///
    /// # Errors
    ///
    /// The history is not as it was written.
    pub fn authors_of(&self, commit: CommitId, path: &TreePath) -> Result<BTreeSet<String>, Error> {
        const COMMITS_MAX: usize = 20_000;
        let repository = self.repository()?;
        let doing = || format!("go through the history of {path}");
        let mut walk = repository.revwalk().map_err(Error::git(doing()))?;
        walk.push(commit.oid()?).map_err(Error::git(doing()))?;
        let file = std::path::Path::new(path.as_str());
        let blob = |commit: &git2::Commit<'_>| Some(commit.tree().ok()?.get_path(file).ok()?.id());
        let mut authors = BTreeSet::new();
        for oid in walk.take(COMMITS_MAX) {
            let oid = oid.map_err(Error::git(doing()))?;
            let commit = repository.find_commit(oid).map_err(Error::git(doing()))?;
            let Some(here) = blob(&commit) else { continue };
            let before: Vec<_> = commit.parents().map(|parent| blob(&parent)).collect();
            if before.contains(&Some(here)) {
                continue;
            }
            let author = commit.author();
            let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            authors.insert(format!("{} <{}>", part(author.name_bytes()), part(author.email_bytes())));
            if before.iter().all(Option::is_none) {
                break;
            }
        }
        Ok(authors)
    }

    /// The name of who made a commit.
    pub fn author(&self, commit: CommitId) -> Option<String> {
        let repository = self.repository().ok()?;
        let commit = repository.find_commit(commit.oid().ok()?).ok()?;
        commit.author().name().ok().filter(|name| !name.is_empty()).map(str::to_owned)
    }
}

fn at(
    signature: Result<Signature<'static>, git2::Error>,
    variable: &str,
    now: Timestamp,
) -> Result<Signature<'static>, CommitError> {
    let signature = signature.map_err(|error| match error.code() {
        ErrorCode::NotFound => CommitError::NoIdentity,
        _ => Error::git(format!("take the name, address and date of who commits (see {variable})"))(error).into(),
    })?;
    if std::env::var_os(variable).is_some_and(|date| !date.is_empty()) {
        return Ok(signature);
    }
    let timed = Signature::new(
        signature.name().unwrap_or_default(),
        signature.email().unwrap_or_default(),
        &Time::new(now.unix(), 0),
    );
    timed.map_err(|error| Error::git("take the name and address of who commits")(error).into())
}
