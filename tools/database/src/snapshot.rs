//! Every file of the database in one tree, immutable.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use rayon::prelude::*;

use crate::{ChangeSet, Content, Contents, Edit, Place, ReadError, TreeId, TreePath};

/// One file of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path from the root of the tree.
    pub path: TreePath,
    /// Where its bytes are.
    pub content: Content,
}

/// Every file of the database in one tree. A clone costs three reference counts.
#[derive(Clone)]
pub struct Snapshot {
    tree: Option<TreeId>,
    /// Sorted by path.
    entries: Arc<[Entry]>,
    contents: Arc<dyn Contents>,
}

impl Snapshot {
    /// A snapshot of what was listed. Only `store` and tests make one from nothing.
    pub fn new(tree: Option<TreeId>, mut entries: Vec<Entry>, contents: Arc<dyn Contents>) -> Snapshot {
        // What was listed comes in long stretches that are in order, and this sort takes them as they are.
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Snapshot { tree, entries: entries.into(), contents }
    }

    /// A snapshot of files that are at hand.
    pub fn of_files(files: impl IntoIterator<Item = (TreePath, Arc<[u8]>)>) -> Snapshot {
        let entries = files.into_iter().map(|(path, bytes)| Entry { path, content: Content::Planned(bytes) }).collect();
        Snapshot::new(None, entries, Arc::new(AtHand))
    }

    /// The git tree, where the snapshot is exactly one.
    pub fn tree(&self) -> Option<TreeId> {
        self.tree
    }

    /// Every file, by path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Every report, by path.
    pub fn reports(&self) -> impl Iterator<Item = (Place<'_>, &Entry)> {
        self.entries.iter().filter_map(|entry| Some((Place::of(&entry.path)?, entry)))
    }

    /// The file at a path.
    pub fn entry(&self, path: &str) -> Option<&Entry> {
        let at = self.entries.binary_search_by(|entry| entry.path.as_str().cmp(path)).ok()?;
        Some(&self.entries[at])
    }

    /// The files that lie in a folder itself, not in one below it.
    pub fn in_folder<'s>(&'s self, folder: &str) -> impl Iterator<Item = &'s Entry> {
        self.below(folder).filter_map(|(entry, rest)| (!rest.contains('/')).then_some(entry))
    }

    /// The files that lie in a folder or in one below it, with the rest of their paths.
    pub fn below<'s>(&'s self, folder: &str) -> impl Iterator<Item = (&'s Entry, &'s str)> {
        let prefix = format!("{folder}/");
        let from = self.entries.partition_point(|entry| entry.path.as_str() < prefix.as_str());
        self.entries[from..].iter().map_while(move |entry| Some((entry, entry.path.as_str().strip_prefix(&prefix)?)))
    }

    /// The bytes of one file.
    ///
    /// # Errors
    ///
    /// The file is not there any more, or is none.
    pub fn read(&self, entry: &Entry) -> Result<Vec<u8>, ReadError> {
        self.map(&[entry], |_, bytes| bytes.map(<[u8]>::to_vec)).swap_remove(0)
    }

    /// The bytes of the file at a path; none where there is no such file.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be read.
    pub fn read_path(&self, path: &str) -> Result<Option<Vec<u8>>, ReadError> {
        self.entry(path).map(|entry| self.read(entry)).transpose()
    }

    /// Reads files, several at once, and makes something of each. The results come in the order of `wanted`.
    pub fn map<T: Send>(
        &self,
        wanted: &[&Entry],
        make: impl Fn(&Entry, Result<&[u8], ReadError>) -> T + Sync,
    ) -> Vec<T> {
        self.map_each(wanted, make).collect()
    }

    /// As [`map`](Self::map), without a list of the results: what is made of a whole database is large.
    pub fn map_each<T: Send>(
        &self,
        wanted: &[&Entry],
        make: impl Fn(&Entry, Result<&[u8], ReadError>) -> T + Sync,
    ) -> impl Iterator<Item = T> {
        let made: Vec<Mutex<Option<T>>> = wanted.iter().map(|_| Mutex::new(None)).collect();
        let put = |at: usize, bytes: Result<&[u8], ReadError>| {
            let one = make(wanted[at], bytes);
            if let Ok(mut slot) = made[at].lock() {
                *slot = Some(one);
            }
        };
        let (kept, planned): (Vec<usize>, Vec<usize>) =
            (0..wanted.len()).partition(|&at| matches!(wanted[at].content, Content::Blob(_) | Content::File));
        planned.into_par_iter().for_each(|at| match &wanted[at].content {
            Content::Planned(bytes) => put(at, Ok(bytes)),
            Content::NotAFile(what) => {
                put(at, Err(ReadError::of_content(&wanted[at].path, format!("it is {what}"))));
            }
            Content::Blob(_) | Content::File => {}
        });
        let entries: Vec<&Entry> = kept.iter().map(|&at| wanted[at]).collect();
        self.contents.read(&entries, &|index, bytes| put(kept[index], bytes));
        let unread = move |entry: &Entry| ReadError::of_system(&entry.path, "it was not read");
        made.into_iter().zip(wanted).map(move |(slot, entry)| {
            slot.into_inner().ok().flatten().unwrap_or_else(|| make(entry, Err(unread(entry))))
        })
    }

    /// The tree as it would be after the change.
    #[must_use]
    pub fn with(&self, changes: &ChangeSet) -> Snapshot {
        if changes.is_empty() {
            return self.clone();
        }
        let mut entries: BTreeMap<&TreePath, Content> = BTreeMap::new();
        let mut merged = Vec::with_capacity(self.entries.len() + changes.edits().len());
        for (path, edit) in changes.edits() {
            if let Edit::Put(bytes) = edit {
                entries.insert(path, Content::Planned(Arc::clone(bytes)));
            }
        }
        merged.extend(self.entries.iter().filter(|entry| !changes.edits().contains_key(&entry.path)).cloned());
        merged.extend(entries.into_iter().map(|(path, content)| Entry { path: path.clone(), content }));
        Snapshot::new(None, merged, Arc::clone(&self.contents))
    }
}

/// The contents of a snapshot whose files are all at hand.
struct AtHand;

impl Contents for AtHand {
    fn read(&self, wanted: &[&Entry], visit: &crate::Visit<'_>) {
        for (index, entry) in wanted.iter().enumerate() {
            visit(index, Err(ReadError::of_system(&entry.path, "it is in no store")));
        }
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("tree", &self.tree).field("entries", &self.entries.len()).finish()
    }
}
