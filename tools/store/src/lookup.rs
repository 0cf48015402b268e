//! Single folders of many trees: how one report lay from commit to commit, without listing all the others.

use std::collections::HashMap;
use std::sync::Arc;

use database::{BlobId, Content, Entry, TreeId, TreePath};

use crate::listing::{NO_TEXT, TREE_SIZE_MAX, unread};
use crate::objects::Objects;
use crate::pack::Kind;
use crate::tree::{Mode, Tree};
use crate::{CommitId, Error, Store};

/// How many folders are remembered.
const KEPT_MAX: usize = 4_096;

/// Looks into single folders of trees. What two trees share is read once.
pub struct Lookup {
    objects: Arc<Objects>,
    /// The folder of a name in a tree.
    known: HashMap<([u8; 20], String), Option<[u8; 20]>>,
}

impl Store {
    /// Begins to look into single folders.
    ///
    /// # Errors
    ///
    /// It is a plain folder.
    pub fn lookup(&self) -> Result<Lookup, Error> {
        Ok(Lookup { objects: self.objects()?, known: HashMap::new() })
    }

    /// The first line of a commit's message.
    pub fn subject(&self, commit: CommitId) -> Option<String> {
        let repository = self.repository().ok()?;
        let commit = repository.find_commit(commit.oid().ok()?).ok()?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        message.lines().find(|line| !line.trim().is_empty()).map(str::to_owned)
    }
}

impl Lookup {
    /// The tree of a folder; none where there is no such folder.
    ///
    /// # Errors
    ///
    /// A tree on the way is not there, or is damaged.
    pub fn folder(&mut self, tree: TreeId, folder: &str) -> Result<Option<TreeId>, Error> {
        let mut id = tree.0;
        for part in folder.split('/') {
            let key = (id, part.to_owned());
            let found = match self.known.get(&key) {
                Some(found) => *found,
                None => {
                    let bytes = self.read(folder, id)?;
                    let tree = Tree::read(&bytes).map_err(|reason| Error::tree(folder, reason.to_owned()))?;
                    let member = tree.get(part.as_bytes()).filter(|member| member.mode == Mode::Folder);
                    let found = member.map(|member| member.id);
                    if self.known.len() >= KEPT_MAX {
                        self.known.clear();
                    }
                    self.known.insert(key, found);
                    found
                }
            };
            match found {
                Some(next) => id = next,
                None => return Ok(None),
            }
        }
        Ok(Some(TreeId(id)))
    }

    /// The files that lie in a folder itself.
    ///
    /// # Errors
    ///
    /// A tree on the way is not there, or is damaged.
    pub fn files(&mut self, tree: TreeId, folder: &str) -> Result<Vec<Entry>, Error> {
        let Some(id) = self.folder(tree, folder)? else { return Ok(Vec::new()) };
        let bytes = self.read(folder, id.0)?;
        let tree = Tree::read(&bytes).map_err(|reason| Error::tree(folder, reason.to_owned()))?;
        let mut files = Vec::new();
        for item in tree.items().iter().filter(|item| item.mode != Mode::Folder) {
            let Ok(name) = std::str::from_utf8(item.name) else { continue };
            let Ok(path) = TreePath::new(format!("{folder}/{name}")) else { continue };
            let content = match item.mode {
                Mode::File(_) => Content::Blob(BlobId(item.id)),
                mode => Content::NotAFile(mode.not_a_file().unwrap_or(NO_TEXT)),
            };
            files.push(Entry { path, content });
        }
        Ok(files)
    }

    fn read(&self, folder: &str, id: [u8; 20]) -> Result<Vec<u8>, Error> {
        self.objects.read_one(id, Kind::Tree, TREE_SIZE_MAX).map_err(|error| unread(folder, id, &error))
    }
}
