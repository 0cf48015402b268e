//! Why a change was not committed or written.

use std::path::PathBuf;

use database::TreePath;

use crate::{CommitId, Error, RefName};

/// Why a change was not committed or written. Nothing is changed then, but for [`CommitError::Unfinished`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// The branch is not where the change was planned: plan again from where it is now.
    #[error("{branch} moved while the change was made: it was at {}, and is at {}", at(.expected), at(.found))]
    BaseMoved {
        /// The branch.
        branch: RefName,
        /// Where the change was planned.
        expected: Option<CommitId>,
        /// Where it is.
        found: Option<CommitId>,
    },
    /// Files that the change touches have edits that it does not know.
    #[error("there are local edits in {}", listed(.0))]
    LocalEdits(Vec<TreePath>),
    /// The tree would be the same.
    #[error("there is nothing to commit: the tree would be the same")]
    Unchanged,
    /// The change does not fit the tree.
    #[error("`{}` {reason}", .path.escape_debug())]
    Conflict {
        /// Where.
        path: String,
        /// What is wrong there, as the rest of a sentence.
        reason: String,
    },
    /// A folder of the target is a symbolic link on the disk.
    #[error("`{}` is a symbolic link; files are not written or removed through it", .0.as_str().escape_debug())]
    Linked(TreePath),
    /// git does not know who commits.
    #[error("git does not know who commits")]
    NoIdentity,
    /// Another work tree has the branch checked out, and would not follow.
    #[error("{branch} is checked out in {}", .work_tree.display())]
    CheckedOutElsewhere {
        /// The branch.
        branch: RefName,
        /// Where.
        work_tree: PathBuf,
    },
    /// A merge or the like is under way in this work tree.
    #[error("a {0} is under way in this work tree")]
    InProgress(&'static str),
    /// Another run of ours changes the same work tree, and does not come to an end.
    #[error("another run is changing the work tree of {}", .0.display())]
    Busy(PathBuf),
    /// Somebody holds a lock of git's.
    #[error("another process is at work: {} exists", .0.display())]
    Locked(PathBuf),
    /// The commit is made and the branch moved, but the files or the index did not follow. The next change brings
    /// them forward.
    #[error("{commit} is committed, but the working tree could not follow; the next run brings it forward")]
    Unfinished {
        /// The commit.
        commit: CommitId,
        /// What went wrong.
        source: Box<CommitError>,
    },
    /// What can go wrong while reading, too.
    #[error(transparent)]
    Store(#[from] Error),
}

impl CommitError {
    /// What can be done about it, where that is known.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            CommitError::BaseMoved { .. } => "run it again: it plans from where the branch is now".to_owned(),
            CommitError::LocalEdits(_) => "commit or undo them first: `git status` shows them".to_owned(),
            CommitError::Linked(_) => "put a folder in the place of the link, and run it again".to_owned(),
            CommitError::NoIdentity => "run `git config user.name NAME` and `git config user.email ADDRESS`, or set \
                                        GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL"
                .to_owned(),
            CommitError::CheckedOutElsewhere { work_tree, .. } => {
                format!("run this in {}, or check out another branch there", work_tree.display())
            }
            CommitError::InProgress(what) => format!("finish or abort the {what} first: `git status` says how"),
            CommitError::Busy(_) => "try again when it is done".to_owned(),
            CommitError::Locked(file) => format!("when there is no such process, remove {}", file.display()),
            CommitError::Unfinished { source, .. } => return source.remedy(),
            CommitError::Store(error) => return error.remedy(),
            CommitError::Unchanged | CommitError::Conflict { .. } => return None,
        })
    }

    pub(crate) fn conflict(path: impl Into<String>, reason: impl Into<String>) -> CommitError {
        CommitError::Conflict { path: path.into(), reason: reason.into() }
    }
}

fn at(commit: &Option<CommitId>) -> String {
    commit.map_or_else(|| "no commit".to_owned(), |commit| commit.to_string())
}

fn listed(paths: &[TreePath]) -> String {
    let shown: Vec<String> = paths.iter().take(3).map(|path| format!("`{}`", path.as_str().escape_debug())).collect();
    let more = paths.len() - shown.len();
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more files", shown.join(", ")) }
}
