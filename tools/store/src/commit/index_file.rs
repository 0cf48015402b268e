//! git's index of a work tree: whether it has edits of its own, and bringing it forward.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use database::TreePath;
use git2::{Index, IndexEntry, IndexTime, Oid};

use super::follow::Settled;
use super::pending::Desk;
use super::rewrite::FileChange;
use crate::Error;
use crate::sparse::{index_unread, is_left_out};
use crate::tree::{Member, Mode};

/// The index of a work tree, as a copy that takes its place in the end. git's lock must be held.
pub(crate) struct IndexFile {
    place: PathBuf,
    copy: PathBuf,
    index: Index,
}

impl IndexFile {
    pub(crate) fn open(git_dir: &Path, desk: &Desk) -> Result<IndexFile, Error> {
        let (place, copy) = (git_dir.join("index"), desk.folder().join("index"));
        match fs::copy(&place, &copy) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // A repository without a commit may have none; one that was left here is not it.
                let _ = fs::remove_file(&copy);
            }
            copied => drop(copied.map_err(Error::disk("copy", &place))?),
        }
        // What libgit2 leaves when it is killed while it writes the copy.
        let _ = fs::remove_file(desk.folder().join("index.lock"));
        let index = Index::open(&copy).map_err(Error::git(index_unread()))?;
        Ok(IndexFile { place, copy, index })
    }

    /// Whether the index holds something else at a path than before the change or after it.
    pub(crate) fn is_edited(&self, file: &FileChange) -> bool {
        let path = Path::new(file.path.as_str());
        let has_conflict = (1..=3).any(|stage| self.index.get_path(path, stage).is_some());
        let staged = self.index.get_path(path, 0);
        has_conflict || !(is(staged.as_ref(), file.before) || is(staged.as_ref(), file.after))
    }

    /// Whether a path is left out of a sparse checkout.
    pub(crate) fn is_left_out(&self, path: &TreePath) -> bool {
        let staged = self.index.get_path(Path::new(path.as_str()), 0);
        staged.is_some_and(|staged| is_left_out(staged.flags_extended))
    }

    /// Brings the index from before the change to after it. A path with edits of its own stays as it is.
    pub(crate) fn bring_forward(mut self, files: &[FileChange], settled: &Settled) -> Result<(), Error> {
        let doing = || Error::git("change git's index");
        let mut puts = Vec::new();
        for file in files {
            if self.is_edited(file) {
                continue;
            }
            let path = Path::new(file.path.as_str());
            let staged = self.index.get_path(path, 0);
            match file.after {
                None if staged.is_some() => self.index.remove(path, 0).map_err(doing())?,
                None => {}
                Some(after) => {
                    let flags = staged.map_or(0, |staged| staged.flags_extended);
                    puts.push(entry(file, after, settled.get(&file.path), flags).map_err(doing())?);
                }
            }
        }
        for put in &puts {
            self.index.add(put).map_err(doing())?;
        }
        self.index.write().map_err(Error::git("write git's index"))?;
        fs::rename(&self.copy, &self.place).map_err(Error::disk("replace", &self.place))
    }
}

fn is(staged: Option<&IndexEntry>, member: Option<Member>) -> bool {
    match (staged, member) {
        (None, None) => true,
        (Some(staged), Some(member)) => staged.id.as_bytes() == member.id && staged.mode == bits(member.mode),
        _ => false,
    }
}

/// Old trees know more modes than the index does.
fn bits(mode: Mode) -> u32 {
    match mode {
        Mode::File(_) if mode.is_executable() => 0o100_755,
        Mode::File(_) => Mode::PLAIN_FILE.bits(),
        other => other.bits(),
    }
}

/// A member of the index. Without the disk's data git looks at the file itself the next time.
fn entry(file: &FileChange, after: Member, found: Option<&Metadata>, flags: u16) -> Result<IndexEntry, git2::Error> {
    let mut entry = IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: bits(after.mode),
        uid: 0,
        gid: 0,
        file_size: 0,
        id: Oid::from_bytes(&after.id)?,
        flags: 0,
        flags_extended: flags,
        path: file.path.as_str().as_bytes().to_vec(),
    };
    if let Some(found) = found {
        fill(&mut entry, found);
    }
    Ok(entry)
}

/// git keeps the low 32 bits of each number.
#[cfg(unix)]
fn fill(entry: &mut IndexEntry, found: &Metadata) {
    use std::os::unix::fs::MetadataExt;
    entry.ctime = IndexTime::new(found.ctime() as i32, found.ctime_nsec() as u32);
    entry.mtime = IndexTime::new(found.mtime() as i32, found.mtime_nsec() as u32);
    (entry.dev, entry.ino) = (found.dev() as u32, found.ino() as u32);
    (entry.uid, entry.gid, entry.file_size) = (found.uid(), found.gid(), found.size() as u32);
}

#[cfg(not(unix))]
fn fill(_entry: &mut IndexEntry, _found: &Metadata) {}
