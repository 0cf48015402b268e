//! Finding and opening a database, and taking snapshots of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use database::{Base, CONFIG_FILE, ROOTS, Snapshot, TreeId, TreePath};
use git2::Repository;

use crate::folder::{self, FolderContents};
use crate::git_contents::GitContents;
use crate::objects::Objects;
use crate::revision::{CommitId, read_commit};
use crate::{Error, git, listing, sparse, staged};

/// Which tree of a database is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum At {
    /// The tree of a commit.
    Commit(CommitId),
    /// What is staged in git's index.
    Index,
    /// What lies on the disk, ignored by git or not.
    WorkingTree,
}

/// A database: a git repository, bare or with a work tree, or a plain folder.
#[derive(Clone, Debug)]
pub struct Store {
    /// The directory that was opened, absolute.
    dir: PathBuf,
    /// Where the files lie on the disk; none in a bare repository.
    work_tree: Option<PathBuf>,
    git: Option<GitDirs>,
}

#[derive(Clone, Debug)]
struct GitDirs {
    /// What belongs to this work tree: `HEAD`, the index.
    own: PathBuf,
    /// What all work trees share: objects, branches.
    common: PathBuf,
}

impl Store {
    /// Opens exactly this directory.
    ///
    /// # Errors
    ///
    /// It is neither a git repository nor a folder with a folder `osv`, or git does not trust or understand it.
    pub fn open(dir: &Path) -> Result<Store, Error> {
        let dir = std::path::absolute(dir).map_err(Error::disk("find", dir))?;
        match git::open(&dir) {
            Ok(repository) => Ok(Store::of_repository(dir, &repository)),
            Err(Error::NoDatabase { .. }) if is_folder(&dir.join("osv")) => {
                Ok(Store { work_tree: Some(dir.clone()), dir, git: None })
            }
            Err(error) => Err(error),
        }
    }

    /// Opens the nearest database from a directory upwards.
    ///
    /// # Errors
    ///
    /// There is none, or git does not trust or understand the one there is.
    pub fn find(from: &Path) -> Result<Store, Error> {
        let start = std::path::absolute(from).map_err(Error::disk("find", from))?;
        // A package can have the name `osv`, so that the folder alone proves little.
        let mut likely = None;
        for dir in start.ancestors() {
            match Store::open(dir) {
                Ok(store) if store.git.is_some() || has_database(dir) => return Ok(store),
                Ok(store) => likely = likely.or(Some(store)),
                Err(Error::NoDatabase { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        likely.ok_or_else(|| Error::NotFound { from: from.to_owned() })
    }

    fn of_repository(dir: PathBuf, repository: &Repository) -> Store {
        let git = GitDirs { own: repository.path().to_owned(), common: repository.commondir().to_owned() };
        let work_tree = repository.workdir().map(Path::to_owned);
        Store { dir, work_tree, git: Some(git) }
    }

    /// Where the files lie on the disk; none in a bare repository.
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// Whether it is a git repository without a work tree.
    pub fn is_bare(&self) -> bool {
        self.work_tree.is_none()
    }

    /// Whether it is a git repository at all, and no plain folder.
    pub fn is_git(&self) -> bool {
        self.git.is_some()
    }

    /// The git directory that all work trees of the repository share; none for a plain folder.
    pub fn common_dir(&self) -> Option<&Path> {
        self.git.as_ref().map(|git| git.common.as_path())
    }

    pub(crate) fn no_git(&self) -> Error {
        Error::NoGit { dir: self.dir.clone() }
    }

    pub(crate) fn no_work_tree(&self) -> Error {
        Error::NoWorkTree { dir: self.dir.clone() }
    }

    /// The git directory of this work tree.
    pub(crate) fn own_git_dir(&self) -> Result<&Path, Error> {
        self.git.as_ref().map(|git| git.own.as_path()).ok_or_else(|| self.no_git())
    }

    /// Every file of the database in a tree.
    ///
    /// # Errors
    ///
    /// The tree is not there, is damaged, or holds what no path can name; a folder on the disk cannot be listed.
    pub fn snapshot(&self, at: At) -> Result<Snapshot, Error> {
        match at {
            At::Commit(id) => {
                let commit = read_commit(&self.repository()?, id.oid()?)?;
                self.snapshot_of_tree(commit.tree)
            }
            At::WorkingTree => {
                let root = self.work_tree().ok_or_else(|| self.no_work_tree())?;
                let mut entries = folder::list(root)?;
                let files = FolderContents { root: root.to_owned() };
                if !self.is_git() {
                    return Ok(Snapshot::new(None, entries, Arc::new(files)));
                }
                let repository = self.repository()?;
                // Without an index that can be read, the disk alone speaks; a sparse checkout needs it.
                match staged::read(&repository) {
                    Ok(index) => {
                        staged::trust(&repository, &index, root, &mut entries);
                        entries.extend(sparse::absent(&index, root)?);
                    }
                    Err(error) if sparse::is_sparse(&repository) => return Err(error),
                    Err(_) => {}
                }
                let blobs = GitContents { objects: self.objects()? };
                Ok(Snapshot::new(None, entries, Arc::new(sparse::WorkTreeContents { files, blobs })))
            }
            At::Index => {
                let entries = staged::list(&staged::read(&self.repository()?)?)?;
                Ok(Snapshot::new(None, entries, Arc::new(GitContents { objects: self.objects()? })))
            }
        }
    }

    /// The files that configure the database in a tree, without its reports.
    ///
    /// # Errors
    ///
    /// As for [`snapshot`](Self::snapshot).
    pub fn configuration(&self, tree: TreeId) -> Result<Snapshot, Error> {
        let objects = self.objects()?;
        let roots: Vec<&str> = ROOTS.into_iter().filter(|root| *root != "osv").collect();
        let entries = listing::list(&objects, tree, &roots)?;
        Ok(Snapshot::new(None, entries, Arc::new(GitContents { objects })))
    }

    fn snapshot_of_tree(&self, tree: TreeId) -> Result<Snapshot, Error> {
        let objects = self.objects()?;
        let entries = listing::list(&objects, tree, &ROOTS)?;
        Ok(Snapshot::new(Some(tree), entries, Arc::new(GitContents { objects })))
    }

    /// Whoever reads blobs of this repository, for files that are known by their ids.
    ///
    /// # Errors
    ///
    /// It is a plain folder.
    pub fn blobs(&self) -> Result<Snapshot, Error> {
        Ok(Snapshot::new(None, Vec::new(), Arc::new(GitContents { objects: self.objects()? })))
    }

    /// The bytes of one file as it lies on the disk, without listing the others; none where there is no such file.
    ///
    /// # Errors
    ///
    /// There is no work tree, or the file is there and cannot be read.
    pub fn read_on_disk(&self, path: &TreePath) -> Result<Option<Vec<u8>>, Error> {
        let root = self.work_tree().ok_or_else(|| self.no_work_tree())?;
        let file = root.join(path.as_str());
        match file.symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::disk("look at", file)(error)),
            Ok(_) => {}
        }
        let mut bytes = Vec::new();
        let read = FolderContents { root: root.to_owned() }.read_one(path, &mut bytes);
        read.map_err(|error| Error::disk("read", &file)(std::io::Error::other(error.reason)))?;
        Ok(Some(bytes))
    }

    pub(crate) fn objects(&self) -> Result<Arc<Objects>, Error> {
        let common = self.common_dir().ok_or_else(|| self.no_git())?;
        Ok(Arc::new(Objects::new(&self.dir, common)))
    }

    pub(crate) fn repository(&self) -> Result<Repository, Error> {
        if self.is_git() { git::open(&self.dir) } else { Err(self.no_git()) }
    }
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

fn has_database(dir: &Path) -> bool {
    dir.join(CONFIG_FILE).is_file() || Base::ALL.iter().any(|base| is_folder(&dir.join(base.folder())))
}
