//! What a file of the tree holds, and who can read it.

use std::fmt;
use std::sync::Arc;

use crate::{Entry, TreePath};

/// The id of a git blob (SHA-1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub [u8; 20]);

/// The id of a git tree (SHA-1).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreeId(pub [u8; 20]);

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// In git.
    Blob(BlobId),
    /// On the disk.
    File,
    /// In a change set.
    Planned(Arc<[u8]>),
    /// Nowhere: what is there is no file. The text says what it is.
    NotAFile(&'static str),
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {path}: {reason}")]
pub struct ReadError {
    /// The file.
    pub path: TreePath,
    /// What was wrong.
    pub reason: String,
    /// Whether the machine is at fault and not the database: no permission, a broken disk. Then nobody knows what the
    /// file says, and an answer without it would be a wrong one.
    pub is_system: bool,
}

impl ReadError {
    /// What lies there is not what should.
    pub fn of_content(path: &TreePath, reason: impl Into<String>) -> ReadError {
        ReadError { path: path.clone(), reason: reason.into(), is_system: false }
    }

    /// The machine does not give it.
    pub fn of_system(path: &TreePath, reason: impl Into<String>) -> ReadError {
        ReadError { path: path.clone(), reason: reason.into(), is_system: true }
    }
}

/// What is called for each file that was asked for: the number of the file in the list, and its bytes.
pub type Visit<'v> = dyn Fn(usize, Result<&[u8], ReadError>) + Sync + 'v;

/// Whoever can read the files of a tree. `store` has one for git and one for a folder.
pub trait Contents: Send + Sync {
    /// Reads all that is wanted, several at once and in the order that costs least, and calls `visit` exactly once
    /// for each.
    fn read(&self, wanted: &[&Entry], visit: &Visit<'_>);
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

impl fmt::Display for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({self})")
    }
}

impl fmt::Debug for TreeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeId({self})")
    }
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}
