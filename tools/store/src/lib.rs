//! Git and the disk: read snapshots, commit admitted changes.
//!
//! The only crate that knows either. A [`Store`] is a git repository, bare or with a work tree, or a plain folder.
//! [`Store::snapshot`] lists a tree of it and reads reports when they are asked for; [`Store::commit`] and
//! [`Store::write`] take a change that the rules admitted.

mod cache;
mod commit;
mod difference;
mod driver;
mod error;
mod folder;
mod git;
mod git_contents;
mod history;
mod listing;
mod lookup;
mod objects;
mod pack;
mod remote;
mod revision;
mod sparse;
mod staged;
mod store;
mod tree;

pub use commit::{CommitError, Read};
pub use driver::Meeting;
pub use error::Error;
pub use git::GitError;
pub use history::FirstParents;
pub use lookup::Lookup;
pub use remote::Pushed;
pub use revision::{Commit, CommitId, RefName};
pub use store::{At, Store};

/// The id that git gives to a blob of these bytes.
///
/// # Errors
///
/// Git cannot hash them.
pub fn blob_id(bytes: &[u8]) -> Result<database::BlobId, Error> {
    let id = git2::Oid::hash_object(git2::ObjectType::Blob, bytes).map_err(Error::git("hash a file"))?;
    let broken = || git2::Error::from_str("it is not of SHA-1");
    let id = CommitId::of(id).ok_or_else(broken).map_err(Error::git("hash a file"))?;
    Ok(database::BlobId(id.0))
}

/// The reason of a `ReadError` for a blob that a partial clone does not hold. In a whole clone the reason is another.
pub const NOT_HERE: &str = "it is not in this repository, which is a partial clone";
