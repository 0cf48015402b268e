//! Who commits, and when: from git's environment and configuration, with the caller's clock.

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
