//! The trees that a change makes: only those along the changed paths are read and written.

use std::collections::BTreeMap;
use std::sync::Arc;

use database::{Edit, TreeId, TreePath};
use git2::{ObjectType, Oid};

use super::CommitError;
use crate::Error;
use crate::listing::{DEPTH_MAX, TREE_SIZE_MAX, unread};
use crate::objects::Objects;
use crate::pack::Kind;
use crate::tree::{Member, Mode, Tree};

/// The edits of a change set.
pub(crate) type Edits = BTreeMap<TreePath, Edit>;

/// One file that a change touches.
#[derive(Clone, Debug)]
pub(crate) struct FileChange {
    pub(crate) path: TreePath,
    pub(crate) before: Option<Member>,
    pub(crate) after: Option<Member>,
    /// What it holds afterwards; none where it is gone.
    pub(crate) bytes: Option<Arc<[u8]>>,
}

impl FileChange {
    pub(crate) fn changes_anything(&self) -> bool {
        self.before != self.after
    }
}

/// An object that is to be written.
pub(crate) struct NewTree {
    pub(crate) id: [u8; 20],
    pub(crate) bytes: Vec<u8>,
}

/// A tree with a change applied.
pub(crate) struct Rewritten {
    pub(crate) tree: TreeId,
    pub(crate) new_trees: Vec<NewTree>,
    /// Every file that has an edit, also where the edit changes nothing.
    pub(crate) files: Vec<FileChange>,
}

/// Applies edits to a tree, in memory.
pub(crate) fn rewrite(objects: &Objects, base: Option<TreeId>, edits: &Edits) -> Result<Rewritten, CommitError> {
    let mut work = Work { objects, new_trees: Vec::new(), files: Vec::new() };
    let all: Vec<(&TreePath, &Edit)> = edits.iter().collect();
    let tree = match work.folder("", base.map(|tree| tree.0), &all, 0)? {
        Some(tree) => tree,
        // The root is the one folder that may be empty.
        None => work.keep(Vec::new())?,
    };
    Ok(Rewritten { tree: TreeId(tree), new_trees: work.new_trees, files: work.files })
}

/// The files of a change where there is no tree to compare with.
pub(crate) fn without_base(edits: &Edits) -> Result<Vec<FileChange>, CommitError> {
    let change = |(path, edit): (&TreePath, &Edit)| {
        let bytes = if let Edit::Put(bytes) = edit { Some(Arc::clone(bytes)) } else { None };
        Ok(FileChange { path: path.clone(), before: None, after: file_edited(path, None, edit)?, bytes })
    };
    edits.iter().map(change).collect()
}

struct Work<'w> {
    objects: &'w Objects,
    new_trees: Vec<NewTree>,
    files: Vec<FileChange>,
}

/// The edits at one name in a folder: of the file itself, and of files below the folder of that name.
#[derive(Default)]
struct AtName<'e> {
    own: Option<(&'e TreePath, &'e Edit)>,
    below: Vec<(&'e TreePath, &'e Edit)>,
}

impl Work<'_> {
    /// Rewrites a folder, and gives its tree; none where nothing is left in it.
    fn folder(
        &mut self,
        path: &str,
        base: Option<[u8; 20]>,
        edits: &[(&TreePath, &Edit)],
        depth: usize,
    ) -> Result<Option<[u8; 20]>, CommitError> {
        if depth > DEPTH_MAX {
            return Err(CommitError::conflict(path, format!("lies deeper than {DEPTH_MAX} folders")));
        }
        let bytes = base.map(|id| self.read(path, id)).transpose()?.unwrap_or_default();
        let tree = Tree::read(&bytes).map_err(|reason| Error::tree(path, reason))?;
        let mut at_names: BTreeMap<&str, AtName<'_>> = BTreeMap::new();
        for &(whole, edit) in edits {
            let rest = if path.is_empty() { whole.as_str() } else { &whole.as_str()[path.len() + 1..] };
            match rest.split_once('/') {
                Some((name, _)) => at_names.entry(name).or_default().below.push((whole, edit)),
                None => at_names.entry(rest).or_default().own = Some((whole, edit)),
            }
        }
        let mut replaced = BTreeMap::new();
        for (name, at_name) in at_names {
            let before = tree.get(name.as_bytes());
            let full = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
            let after = self.name(&full, before, &at_name, depth)?;
            if after != before {
                replaced.insert(name, after);
            }
        }
        if replaced.is_empty() {
            return Ok(base);
        }
        let bytes = tree.with(&replaced);
        if bytes.is_empty() { Ok(None) } else { self.keep(bytes).map(Some) }
    }

    /// What stands at a name afterwards.
    fn name(
        &mut self,
        path: &str,
        before: Option<Member>,
        edits: &AtName<'_>,
        depth: usize,
    ) -> Result<Option<Member>, CommitError> {
        let folder = before.filter(|member| member.mode == Mode::Folder);
        let file = before.filter(|member| member.mode != Mode::Folder);
        let mut file_after = file;
        if let Some((path, edit)) = edits.own {
            file_after = file_edited(path, file, edit)?;
            let bytes = if let Edit::Put(bytes) = edit { Some(Arc::clone(bytes)) } else { None };
            self.files.push(FileChange { path: path.clone(), before: file, after: file_after, bytes });
        }
        let mut folder_after = folder;
        if !edits.below.is_empty() {
            let tree = self.folder(path, folder.map(|member| member.id), &edits.below, depth + 1)?;
            folder_after = tree.map(|id| Member { mode: Mode::Folder, id });
        }
        match (file_after, folder_after) {
            (Some(_), Some(_)) => Err(CommitError::conflict(path, "would be a file and a folder at once")),
            (file, folder) => Ok(file.or(folder)),
        }
    }

    fn read(&self, path: &str, id: [u8; 20]) -> Result<Vec<u8>, Error> {
        let read = self.objects.read_one(id, Kind::Tree, TREE_SIZE_MAX);
        read.map_err(|error| unread(path, id, &error))
    }

    fn keep(&mut self, bytes: Vec<u8>) -> Result<[u8; 20], CommitError> {
        let id = hash(ObjectType::Tree, &bytes)?;
        self.new_trees.push(NewTree { id, bytes });
        Ok(id)
    }
}

/// What a file is after its edit. Whether it is executable stays as it is.
fn file_edited(path: &TreePath, file: Option<Member>, edit: &Edit) -> Result<Option<Member>, CommitError> {
    match (edit, file.map(|member| member.mode)) {
        (_, Some(Mode::Submodule)) => Err(CommitError::conflict(path.as_str(), "is a submodule")),
        (Edit::Put(_), Some(Mode::SymbolicLink)) => Err(CommitError::conflict(path.as_str(), "is a symbolic link")),
        (Edit::Remove, _) => Ok(None),
        (Edit::Put(bytes), mode) => {
            Ok(Some(Member { mode: mode.unwrap_or(Mode::PLAIN_FILE), id: hash(ObjectType::Blob, bytes)? }))
        }
    }
}

pub(crate) fn hash(kind: ObjectType, bytes: &[u8]) -> Result<[u8; 20], Error> {
    let doing = || "name an object by its hash";
    let id = Oid::hash_object(kind, bytes).map_err(Error::git(doing()))?;
    id.as_bytes().try_into().map_err(|_| Error::git(doing())(git2::Error::from_str("it is no SHA-1")))
}
