//! The database's files on the disk: listing and reading a working tree or a plain folder.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use database::{Content, Contents, Entry, ROOTS, ReadError, TreePath, Visit};
use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use crate::Error;
use crate::git_contents::FILE_SIZE_MAX;
use crate::listing::{COUNT_MAX, DEPTH_MAX, NO_TEXT, invalid_name};

/// Lists the files of the database below a folder. Symbolic links are not followed, and `.git` is passed over.
pub(crate) fn list(root: &Path) -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    let mut count = 0;
    for name in ROOTS {
        let from = root.join(name);
        match from.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::disk("look at", from)(error)),
            Ok(_) => {}
        }
        let walk = WalkDir::new(&from).follow_links(false).follow_root_links(false).max_depth(DEPTH_MAX);
        for found in walk.into_iter().filter_entry(|found| found.file_name() != ".git") {
            let found = found.map_err(|error| {
                let path = error.path().unwrap_or(&from).to_owned();
                Error::disk("list", path)(error.into())
            })?;
            count += 1;
            if count > COUNT_MAX {
                return Err(Error::tree(name, format!("holds more than {COUNT_MAX} files and folders")));
            }
            if found.depth() == DEPTH_MAX && found.file_type().is_dir() {
                return Err(Error::tree(name, format!("holds folders deeper than {DEPTH_MAX}")));
            }
            entries.extend(entry(root, &found)?);
        }
    }
    Ok(entries)
}

/// What was found, as an entry; none for a folder.
fn entry(root: &Path, found: &DirEntry) -> Result<Option<Entry>, Error> {
    let below = found.path().strip_prefix(root).unwrap_or(found.path());
    let mut is_text = true;
    let mut path = String::new();
    for part in below.components() {
        let name = part.as_os_str();
        is_text &= name.to_str().is_some();
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(&name.to_string_lossy());
    }
    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned();
    let path = TreePath::new(path)
        .map_err(|error| Error::tree(folder, invalid_name(found.file_name().as_encoded_bytes(), &error)))?;
    let kind = found.file_type();
    Ok(if kind.is_dir() {
        None
    } else if kind.is_symlink() {
        Some(Entry { path, content: Content::NotAFile("a symbolic link") })
    } else if !kind.is_file() {
        Some(Entry { path, content: Content::NotAFile("no regular file") })
    } else if is_text {
        Some(Entry { path, content: Content::File })
    } else {
        Some(Entry { path, content: Content::NotAFile(NO_TEXT) })
    })
}

/// Where a path of the tree lies on this disk. None where a part of it would be read as something else here, as `C:`
/// is on Windows.
pub(crate) fn on_disk(root: &Path, path: &TreePath) -> Option<PathBuf> {
    let mut place = root.to_owned();
    for part in path.parts() {
        let mut components = Path::new(part).components();
        match (components.next(), components.next()) {
            (Some(Component::Normal(name)), None) if name == part => place.push(name),
            _ => return None,
        }
    }
    Some(place)
}

/// Reads files below a folder.
pub(crate) struct FolderContents {
    pub(crate) root: PathBuf,
}

impl Contents for FolderContents {
    fn read(&self, wanted: &[&Entry], visit: &Visit<'_>) {
        wanted.par_iter().enumerate().for_each_init(Vec::new, |bytes, (at, entry)| {
            let read = self.read_one(&entry.path, bytes);
            visit(at, read.map(|()| bytes.as_slice()));
        });
    }
}

impl FolderContents {
    pub(crate) fn read_one(&self, path: &TreePath, bytes: &mut Vec<u8>) -> Result<(), ReadError> {
        let content = |reason: &str| ReadError::of_content(path, reason);
        let system = |error: io::Error| ReadError::of_system(path, error.to_string());
        bytes.clear();
        let place = on_disk(&self.root, path).ok_or_else(|| content("this system has no file of that name"))?;
        let found = fs::symlink_metadata(&place).map_err(system)?;
        if found.is_symlink() {
            return Err(content("it is a symbolic link"));
        }
        if !found.is_file() {
            return Err(content("it is no regular file"));
        }
        let too_large =
            |size: u64| content(&format!("it has {size} bytes, more than the {FILE_SIZE_MAX} that are read"));
        if found.len() > FILE_SIZE_MAX as u64 {
            return Err(too_large(found.len()));
        }
        let file = File::open(&place).map_err(system)?;
        // The file may grow between the look and the reading.
        file.take(FILE_SIZE_MAX as u64 + 1).read_to_end(bytes).map_err(system)?;
        if bytes.len() > FILE_SIZE_MAX {
            return Err(too_large(bytes.len() as u64));
        }
        Ok(())
    }
}
