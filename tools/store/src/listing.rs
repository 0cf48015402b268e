//! Listing the database's files in a git tree: trees are read level by level, a whole level at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use database::{BlobId, Content, Entry, TreeId, TreePath};
use rayon::prelude::*;

use crate::Error;
use crate::objects::{ObjectError, Objects};
use crate::pack::Kind;
use crate::tree::{Item, Mode, Tree};

/// The largest tree object that is read: more than a million members.
pub(crate) const TREE_SIZE_MAX: usize = 64 << 20;
/// How deep folders may lie.
pub(crate) const DEPTH_MAX: usize = 256;
/// How many files and folders a database may have. Trees that contain each other can claim any number.
pub(crate) const COUNT_MAX: usize = 4_000_000;

/// What a file is whose name is no text.
pub(crate) const NO_TEXT: &str = "a file whose name is not UTF-8";

/// A folder on the way: its path, none for the root, and whether any name in that is no text.
struct Folder {
    path: Option<TreePath>,
    is_text: bool,
    id: [u8; 20],
}

impl Folder {
    fn shown(&self) -> &str {
        self.path.as_ref().map_or(".", TreePath::as_str)
    }
}

/// Lists the files of a tree below some of its members. No blob is read.
pub(crate) fn list(objects: &Objects, root: TreeId, roots: &[&str]) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    let mut level = vec![Folder { path: None, is_text: true, id: root.0 }];
    let count = AtomicUsize::new(0);
    for _ in 0..DEPTH_MAX {
        let mut next = Vec::new();
        for (found, folders) in read_level(objects, &level, roots, &count)? {
            entries.extend(found);
            next.extend(folders);
        }
        if next.is_empty() {
            return Ok(entries);
        }
        level = next;
    }
    Err(Error::tree(level[0].shown(), format!("lies deeper than {DEPTH_MAX} folders")))
}

type Members = (Vec<Entry>, Vec<Folder>);

/// Each tree is read once, however many folders it is.
fn read_level(objects: &Objects, level: &[Folder], roots: &[&str], count: &AtomicUsize) -> Result<Vec<Members>, Error> {
    let mut by_id: Vec<([u8; 20], usize)> = level.iter().enumerate().map(|(at, folder)| (folder.id, at)).collect();
    by_id.par_sort_unstable();
    let groups: Vec<&[([u8; 20], usize)]> = by_id.chunk_by(|a, b| a.0 == b.0).collect();
    let wanted: Vec<[u8; 20]> = groups.iter().map(|group| group[0].0).collect();
    let read: Vec<Mutex<Option<Result<Members, Error>>>> = level.iter().map(|_| Mutex::default()).collect();
    objects.read(&wanted, Kind::Tree, TREE_SIZE_MAX, &|group, bytes| {
        for &(_, at) in groups[group] {
            let members = members_of(&level[at], bytes.as_deref(), roots, count);
            if let Ok(mut slot) = read[at].lock() {
                *slot = Some(members);
            }
        }
    });
    let unread = |folder: &Folder| Err(Error::tree(folder.shown(), "was not read"));
    read.into_iter()
        .zip(level)
        .map(|(slot, folder)| slot.into_inner().ok().flatten().unwrap_or_else(|| unread(folder)))
        .collect()
}

fn members_of(
    folder: &Folder,
    bytes: Result<&[u8], &ObjectError>,
    roots: &[&str],
    count: &AtomicUsize,
) -> Result<Members, Error> {
    let wrong = |reason: String| Error::tree(folder.shown(), reason);
    let bytes = bytes.map_err(|error| unread(folder.shown(), folder.id, error))?;
    let too_many = || wrong(format!("is one of more than {COUNT_MAX} files and folders"));
    if count.load(Ordering::Relaxed) > COUNT_MAX {
        return Err(too_many());
    }
    let tree = Tree::read(bytes).map_err(|reason| wrong(reason.into()))?;
    if count.fetch_add(tree.items().len(), Ordering::Relaxed) + tree.items().len() > COUNT_MAX {
        return Err(too_many());
    }
    let folder_count = tree.items().iter().filter(|item| item.mode == Mode::Folder).count();
    let (mut entries, mut folders) = (Vec::new(), Vec::with_capacity(folder_count));
    for item in tree.items() {
        if folder.path.is_none() && !roots.iter().any(|root| root.as_bytes() == item.name) {
            continue;
        }
        let name = String::from_utf8_lossy(item.name);
        let is_text = folder.is_text && matches!(name, std::borrow::Cow::Borrowed(_));
        // Checked for folders too, so that no path grows without end.
        let path = match &folder.path {
            Some(folder) => folder.join(&name),
            None => TreePath::new(&*name),
        };
        let path = path.map_err(|error| wrong(invalid_name(item.name, &error)))?;
        match content(item, is_text) {
            Some(content) => entries.push(Entry { path, content }),
            None => folders.push(Folder { path: Some(path), is_text, id: item.id }),
        }
    }
    Ok((entries, folders))
}

fn content(item: &Item<'_>, is_text: bool) -> Option<Content> {
    match item.mode {
        Mode::Folder => None,
        Mode::File(_) if is_text => Some(Content::Blob(BlobId(item.id))),
        mode => Some(Content::NotAFile(mode.not_a_file().unwrap_or(NO_TEXT))),
    }
}

pub(crate) fn invalid_name(name: &[u8], error: &database::InvalidPath) -> String {
    format!("has a member `{}` that no path can name: {error}", String::from_utf8_lossy(name).escape_debug())
}

/// A tree object that could not be read, with what to do where a clone is too small: a treeless one is.
pub(crate) fn unread(path: &str, id: [u8; 20], error: &ObjectError) -> Error {
    let remedy = match error {
        ObjectError::NotHere => ": run `git fetch --refetch --filter=blob:none`",
        _ => "",
    };
    Error::tree(path, format!("has the tree object {}: {error}{remedy}", BlobId(id)))
}
