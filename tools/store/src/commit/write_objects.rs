//! Writing the objects of a change: a few as loose files, many as one pack.

use std::collections::HashSet;
use std::fs::File;
use std::path::Path;

use git2::{Commit, ObjectType, OdbLookupFlags, Oid, Repository, Signature};

use super::CommitError;
use super::rewrite::Rewritten;
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
        .filter_map(|file| Some((ObjectType::Blob, file.after?.id, file.bytes.as_deref()?, file.path.as_str())));
    let trees =
        made.new_trees.iter().map(|tree| (ObjectType::Tree, tree.id, tree.bytes.as_slice(), tree.path.as_str()));
    let mut seen = HashSet::new();
    let mut new = Vec::new();
    for (kind, id, bytes, path) in blobs.chain(trees).filter(|(_, id, ..)| seen.insert(*id)) {
        let id = Oid::from_bytes(&id).map_err(Error::git("take an id"))?;
        if !odb.exists_ext(id, OdbLookupFlags::NO_REFRESH) {
            new.push((kind, id, bytes, path));
        }
    }
    let is_pack = new.len() > LOOSE_MAX;
    // The pack is made of what lies in memory. Both go away with the repository's handle.
    let _memory = is_pack.then(|| odb.add_new_mempack_backend(MEMORY_FIRST)).transpose();
    let _memory = _memory.map_err(Error::git("collect objects for a pack"))?;
    let store = |kind, bytes| odb.write(kind, bytes).map_err(Error::git("write an object"));
    for &(kind, _, bytes, _) in &new {
        store(kind, bytes)?;
    }
    let commit = match words {
        Some(words) => Some(store(ObjectType::Commit, &commit_object(repository, made, words)?)?),
        None => None,
    };
    if is_pack {
        let mut pack = repository.packbuilder().map_err(Error::git("begin a pack"))?;
        pack.set_threads(0);
        for (_, id, _, path) in &new {
            pack.insert_object(*id, Some(path)).map_err(Error::git("add to a pack"))?;
        }
        if let Some(commit) = commit {
            pack.insert_object(commit, None).map_err(Error::git("add to a pack"))?;
        }
        let folder = repository.commondir().join("objects").join("pack");
        std::fs::create_dir_all(&folder).map_err(Error::disk("create", &folder))?;
        pack.write(&folder, 0).map_err(Error::git("write a pack"))?;
        let name = pack.name().ok().flatten().unwrap_or_default().to_owned();
        sync(&folder, &name)?;
    }
    Ok(commit)
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

/// A branch must not name what a power cut can take back.
fn sync(folder: &Path, name: &str) -> Result<(), Error> {
    for ending in ["pack", "idx"] {
        let file = folder.join(format!("pack-{name}.{ending}"));
        File::open(&file).and_then(|open| open.sync_all()).map_err(Error::disk("bring to the disk", &file))?;
    }
    Ok(())
}
