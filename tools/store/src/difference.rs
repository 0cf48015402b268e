//! What two trees hold differently, found by their ids: what is equal is not read.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use database::{BlobId, Content, Difference, ROOTS, TreeId, TreePath};

use crate::listing::{COUNT_MAX, DEPTH_MAX, NO_TEXT, TREE_SIZE_MAX, invalid_name, unread};
use crate::objects::Objects;
use crate::pack::Kind;
use crate::tree::{Item, Member, Mode, Tree};
use crate::{Error, Store};

/// How many trees are kept after they were read, and how large one may be.
const KEPT_MAX: usize = 256;
const KEPT_SIZE_MAX: usize = 64 << 10;
/// How many bytes of trees are gone through, those that are met again counted again: large trees that differ in little
/// can contain each other. Two trees of a million reports each that share nothing take a twentieth.
const WALKED_MAX: u64 = 4 << 30;

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
    /// None for the whole trees.
    path: Option<TreePath>,
    is_text: bool,
    depth: usize,
    before: Option<[u8; 20]>,
    after: Option<[u8; 20]>,
}

impl Pair {
    fn shown(&self) -> &str {
        self.path.as_ref().map_or(".", TreePath::as_str)
    }
}

impl Store {
    /// The files of the database in which two trees differ, by path. What is equal in both is not read.
    ///
    /// # Errors
    ///
    /// A tree is not there, is damaged, or holds what no path can name.
    pub fn difference(&self, before: TreeId, after: TreeId) -> Result<Vec<Difference>, Error> {
        self.brought(Some(before), after)
    }

    /// As [`difference`](Self::difference); without a tree before, all of the files.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn brought(&self, before: Option<TreeId>, after: TreeId) -> Result<Vec<Difference>, Error> {
        let objects = self.objects()?;
        let files = different_files(&objects, before.map(|tree| tree.0), after.0, Some(&ROOTS))?;
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

    /// The paths of all files in which two trees differ, also of those beside the database, and of those that only became
    /// executable.
    ///
    /// # Errors
    ///
    /// As [`difference`](Self::difference).
    pub fn differing_paths(&self, before: TreeId, after: TreeId) -> Result<BTreeSet<TreePath>, Error> {
        let files = different_files(&*self.objects()?, Some(before.0), after.0, None)?;
        Ok(files.into_iter().map(|file| file.path).collect())
    }
}

/// The files in which two trees differ, by path; with `roots` only those of the whole tree's members that are named.
pub(crate) fn different_files(
    objects: &Objects,
    before: Option<[u8; 20]>,
    after: [u8; 20],
    roots: Option<&[&str]>,
) -> Result<Vec<DifferentFile>, Error> {
    walk(objects, before, after, roots, WALKED_MAX)
}

/// The same, reading no more than a number of bytes of trees.
fn walk(
    objects: &Objects,
    before: Option<[u8; 20]>,
    after: [u8; 20],
    roots: Option<&[&str]>,
    walked_max: u64,
) -> Result<Vec<DifferentFile>, Error> {
    let mut files = Vec::new();
    let mut pairs = vec![Pair { path: None, is_text: true, depth: 0, before, after: Some(after) }];
    let (mut count, mut walked) = (0, 0);
    // A hostile tree can be its own folder many times over.
    let mut read = Trees { objects, read: HashMap::new() };
    while let Some(pair) = pairs.pop() {
        let wrong = |reason: String| Error::tree(pair.shown(), reason);
        if pair.depth >= DEPTH_MAX {
            return Err(wrong(format!("lies deeper than {DEPTH_MAX} folders")));
        }
        let bytes = (read.bytes(pair.shown(), pair.before)?, read.bytes(pair.shown(), pair.after)?);
        walked += (bytes.0.len() + bytes.1.len()) as u64;
        if walked > walked_max {
            return Err(wrong(format!("lies behind more than {walked_max} bytes of trees that differ")));
        }
        let parse = |bytes| Tree::read(bytes).map_err(|reason| wrong(reason.to_owned()));
        let trees = (parse(&bytes.0)?, parse(&bytes.1)?);
        let is_wanted = |item: &Item<'_>| {
            let names = roots.filter(|_| pair.path.is_none());
            names.is_none_or(|names| names.iter().any(|name| name.as_bytes() == item.name))
        };
        for (before, after) in in_step(trees.0.items(), trees.1.items()) {
            let Some(item) = before.or(after).filter(|item| is_wanted(item)) else { continue };
            count += 1;
            if count > COUNT_MAX {
                return Err(wrong(format!("is one of more than {COUNT_MAX} files and folders")));
            }
            let name = String::from_utf8_lossy(item.name);
            let is_text = pair.is_text && matches!(name, std::borrow::Cow::Borrowed(_));
            // Checked for folders too: an empty one is of no file.
            let path = match &pair.path {
                Some(folder) => folder.join(&name),
                None => TreePath::new(&*name),
            };
            let path = path.map_err(|error| wrong(invalid_name(item.name, &error)))?;
            let member = |item: Option<&Item<'_>>| item.map(|&Item { mode, id, .. }| Member { mode, id });
            // Git sorts a folder apart from a file of its name, so that both sides are of one kind here.
            if item.mode == Mode::Folder {
                let id = |item: Option<&Item<'_>>| item.map(|item| item.id);
                let (before, after) = (id(before), id(after));
                pairs.push(Pair { path: Some(path), is_text, depth: pair.depth + 1, before, after });
            } else {
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
        let bytes: Arc<[u8]> = read.map_err(|error| unread(path, id, &error))?.into();
        if self.read.len() >= KEPT_MAX {
            self.read.clear();
        }
        if bytes.len() <= KEPT_SIZE_MAX {
            self.read.insert(id, Arc::clone(&bytes));
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use testkit::Database;

    use super::{ROOTS, walk};
    use crate::{At, CommitId, Store};

    #[test]
    fn no_more_is_read_than_allowed() {
        let repository = Database::default().with("osv/a/b.json", "{}").repository();
        let store = Store::open(repository.path()).unwrap();
        let commit: CommitId = repository.id("HEAD").parse().unwrap();
        let tree = store.snapshot(At::Commit(commit)).unwrap().tree().unwrap();
        let objects = store.objects().unwrap();
        let size: u64 = ["", "osv", "osv/a"]
            .map(|path| repository.run(&["cat-file", "-s", &format!("HEAD:{path}")]).trim_end().parse::<u64>().unwrap())
            .iter()
            .sum();
        let found = |most| walk(&objects, None, tree.0, Some(&ROOTS), most);
        assert_eq!(found(size).unwrap().len(), 1);
        let error = found(size - 1).unwrap_err().to_string();
        assert!(error.contains("`osv/a` lies behind more than"), "{error}");
    }
}
