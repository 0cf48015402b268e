//! Putting a folder that somebody fills in the place of an older release, in one step.
//!
//! Beside the folder `out` there are, while a release is made: `.out.malpkg-lock`, which one process at a time holds;
//! `.out.malpkg-new`, the release that grows, and behind the exchange the older one that goes; and, only where the
//! file system cannot exchange two folders, `.out.malpkg-old`. Whoever holds the lock next removes what a killed
//! process left of them.

mod exchange;
mod lock;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use crate::{Error, manifest};
use lock::Lock;

/// Fills a new folder and puts it in the place of `dir`, which is a whole release before, during and after: at no
/// moment is it absent, partial or a mix. What `build` returns is returned.
///
/// `dir` may be absent, empty, an older release, or a symbolic link to one of these; an older release goes as a whole,
/// whatever else was put into it. Its permissions are kept.
///
/// # Errors
///
/// What `build` says. Else: `dir` holds something that is no release, another process is replacing it, or the folder
/// around it cannot be written to. In all these cases `dir` is as it was. Only if the older release could not be
/// removed after the exchange, `dir` is new and there is an error all the same.
pub fn replace<T, E: From<Error>>(dir: &Path, build: impl FnOnce(&Path) -> Result<T, E>) -> Result<T, E> {
    let place = Place::of(dir)?;
    let _lock = Lock::take(&place.beside("lock"), dir)?;
    place.recover()?;
    place.check()?;
    let new = place.beside("new");
    fs::create_dir(&new).map_err(Error::io("create", &new))?;
    let built = build(&new).and_then(|built| {
        sync(&new)?;
        // Much time has gone by: what is in the way now is looked at again.
        place.check()?;
        Ok(built)
    });
    let exchanged = built.and_then(|built| {
        place.exchange(&new)?;
        Ok(built)
    });
    // Behind the exchange this is the older release, before it what was not finished.
    let removed = remove(&new);
    let built = exchanged?;
    removed?;
    Ok(built)
}

/// A folder for a release, by its real path.
struct Place {
    dir: PathBuf,
    parent: PathBuf,
    name: OsString,
}

impl Place {
    fn of(dir: &Path) -> Result<Place, Error> {
        let refused = |reason| Error::Refused { dir: dir.to_owned(), reason };
        let real = match fs::canonicalize(dir) {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if fs::symlink_metadata(dir).is_ok() {
                    return Err(refused("it is a symbolic link to nothing"));
                }
                let name = dir.file_name().ok_or_else(|| refused("its path does not end in a name"))?;
                let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
                fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
                fs::canonicalize(parent).map_err(Error::io("find", parent))?.join(name)
            }
            Err(error) => return Err(Error::io("find", dir)(error)),
        };
        match (real.parent(), real.file_name()) {
            (Some(parent), Some(name)) => {
                Ok(Place { parent: parent.to_owned(), name: name.to_owned(), dir: real.clone() })
            }
            _ => Err(refused("it is the root of a file system; name a folder in it")),
        }
    }

    /// A name of ours in the folder around it.
    fn beside(&self, what: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(".malpkg-");
        name.push(what);
        self.parent.join(name)
    }

    /// Mends and removes what a killed process left.
    fn recover(&self) -> Result<(), Error> {
        let old = self.beside("old");
        if fs::symlink_metadata(&old).is_ok() && fs::symlink_metadata(&self.dir).is_err() {
            fs::rename(&old, &self.dir).map_err(Error::io("bring back", &self.dir))?;
        }
        remove(&old)?;
        remove(&self.beside("new"))
    }

    /// Looks whether what is there may go.
    fn check(&self) -> Result<(), Error> {
        let refused = |reason| Err(Error::Refused { dir: self.dir.clone(), reason });
        let metadata = match fs::symlink_metadata(&self.dir) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::io("look at", &self.dir)(error)),
        };
        if !metadata.is_dir() {
            return refused("it is not a folder");
        }
        let around = fs::metadata(&self.parent).map_err(Error::io("look at", &self.parent))?;
        if device(&metadata) != device(&around) {
            return refused("it is the root of a mounted file system; name a folder in it");
        }
        let is_empty = fs::read_dir(&self.dir).map_err(Error::io("read", &self.dir))?.next().is_none();
        if is_empty || is_release(&self.dir)? {
            return Ok(());
        }
        refused("it holds files and no manifest.json of an export; name a new or an empty folder")
    }

    /// Puts the new folder in place. Afterwards what was there before has the new folder's old path.
    fn exchange(&self, new: &Path) -> Result<(), Error> {
        let failed = || Error::io("put the release in place at", &self.dir);
        match fs::metadata(&self.dir) {
            Ok(metadata) => {
                fs::set_permissions(new, metadata.permissions()).map_err(Error::io("set the permissions of", new))?;
                if !exchange::in_one_step(new, &self.dir).map_err(failed())? {
                    exchange::in_two_steps(new, &self.dir, &self.beside("old")).map_err(failed())?;
                }
            }
            // Fails if a folder with something in it has come up since.
            Err(_) => fs::rename(new, &self.dir).map_err(failed())?,
        }
        sync_folder(&self.parent)
    }
}

/// Whether a folder is a release, by how its manifest begins.
fn is_release(dir: &Path) -> Result<bool, Error> {
    let path = dir.join(manifest::FILE);
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(Error::io("look at", &path)(error)),
    }
    let mut beginning = Vec::new();
    let file = File::open(&path).map_err(Error::io("open", &path))?;
    let length = manifest::BEGINNING.len() as u64;
    file.take(length).read_to_end(&mut beginning).map_err(Error::io("read", &path))?;
    Ok(beginning == manifest::BEGINNING)
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Brings a folder to the disk, so that a machine that loses power after the exchange does not find empty files.
fn sync(dir: &Path) -> Result<(), Error> {
    let found: Vec<_> = WalkDir::new(dir)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| Error::io("read", dir)(error.into()))?;
    found.par_iter().try_for_each(|found| {
        let path = found.path();
        if found.file_type().is_dir() {
            return sync_folder(path);
        }
        File::open(path).and_then(|file| file.sync_all()).map_err(Error::io("bring to the disk", path))
    })
}

/// A folder's names are on the disk only when it is brought there itself, where the system knows such a thing.
fn sync_folder(path: &Path) -> Result<(), Error> {
    if cfg!(unix) {
        File::open(path).and_then(|folder| folder.sync_all()).map_err(Error::io("bring to the disk", path))?;
    }
    Ok(())
}

#[cfg(unix)]
fn device(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::dev(metadata)
}

#[cfg(not(unix))]
fn device(_: &fs::Metadata) -> u64 {
    0
}
