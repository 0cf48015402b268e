//! What two trees say differently, found by their ids: what is equal is not read.

use std::collections::BTreeSet;

use database::{BlobId, TreePath};

use crate::Error;
use crate::listing::{DEPTH_MAX, TREE_SIZE_MAX, invalid_name};
use crate::objects::Objects;
use crate::pack::Kind;
use crate::tree::{Member, Mode, Tree};

use super::rewrite::FileChange;

/// The files in which two trees differ, without their bytes.
pub(crate) fn difference(
    objects: &Objects,
    before: Option<[u8; 20]>,
    after: [u8; 20],
) -> Result<Vec<FileChange>, Error> {
    let mut files = Vec::new();
    let mut pairs = vec![(String::new(), 0, before, Some(after))];
    while let Some((path, depth, before, after)) = pairs.pop() {
        if depth > DEPTH_MAX {
            return Err(Error::tree(path, format!("lies deeper than {DEPTH_MAX} folders")));
        }
        let bytes = (read(objects, &path, before)?, read(objects, &path, after)?);
        let wrong = |reason: &'static str| Error::tree(path.as_str(), reason);
        let trees = (Tree::read(&bytes.0).map_err(wrong)?, Tree::read(&bytes.1).map_err(wrong)?);
        let names: BTreeSet<&[u8]> = trees.0.items().iter().chain(trees.1.items()).map(|item| item.name).collect();
        for name in names {
            let members = (trees.0.get(name), trees.1.get(name));
            if members.0 == members.1 {
                continue;
            }
            let text = String::from_utf8_lossy(name);
            let full = if path.is_empty() { text.into_owned() } else { format!("{path}/{text}") };
            let folder = |member: Option<Member>| member.filter(|member| member.mode == Mode::Folder);
            let file = |member: Option<Member>| member.filter(|member| member.mode != Mode::Folder);
            let folders = (folder(members.0).map(|member| member.id), folder(members.1).map(|member| member.id));
            if folders.0 != folders.1 {
                pairs.push((full.clone(), depth + 1, folders.0, folders.1));
            }
            let (before, after) = (file(members.0), file(members.1));
            if before != after {
                let path = TreePath::new(full).map_err(|error| Error::tree(&path, invalid_name(name, &error)))?;
                files.push(FileChange { path, before, after, bytes: None });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn read(objects: &Objects, path: &str, id: Option<[u8; 20]>) -> Result<Vec<u8>, Error> {
    let Some(id) = id else { return Ok(Vec::new()) };
    let read = objects.read_one(id, Kind::Tree, TREE_SIZE_MAX);
    read.map_err(|error| Error::tree(path, format!("has the tree object {}: {error}", BlobId(id))))
}
