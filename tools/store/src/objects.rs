//! Reading objects of a repository: many at once along the packs, single ones through libgit2.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use git2::{ErrorCode, ObjectType, Odb, OdbLookupFlags, Oid, Repository};
use rayon::prelude::*;

use crate::pack::{Kind, Packs};
use crate::{Error, git};

/// From how many objects on it pays to read the indexes of the packs and to go along them.
const MANY: usize = 256;

/// How much is read of a list of folders that objects are borrowed from.
const LIST_MAX: u64 = 1 << 20;

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("{}", crate::NOT_HERE)]
    NotHere,
    /// As [`NotHere`](Self::NotHere), where nothing may be missing.
    #[error("git does not have it, and this is no partial clone: run `git fsck`")]
    Lost,
    #[error("it has {size} bytes, more than the {limit} that are read")]
    TooLarge { size: usize, limit: usize },
    #[error("git has a {0} there")]
    OtherKind(&'static str),
    #[error("git cannot read it: {0}")]
    Unreadable(String),
}

/// What is called for each object that was asked for: its number in the list, and its bytes.
pub(crate) type VisitObject<'v> = dyn Fn(usize, Result<&[u8], ObjectError>) + Sync + 'v;

/// The objects of one repository.
pub(crate) struct Objects {
    /// The directory that is opened.
    dir: PathBuf,
    folders: Vec<PathBuf>,
    packs: OnceLock<Packs>,
    /// Whether objects may be missing, once that was asked.
    is_partial: OnceLock<bool>,
    /// Handles that nobody uses now: one of libgit2's serves one thread at a time.
    handles: Mutex<Vec<Repository>>,
}

impl Objects {
    pub(crate) fn new(dir: &Path, common_dir: &Path) -> Objects {
        let folders = object_folders(common_dir.join("objects"));
        Objects {
            dir: dir.to_owned(),
            folders,
            packs: OnceLock::new(),
            is_partial: OnceLock::new(),
            handles: Mutex::default(),
        }
    }

    /// Reads objects of one kind, several at once, and calls `visit` exactly once for each.
    pub(crate) fn read(&self, wanted: &[[u8; 20]], kind: Kind, limit: usize, visit: &VisitObject<'_>) {
        let rest: Vec<usize> = if wanted.len() < MANY {
            (0..wanted.len()).collect()
        } else {
            let packs = self.packs.get_or_init(|| Packs::find(&self.folders));
            let is_read = packs.read(wanted, kind, limit, &|at, bytes| visit(at, Ok(bytes)));
            (0..wanted.len()).filter(|&at| !is_read[at]).collect()
        };
        let share = rest.len().div_ceil(rayon::current_num_threads()).max(16);
        rest.par_chunks(share).for_each(|share| self.look_up(wanted, share, kind, limit, visit));
    }

    /// The bytes of one object.
    pub(crate) fn read_one(&self, id: [u8; 20], kind: Kind, limit: usize) -> Result<Vec<u8>, ObjectError> {
        let unread = || Err(ObjectError::Unreadable("it was not read".to_owned()));
        let read = Mutex::new(unread());
        self.read(&[id], kind, limit, &|_, bytes| {
            if let Ok(mut read) = read.lock() {
                *read = bytes.map(<[u8]>::to_vec);
            }
        });
        read.into_inner().unwrap_or_else(|_| unread())
    }

    fn look_up(&self, wanted: &[[u8; 20]], share: &[usize], kind: Kind, limit: usize, visit: &VisitObject<'_>) {
        let handle = match self.take() {
            Ok(handle) => handle,
            Err(reason) => {
                share.iter().for_each(|&at| visit(at, Err(ObjectError::Unreadable(reason.clone()))));
                return;
            }
        };
        match handle.odb() {
            Ok(odb) => {
                let mut was_missing = false;
                for &at in share {
                    let read = Oid::from_bytes(&wanted[at])
                        .map_err(|error| ObjectError::Unreadable(error.message().to_owned()))
                        .and_then(|id| look_up_one(&odb, id, kind, limit, was_missing));
                    was_missing |= matches!(read, Err(ObjectError::NotHere));
                    let bytes = read.as_ref().map(git2::OdbObject::data);
                    visit(at, bytes.map_err(|error| self.explain(&handle, error)));
                }
            }
            Err(error) => {
                let reason = error.message().to_owned();
                share.iter().for_each(|&at| visit(at, Err(ObjectError::Unreadable(reason.clone()))));
            }
        }
        if let Ok(mut handles) = self.handles.lock() {
            handles.push(handle);
        }
    }

    /// The error itself, but in a whole clone a missing object is a lost one.
    fn explain(&self, handle: &Repository, error: &ObjectError) -> ObjectError {
        let is_partial = || *self.is_partial.get_or_init(|| is_partial(handle, &self.folders));
        if *error == ObjectError::NotHere && !is_partial() { ObjectError::Lost } else { error.clone() }
    }

    fn take(&self) -> Result<Repository, String> {
        let kept = self.handles.lock().ok().and_then(|mut handles| handles.pop());
        kept.map_or_else(|| git::open(&self.dir).map_err(|error: Error| error.to_string()), Ok)
    }
}

/// A missing object makes libgit2 look through the folder again, in case it came meanwhile; once is enough.
fn look_up_one<'o>(
    odb: &'o Odb<'_>,
    id: Oid,
    kind: Kind,
    limit: usize,
    was_missing: bool,
) -> Result<git2::OdbObject<'o>, ObjectError> {
    if was_missing && !odb.exists_ext(id, OdbLookupFlags::NO_REFRESH) {
        return Err(ObjectError::NotHere);
    }
    let failed = |error: git2::Error| match error.code() {
        ErrorCode::NotFound => ObjectError::NotHere,
        _ => ObjectError::Unreadable(error.message().to_owned()),
    };
    let (size, found) = odb.read_header(id).map_err(failed)?;
    let expected = match kind {
        Kind::Tree => ObjectType::Tree,
        Kind::Blob => ObjectType::Blob,
    };
    if found != expected {
        return Err(ObjectError::OtherKind(found.str()));
    }
    if size > limit {
        return Err(ObjectError::TooLarge { size, limit });
    }
    odb.read(id).map_err(failed)
}

/// Whether some remote promises to have what is missing here.
fn is_partial(repository: &Repository, folders: &[PathBuf]) -> bool {
    let is_configured = || -> Result<bool, git2::Error> {
        let config = repository.config()?;
        let mut keys = config.entries(Some("^remote\\..*\\.promisor$"))?;
        let mut is_promised = config.get_string("extensions.partialClone").is_ok();
        while let Some(key) = keys.next() {
            // A name alone, without a value, means true.
            let key = key?;
            is_promised |= !key.has_value() || git2::Config::parse_bool(key.value()?)?;
        }
        Ok(is_promised)
    };
    let is_promised = |folder: &PathBuf| {
        let files = fs::read_dir(folder.join("pack")).into_iter().flatten().flatten();
        files.map(|file| file.path()).any(|path| path.extension().is_some_and(|ext| ext == "promisor"))
    };
    is_configured().unwrap_or(false) || folders.iter().any(is_promised)
}

/// The folder of objects, and those that it borrows from.
fn object_folders(own: PathBuf) -> Vec<PathBuf> {
    let mut folders = vec![own];
    let mut at = 0;
    // git follows five steps; a circle ends because nothing is taken twice.
    while at < folders.len() && folders.len() < 64 {
        let listed = listed(&folders[at].join("info").join("alternates")).unwrap_or_default();
        for line in listed.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let folder = folders[at].join(line);
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        at += 1;
    }
    folders
}

/// The text of a list of folders. A link can lead to what has no end.
fn listed(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    if fs::metadata(file)?.is_file() {
        File::open(file)?.take(LIST_MAX).read_to_string(&mut text)?;
    }
    Ok(text)
}
