//! What differs between two trees, file by file.

use crate::{Content, TreePath};

/// One file that is not the same in two trees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its path.
    pub path: TreePath,
    /// What the first tree holds there, if anything.
    pub before: Option<Content>,
    /// What the second tree holds there, if anything.
    pub after: Option<Content>,
}
