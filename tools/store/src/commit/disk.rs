//! Files of a working tree: how they stand to a change, and putting and removing them.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use database::TreePath;
use git2::{ObjectType, Oid, Repository, Status};

use super::CommitError;
use super::rewrite::{FileChange, hash};
use crate::Error;
use crate::folder::on_disk;
use crate::tree::{Member, Mode};

/// The name under which a file is written before it takes its place. Nothing takes it for a report.
const BESIDE: &str = ".malpkg-new";

/// How what lies on the disk stands to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// As it was before the change.
    Before,
    /// As it will be.
    After,
    /// A file with other content.
    Edited,
    /// A folder or something else that is no file.
    InTheWay,
    /// There is nothing, and there should be.
    Gone,
}

/// Where a path leads on the disk.
pub(crate) enum Way {
    /// Through real folders, all of them there.
    Open,
    /// Through a folder that is not there.
    Missing,
    /// Into a file, with its path: it would have to be a folder.
    File(TreePath),
    /// Through a symbolic link, with its path.
    Linked(TreePath),
}

/// The files of a working tree or a plain folder.
pub(crate) struct Disk<'d> {
    pub(crate) root: &'d Path,
    /// None for a plain folder, where nobody knows what a file was before.
    pub(crate) repository: Option<&'d Repository>,
    has_file_mode: bool,
}

impl<'d> Disk<'d> {
    pub(crate) fn new(root: &'d Path, repository: Option<&'d Repository>) -> Disk<'d> {
        let configured = repository.and_then(|repository| repository.config().ok()?.get_bool("core.fileMode").ok());
        Disk { root, repository, has_file_mode: cfg!(unix) && configured.unwrap_or(true) }
    }

    pub(crate) fn place(&self, path: &TreePath) -> Result<PathBuf, CommitError> {
        on_disk(self.root, path).ok_or_else(|| CommitError::conflict(path.as_str(), "is no name for a file here"))
    }

    /// Looks at the folders that lead to a path.
    pub(crate) fn way(&self, path: &TreePath) -> Result<Way, Error> {
        let mut place = self.root.to_owned();
        let mut end = 0;
        for part in path.parts().take(path.parts().count() - 1) {
            place.push(part);
            end += part.len() + usize::from(end > 0);
            let above =
                || TreePath::new(&path.as_str()[..end]).map_err(|error| Error::tree(path.as_str(), error.to_string()));
            match fs::symlink_metadata(&place) {
                Ok(found) if found.is_dir() => {}
                Ok(found) if found.is_symlink() => return Ok(Way::Linked(above()?)),
                Ok(_) => return Ok(Way::File(above()?)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Way::Missing),
                Err(error) => return Err(Error::disk("look at", place)(error)),
            }
        }
        Ok(Way::Open)
    }

    /// How the file on the disk stands to a change, and what the disk says about it.
    pub(crate) fn look(&self, change: &FileChange) -> Result<(Found, Option<Metadata>), CommitError> {
        let absent = match (change.before, change.after) {
            (None, _) => Found::Before,
            (_, None) => Found::After,
            _ => Found::Gone,
        };
        match self.way(&change.path)? {
            Way::Open => {}
            Way::Missing | Way::File(_) => return Ok((absent, None)),
            Way::Linked(path) => return Err(CommitError::Linked(path)),
        }
        let place = self.place(&change.path)?;
        let found = match fs::symlink_metadata(&place) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((absent, None)),
            Err(error) => return Err(Error::disk("look at", place)(error).into()),
        };
        if found.is_symlink() {
            let target = fs::read_link(&place).map_err(Error::disk("read", &place))?;
            let id = hash(ObjectType::Blob, target.as_os_str().as_encoded_bytes())?;
            let is_before = change.before == Some(Member { mode: Mode::SymbolicLink, id });
            return Ok((if is_before { Found::Before } else { Found::InTheWay }, None));
        }
        if !found.is_file() {
            return Ok((Found::InTheWay, None));
        }
        let id = Oid::hash_file(ObjectType::Blob, &place).map_err(Error::git(format!("read {}", place.display())))?;
        let is = |member: Member| {
            let mode = !self.has_file_mode || is_executable(&found) == member.mode.is_executable();
            mode && matches!(member.mode, Mode::File(_)) && id.as_bytes() == member.id
        };
        let stands = if change.before.is_some_and(is) {
            Found::Before
        } else if change.after.is_some_and(is) {
            Found::After
        } else if self.repository.is_none() || self.is_before_in_another_form(change) {
            Found::Before
        } else {
            Found::Edited
        };
        Ok((stands, Some(found)))
    }

    /// git may keep another form of a file on the disk than in the repository, for example with other line ends.
    fn is_before_in_another_form(&self, change: &FileChange) -> bool {
        let (Some(before), Some(repository)) = (change.before, self.repository) else { return false };
        let path = Path::new(change.path.as_str());
        let staged = repository.index().ok().and_then(|index| index.get_path(path, 0));
        let edits =
            Status::WT_NEW | Status::WT_MODIFIED | Status::WT_DELETED | Status::WT_TYPECHANGE | Status::CONFLICTED;
        staged.is_some_and(|staged| staged.id.as_bytes() == before.id)
            && repository.status_file(path).is_ok_and(|status| !status.intersects(edits))
    }

    /// Makes the folders that lead to a path. Never through a link.
    pub(crate) fn make_way(&self, path: &TreePath) -> Result<(), CommitError> {
        match self.way(path)? {
            Way::Open => Ok(()),
            Way::Linked(link) => Err(CommitError::Linked(link)),
            Way::File(file) => Err(CommitError::conflict(file.as_str(), "is a file on the disk, and must be a folder")),
            Way::Missing => {
                let place = self.place(path)?;
                let folder = place.parent().unwrap_or(self.root);
                fs::create_dir_all(folder).map_err(|error| Error::disk("create", folder)(error).into())
            }
        }
    }

    pub(crate) fn remove(&self, path: &TreePath) -> Result<(), CommitError> {
        let place = self.place(path)?;
        match fs::remove_file(&place) {
            Err(error) if !is_absence(&error) => Err(Error::disk("remove", place)(error).into()),
            _ => Ok(()),
        }
    }

    /// Removes the folders above a path that are empty, but for the uppermost: a database keeps its folder `osv`.
    pub(crate) fn prune(&self, path: &TreePath) {
        let Some(place) = on_disk(self.root, path) else { return };
        for folder in place.ancestors().skip(1) {
            if folder == self.root || folder.parent() == Some(self.root) || fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
}

/// Whether an error says that there is no such file; a file among the folders above it says so too.
fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Puts a file in its place, whole or not at all, and gives what the disk says about it, where nobody touched it since.
pub(crate) fn put(place: &Path, bytes: &[u8], is_executable: bool) -> Result<Option<Metadata>, Error> {
    let beside = place.with_file_name(BESIDE);
    let written = write_beside(&beside, bytes, is_executable).and_then(|written| {
        fs::rename(&beside, place)?;
        Ok(written)
    });
    match written {
        Ok(written) => Ok(fs::symlink_metadata(place).ok().filter(|now| {
            now.is_file() && now.len() == written.len() && now.modified().ok() == written.modified().ok()
        })),
        Err(error) => {
            let _ = fs::remove_file(&beside);
            Err(Error::disk("write", place)(error))
        }
    }
}

/// Brings what a folder lists to the disk. Not every system can; what cannot be brought now comes by itself.
pub(crate) fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|open| open.sync_all());
}

fn write_beside(beside: &Path, bytes: &[u8], is_executable: bool) -> io::Result<Metadata> {
    // One that was left by a run that was killed.
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = new_file(beside, is_executable)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    file.metadata()
}

#[cfg(unix)]
fn new_file(path: &Path, is_executable: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(if is_executable { 0o777 } else { 0o666 }).open(path)
}

#[cfg(not(unix))]
fn new_file(path: &Path, _is_executable: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(unix)]
pub(crate) fn is_executable(found: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    found.permissions().mode() & 0o100 != 0
}

#[cfg(not(unix))]
pub(crate) fn is_executable(_found: &Metadata) -> bool {
    false
}
