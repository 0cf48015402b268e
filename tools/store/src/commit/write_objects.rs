//! Writing the objects of a change: a few as loose files, many as one pack.

use std::collections::HashSet;

use git2::{Commit, ObjectType, OdbLookupFlags, Oid, Repository, Signature};

use super::CommitError;
use super::rewrite::Rewritten;
use super::write_pack::{self, Object};
use crate::{CommitId, Error};

/// Up to so many objects become files of their own.
const LOOSE_MAX: usize = 100;

/// Above the priorities of libgit2's own stores, so that new objects go there first.
const MEMORY_FIRST: i32 = 1000;

/// What a commit says beside its tree.
pub(crate) struct Words<'w> {
    pub(crate) author: Signature<'w>,
    pub(crate) committer: Signature<'w>,
    pub(crate) message: &'w str,
    pub(crate) parent: Option<CommitId>,
}

/// Writes everything that is new, and a commit of it. No reference is changed.
pub(crate) fn write(repository: &Repository, made: &Rewritten, words: &Words<'_>) -> Result<CommitId, CommitError> {
    let broken = || Error::git("take a commit's id")(git2::Error::from_str("it is no SHA-1"));
    let commit = write_with(repository, made, Some(words))?;
    Ok(commit.and_then(CommitId::of).ok_or_else(broken)?)
}

/// Writes everything that is new, and no commit of it.
pub(crate) fn write_tree(repository: &Repository, made: &Rewritten) -> Result<(), CommitError> {
    write_with(repository, made, None).map(|_| ())
}

fn write_with(
    repository: &Repository,
    made: &Rewritten,
    words: Option<&Words<'_>>,
) -> Result<Option<Oid>, CommitError> {
    let odb = repository.odb().map_err(Error::git("open the object database"))?;
    let blobs = made
        .files
        .iter()
        .filter(|file| file.changes_anything())
        .filter_map(|file| Some((ObjectType::Blob, file.after?.id, file.bytes.as_deref()?)));
    let trees = made.new_trees.iter().map(|tree| (ObjectType::Tree, tree.id, tree.bytes.as_slice()));
    let mut seen = HashSet::new();
    let mut new = Vec::new();
    for (kind, id, bytes) in blobs.chain(trees).filter(|(_, id, _)| seen.insert(*id)) {
        let id = Oid::from_bytes(&id).map_err(Error::git("take an id"))?;
        if !odb.exists_ext(id, OdbLookupFlags::NO_REFRESH) {
            new.push(Object { kind, bytes });
        }
    }
    let store = |kind, bytes| odb.write(kind, bytes).map_err(Error::git("write an object"));
    if new.len() <= LOOSE_MAX {
        for object in &new {
            store(object.kind, object.bytes)?;
        }
        return match words {
            Some(words) => Ok(Some(store(ObjectType::Commit, &commit_object(repository, made, words)?)?)),
            None => Ok(None),
        };
    }
    // A commit is made of its tree, which lies in memory for that. It goes away with the repository's handle.
    let commit = match words {
        Some(words) => {
            let _memory = odb.add_new_mempack_backend(MEMORY_FIRST).map_err(Error::git("make a commit"))?;
            for tree in made.new_trees.iter().filter(|tree| tree.id == made.tree.0) {
                store(ObjectType::Tree, &tree.bytes)?;
            }
            Some(commit_object(repository, made, words)?)
        }
        None => None,
    };
    new.extend(commit.iter().map(|bytes| Object { kind: ObjectType::Commit, bytes }));
    write_pack::write(repository, &odb, &new)?;
    let id = |bytes: &Vec<u8>| Oid::hash_object(ObjectType::Commit, bytes).map_err(Error::git("name a commit"));
    Ok(commit.as_ref().map(id).transpose()?)
}

fn commit_object(repository: &Repository, made: &Rewritten, words: &Words<'_>) -> Result<Vec<u8>, Error> {
    let doing = || Error::git("make a commit");
    let tree = Oid::from_bytes(&made.tree.0).and_then(|id| repository.find_tree(id)).map_err(doing())?;
    let parent: Option<Commit<'_>> = match words.parent {
        Some(id) => Some(repository.find_commit(id.oid()?).map_err(doing())?),
        None => None,
    };
    let parents: Vec<&Commit<'_>> = parent.iter().collect();
    let message = format!("{}\n", words.message.trim_end());
    let made = repository.commit_create_buffer(&words.author, &words.committer, &message, &tree, &parents);
    Ok(made.map_err(doing())?.to_vec())
}
