//! What two trees hold differently, found by their ids: what is equal is not read.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use database::{BlobId, Content, Difference, ROOTS, TreeId, TreePath};

use crate::listing::{COUNT_MAX, DEPTH_MAX, NO_TEXT, TREE_SIZE_MAX, invalid_name, shown};
use crate::objects::Objects;
use crate::pack::Kind;
use crate::tree::{Item, Member, Mode, Tree};
use crate::{Error, Store};

/// How many trees are kept after they were read, and how large one may be.
const KEPT_MAX: usize = 256;
const KEPT_SIZE_MAX: usize = 64 << 10;

/// A file in which two trees differ.
#[derive(Clone, Debug)]
pub(crate) struct DifferentFile {
    pub(crate) path: TreePath,
    /// Whether its name is text; else the path only shows it.
    pub(crate) is_text: bool,
    pub(crate) before: Option<Member>,
    pub(crate) after: Option<Member>,
}

/// Two folders at one place that are not the same.
struct Pair {
    path: String,
    is_text: bool,
    depth: usize,
    before: Option<[u8; 20]>,
    after: Option<[u8; 20]>,
}

impl Store {
    /// The files of the database in which two trees differ, by path. What is equal in both is not read.
    ///
    /// # Errors
    ///
    /// A tree is not there, is damaged, or holds what no path can name.
    pub fn difference(&self, before: TreeId, after: TreeId) -> Result<Vec<Difference>, Error> {
        let objects = self.objects()?;
        let files = different_files(&objects, Some(before.0), after.0, Some(&ROOTS))?;
        let one = |DifferentFile { path, is_text, before, after }| {
            let content = |member: Member| match member.mode {
                Mode::File(_) if is_text => Content::Blob(BlobId(member.id)),
                mode => Content::NotAFile(mode.not_a_file().unwrap_or(NO_TEXT)),
            };
            Difference { path, before: before.map(content), after: after.map(content) }
        };
        // A file that only became executable says what it said.
        let files = files.into_iter().map(one);
        Ok(files.filter(|difference| difference.before != difference.after).collect())
    }
}

/// The files in which two trees differ, by path; with `roots` only those of the whole tree's members that are named.
pub(crate) fn different_files(
    objects: &Objects,
    before: Option<[u8; 20]>,
    after: [u8; 20],
    roots: Option<&[&str]>,
) -> Result<Vec<DifferentFile>, Error> {
    let mut files = Vec::new();
    let mut pairs = vec![Pair { path: String::new(), is_text: true, depth: 0, before, after: Some(after) }];
    let mut count = 0;
    // A hostile tree can be its own folder many times over.
    let mut read = Trees { objects, read: HashMap::new() };
    while let Some(pair) = pairs.pop() {
        if pair.depth > DEPTH_MAX {
            return Err(Error::tree(pair.path, format!("lies deeper than {DEPTH_MAX} folders")));
        }
        let bytes = (read.bytes(&pair.path, pair.before)?, read.bytes(&pair.path, pair.after)?);
        let wrong = |reason: &'static str| Error::tree(shown(&pair.path), reason);
        let trees = (Tree::read(&bytes.0).map_err(wrong)?, Tree::read(&bytes.1).map_err(wrong)?);
        let is_wanted = |item: &Item<'_>| {
            let names = roots.filter(|_| pair.path.is_empty());
            names.is_none_or(|names| names.iter().any(|name| name.as_bytes() == item.name))
        };
        for (before, after) in in_step(trees.0.items(), trees.1.items()) {
            let Some(item) = before.or(after).filter(|item| is_wanted(item)) else { continue };
            count += 1;
            if count > COUNT_MAX {
                return Err(wrong("is one of too many files and folders"));
            }
            let text = String::from_utf8_lossy(item.name);
            let is_text = pair.is_text && matches!(text, std::borrow::Cow::Borrowed(_));
            let path = if pair.path.is_empty() { text.into_owned() } else { format!("{}/{text}", pair.path) };
            let member = |item: Option<&Item<'_>>| item.map(|&Item { mode, id, .. }| Member { mode, id });
            // Git sorts a folder apart from a file of its name, so that both sides are of one kind here.
            if item.mode == Mode::Folder {
                let id = |item: Option<&Item<'_>>| item.map(|item| item.id);
                let (before, after) = (id(before), id(after));
                pairs.push(Pair { path, is_text, depth: pair.depth + 1, before, after });
            } else {
                let wrong = |error| Error::tree(shown(&pair.path), invalid_name(item.name, &error));
                let path = TreePath::new(path).map_err(wrong)?;
                files.push(DifferentFile { path, is_text, before: member(before), after: member(after) });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    // A link or file on one side and a folder's file on the other cannot share a path; lossy names can.
    Ok(files)
}

/// The members of two trees that are not the same, in git's order.
fn in_step<'a, 't>(
    mut before: &'a [Item<'t>],
    mut after: &'a [Item<'t>],
) -> impl Iterator<Item = (Option<&'a Item<'t>>, Option<&'a Item<'t>>)> {
    std::iter::from_fn(move || {
        loop {
            let (one, other) = (before.first(), after.first());
            let order = match (one, other) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(one), Some(other)) if one == other => {
                    (before, after) = (&before[1..], &after[1..]);
                    continue;
                }
                (Some(one), Some(other)) => one.compare(other),
            };
            if order != Ordering::Greater {
                before = &before[1..];
            }
            if order != Ordering::Less {
                after = &after[1..];
            }
            return Some((one.filter(|_| order != Ordering::Greater), other.filter(|_| order != Ordering::Less)));
        }
    })
}

/// The trees that were read last.
struct Trees<'o> {
    objects: &'o Objects,
    read: HashMap<[u8; 20], Arc<[u8]>>,
}

impl Trees<'_> {
    fn bytes(&mut self, path: &str, id: Option<[u8; 20]>) -> Result<Arc<[u8]>, Error> {
        let Some(id) = id else { return Ok(Arc::default()) };
        if let Some(bytes) = self.read.get(&id) {
            return Ok(Arc::clone(bytes));
        }
        let read = self.objects.read_one(id, Kind::Tree, TREE_SIZE_MAX);
        let wrong = |error| Error::tree(shown(path), format!("has the tree object {}: {error}", BlobId(id)));
        let bytes: Arc<[u8]> = read.map_err(wrong)?.into();
        if self.read.len() >= KEPT_MAX {
            self.read.clear();
        }
        if bytes.len() <= KEPT_SIZE_MAX {
            self.read.insert(id, Arc::clone(&bytes));
        }
        Ok(bytes)
    }
}
