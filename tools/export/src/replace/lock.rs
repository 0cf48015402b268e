//! One process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::Error;

/// A lock that the system takes back when the process ends, however it ends.
pub(super) struct Lock {
    path: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the lock of the release in `dir`.
    pub(super) fn take(path: &Path, dir: &Path) -> Result<Lock, Error> {
        loop {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
                .map_err(|error| cannot_create(error, path, dir))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(Error::Busy(dir.to_owned())),
                Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
            }
            // Whoever held it before may have removed it between the two calls: then nobody else will see our lock.
            if is_at(&file, path).map_err(Error::io("look at", path))? {
                return Ok(Lock { path: path.to_owned(), _file: file });
            }
        }
    }
}

/// The first thing that is written shows whether anything can be.
fn cannot_create(error: io::Error, path: &Path, dir: &Path) -> Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::Refused {
            dir: dir.to_owned(),
            reason: "the folder around it cannot be written to; a release is made beside the one that it replaces",
        },
        _ => Error::io("create", path)(error),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // While it is locked, so that nobody can have taken it. One that stays hinders nobody.
        if cfg!(unix) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;

    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((ours.dev(), ours.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere the file is never removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}
