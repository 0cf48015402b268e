//! Bringing the files of a working tree from before a change to after it, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::path::PathBuf;

use database::TreePath;
use rayon::prelude::*;
use walkdir::WalkDir;

use super::CommitError;
use super::disk::{self, Disk, Found, Way};
use super::rewrite::FileChange;
use crate::Error;

/// What the disk says about the files that are now as the change has them.
pub(crate) type Settled = BTreeMap<TreePath, Metadata>;

/// The files whose local edits the change would overwrite.
pub(crate) fn local_edits(
    disk: &Disk<'_>,
    files: &[FileChange],
    is_left_out: impl Fn(&TreePath) -> bool,
) -> Result<Vec<TreePath>, CommitError> {
    let removed = removed(files);
    let mut edited = Vec::new();
    for file in files {
        let is_edited = match stand(disk, file, &removed)?.0 {
            Found::Before | Found::After => false,
            Found::Edited | Found::InTheWay => true,
            Found::Gone => !is_left_out(&file.path),
        };
        if is_edited {
            edited.push(file.path.clone());
        }
    }
    Ok(edited)
}

fn removed(files: &[FileChange]) -> BTreeSet<&str> {
    files.iter().filter(|file| file.after.is_none()).map(|file| file.path.as_str()).collect()
}

/// How the disk stands to the change of one file, the changes of the others considered: a file may become a folder.
fn stand(
    disk: &Disk<'_>,
    file: &FileChange,
    removed: &BTreeSet<&str>,
) -> Result<(Found, Option<Metadata>), CommitError> {
    let (found, data) = disk.look(file)?;
    let found = match (found, file.after) {
        (Found::InTheWay, None) if file.before.is_none() => Found::After,
        (Found::InTheWay, Some(_)) if is_emptied(disk, file, removed)? => Found::Before,
        (Found::Before, Some(_)) => match disk.way(&file.path)? {
            Way::File(above) if !removed.contains(above.as_str()) => Found::InTheWay,
            _ => Found::Before,
        },
        (found, _) => found,
    };
    Ok((found, data))
}

/// Whether what lies at the file's path is a folder of which the change removes everything.
fn is_emptied(disk: &Disk<'_>, file: &FileChange, removed: &BTreeSet<&str>) -> Result<bool, CommitError> {
    let place = disk.place(&file.path)?;
    if !fs::symlink_metadata(&place).is_ok_and(|found| found.is_dir()) {
        return Ok(false);
    }
    Ok(WalkDir::new(&place).into_iter().all(|found| {
        found.is_ok_and(|found| {
            let below = found.path().strip_prefix(disk.root).ok().and_then(|path| path.to_str());
            found.file_type().is_dir() || below.is_some_and(|path| removed.contains(path))
        })
    }))
}

/// Writes and removes files: puts before removes, so that whatever is killed between leaves a report twice, never none.
/// A file that has other edits by now stays as it is.
pub(crate) fn bring_forward(disk: &Disk<'_>, files: &[FileChange]) -> Result<Settled, CommitError> {
    let removed = removed(files);
    let mut settled = Settled::new();
    let (mut puts, mut removes) = (Vec::new(), Vec::new());
    for file in files {
        match (stand(disk, file, &removed)?, file.after) {
            ((Found::After, Some(found)), Some(_)) => {
                settled.insert(file.path.clone(), found);
            }
            ((Found::Before, _), Some(_)) => puts.push(file),
            ((Found::Before, _), None) => removes.push(file),
            _ => {}
        }
    }
    let putting: BTreeSet<&str> = puts.iter().map(|file| file.path.as_str()).collect();
    let above_puts: BTreeSet<&str> = puts.iter().flat_map(|file| folders_above(&file.path)).collect();
    // Where a file becomes a folder or a folder a file, the old must go first.
    let is_blocking = |file: &&FileChange| {
        above_puts.contains(file.path.as_str()) || folders_above(&file.path).any(|folder| putting.contains(folder))
    };
    let (blocking, later): (Vec<&FileChange>, Vec<&FileChange>) = removes.into_iter().partition(is_blocking);
    remove(disk, &blocking)?;
    settled.extend(put(disk, &puts, !later.is_empty())?);
    remove(disk, &later)?;
    Ok(settled)
}

fn remove(disk: &Disk<'_>, files: &[&FileChange]) -> Result<(), CommitError> {
    for file in files {
        disk.remove(&file.path)?;
        disk.prune(&file.path);
    }
    Ok(())
}

/// How many folders are written at once. More than there are processors: most of the time goes by waiting for the disk.
const WRITERS: usize = 16;
/// From how many folders on that pays.
const MANY: usize = 32;

fn put(disk: &Disk<'_>, files: &[&FileChange], must_stay: bool) -> Result<Settled, CommitError> {
    let mut folders: BTreeMap<PathBuf, Vec<(PathBuf, &FileChange, bool)>> = BTreeMap::new();
    for file in files {
        disk.make_way(&file.path)?;
        let place = disk.place(&file.path)?;
        let is_executable = match (disk.repository, fs::symlink_metadata(&place)) {
            (None, Ok(found)) => disk::is_executable(&found),
            _ => file.after.is_some_and(|after| after.mode.is_executable()),
        };
        let folder = place.parent().unwrap_or(disk.root).to_owned();
        folders.entry(folder).or_default().push((place, file, is_executable));
    }
    let put_folder = |(folder, files): (&PathBuf, &Vec<(PathBuf, &FileChange, bool)>)| {
        let mut settled = Settled::new();
        for (place, file, is_executable) in files {
            let bytes = file.bytes.as_deref().unwrap_or_default();
            if let Some(found) = disk::put(place, bytes, *is_executable)? {
                settled.insert(file.path.clone(), found);
            }
        }
        if must_stay {
            disk::sync_folder(folder);
        }
        Ok(settled)
    };
    let all = || folders.par_iter().map(put_folder).collect::<Result<Vec<Settled>, Error>>();
    let writers = (folders.len() >= MANY).then(|| rayon::ThreadPoolBuilder::new().num_threads(WRITERS).build().ok());
    let put = match writers.flatten() {
        Some(writers) => writers.install(all),
        None => all(),
    };
    Ok(put?.into_iter().flatten().collect())
}

fn folders_above(path: &TreePath) -> impl Iterator<Item = &str> {
    path.as_str().match_indices('/').map(|(at, _)| &path.as_str()[..at])
}
