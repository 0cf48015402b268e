//! Who commits, and when: from git's environment and configuration, with the caller's clock.

use git2::{ErrorCode, Repository, Signature, Time};
use osv_schema::Timestamp;

use super::CommitError;
use crate::Error;

/// The author and the committer.
pub(crate) fn signatures(
    repository: &Repository,
    now: Timestamp,
) -> Result<(Signature<'static>, Signature<'static>), CommitError> {
    let author = at(repository.author_from_env(), "GIT_AUTHOR_DATE", now)?;
    let committer = at(repository.committer_from_env(), "GIT_COMMITTER_DATE", now)?;
    Ok((author, committer))
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
