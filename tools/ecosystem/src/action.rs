//! The form of a GitHub Action's name: `owner/repo`, or a path inside the repository.

use thiserror::Error;

/// Why a name cannot be that of a GitHub Action.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ActionNameError {
    /// There is white space.
    #[error("the name of an action has no white space: write owner/repo")]
    WhiteSpace,
    /// There is an owner only.
    #[error("{0:?} is no action: write owner/repo, or owner/repo/path")]
    NoRepository(String),
    /// The owner cannot be a GitHub account.
    #[error("{0:?} is no GitHub account: letters, digits and dashes, at most 39, not a dash first")]
    Owner(String),
    /// A part of the path cannot be one.
    #[error(
        "{0:?} is no repository or path: letters, digits, `_`, `.` and `-`, at most 100, and not a dot or two alone"
    )]
    Segment(String),
    /// The repository's name ends as that of a remote.
    #[error("leave out `.git` at the end of {0:?}")]
    GitSuffix(String),
}

/// Checks a name of the ecosystem `GitHub Actions` as upstream's repository does.
///
/// # Errors
/// When it is not `owner/repo` or `owner/repo/path` in the letters that GitHub allows.
pub fn check_action_name(name: &str) -> Result<(), ActionNameError> {
    if name.contains(char::is_whitespace) {
        return Err(ActionNameError::WhiteSpace);
    }
    let (owner, path) = name.split_once('/').ok_or_else(|| ActionNameError::NoRepository(name.to_owned()))?;
    let owner_fits = (1..=39).contains(&owner.len())
        && !owner.starts_with('-')
        && owner.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !owner_fits {
        return Err(ActionNameError::Owner(owner.to_owned()));
    }
    for segment in path.split('/') {
        let fits = (1..=100).contains(&segment.len())
            && !matches!(segment, "." | "..")
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
        if !fits {
            return Err(ActionNameError::Segment(segment.to_owned()));
        }
    }
    let repository = path.split('/').next().unwrap_or(path);
    // GitHub itself refuses such a name in any case of letters.
    match repository.len().checked_sub(4).and_then(|at| repository.get(at..)) {
        Some(end) if end.eq_ignore_ascii_case(".git") => Err(ActionNameError::GitSuffix(repository.to_owned())),
        _ => Ok(()),
    }
}
