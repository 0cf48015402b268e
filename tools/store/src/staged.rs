//! Git's index as a tree of the database, and what it knows about the files of the work tree.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use database::{BlobId, Content, Entry, ROOTS, TreePath};
use git2::{Index, IndexEntry, IndexEntryExtendedFlag, IndexEntryFlag, IndexTime, Repository};
use rayon::prelude::*;

use crate::Error;
use crate::folder::on_disk;
use crate::listing::{NO_TEXT, invalid_name};
use crate::revision::CommitId;
use crate::sparse::{index_unread, is_left_out};

/// The largest file of attributes that is read.
const ATTRIBUTES_SIZE_MAX: u64 = 1 << 20;

/// Reads git's index as it is now.
pub(crate) fn read(repository: &Repository) -> Result<Index, Error> {
    repository.index().map_err(Error::git(index_unread()))
}

/// The files of the database that are staged. A path in conflict is no file.
pub(crate) fn list(index: &Index) -> Result<Vec<Entry>, Error> {
    let mut entries: Vec<Entry> = Vec::with_capacity(index.len());
    for member in index.iter().filter(is_ours) {
        if member.flags_extended & IndexEntryExtendedFlag::INTENT_TO_ADD.bits() != 0 {
            continue;
        }
        let Some(entry) = entry(&member)? else { continue };
        let is_again = entries.last().is_some_and(|last| last.path == entry.path);
        match entries.last_mut() {
            // The stages of a conflict stand one behind the other.
            Some(last) if is_again => last.content = entry.content,
            _ => entries.push(entry),
        }
    }
    Ok(entries)
}

/// Whether a member lies where the database does.
pub(crate) fn is_ours(member: &IndexEntry) -> bool {
    let first = member.path.split(|&b| b == b'/').next().unwrap_or_default();
    ROOTS.iter().any(|root| root.as_bytes() == first)
}

/// A member as an entry; none where its id is none of SHA-1.
pub(crate) fn entry(member: &IndexEntry) -> Result<Option<Entry>, Error> {
    let path = TreePath::new(String::from_utf8_lossy(&member.path))
        .map_err(|error| Error::tree(".", invalid_name(&member.path, &error)))?;
    let content = match (std::str::from_utf8(&member.path), CommitId::of(member.id), member.mode) {
        _ if stage(member) != 0 => Content::NotAFile("a file in conflict"),
        (Err(_), ..) => Content::NotAFile(NO_TEXT),
        (_, _, 0o120_000) => Content::NotAFile("a symbolic link"),
        (_, _, 0o160_000) => Content::NotAFile("a submodule"),
        (_, Some(id), _) => Content::Blob(BlobId(id.0)),
        (_, None, _) => return Ok(None),
    };
    Ok(Some(Entry { path, content }))
}

fn stage(member: &IndexEntry) -> u16 {
    (member.flags >> 12) & 3
}

/// Lets the index speak for the files on the disk that did not change since it saw them: their blobs lie in packs, which
/// are read several times as fast as files.
pub(crate) fn trust(repository: &Repository, index: &Index, root: &Path, entries: &mut [Entry]) {
    if !is_stored_as_it_lies(repository, root, entries) {
        return;
    }
    // What changed in the very moment in which the index was written looks the same afterwards.
    let Some(written) = index.path().and_then(|path| fs::metadata(path).ok()).map(|found| time_of(&found).0) else {
        return;
    };
    let seen: HashMap<Vec<u8>, IndexEntry> = index
        .iter()
        .filter(|member| is_ours(member) && stage(member) == 0 && !is_left_out(member.flags_extended))
        .filter(|member| member.flags & IndexEntryFlag::VALID.bits() == 0 && member.mode & 0o170_000 == 0o100_000)
        .filter(|member| is_before(member.mtime, written))
        .map(|member| (member.path.clone(), member))
        .collect();
    entries.par_iter_mut().filter(|entry| entry.content == Content::File).for_each(|entry| {
        let Some(member) = seen.get(entry.path.as_str().as_bytes()) else { return };
        let place = on_disk(root, &entry.path).and_then(|place| fs::symlink_metadata(place).ok());
        if let (Some(found), Some(id)) = (place, CommitId::of(member.id))
            && is_unchanged(&found, member)
        {
            entry.content = Content::Blob(BlobId(id.0));
        }
    });
}

/// Whether the bytes of files and blobs are the same here: nothing is converted on the way.
fn is_stored_as_it_lies(repository: &Repository, root: &Path, entries: &[Entry]) -> bool {
    let config = repository.config();
    let converts = config.is_ok_and(|config| {
        config.get_string("core.autocrlf").is_ok_and(|value| value != "false")
            || config.get_string("core.eol").is_ok_and(|value| value == "crlf")
    });
    let nested = entries.iter().filter(|entry| entry.path.file_name() == ".gitattributes");
    let files = nested
        .map(|entry| root.join(entry.path.as_str()))
        .chain([root.join(".gitattributes"), repository.commondir().join("info/attributes")]);
    !converts && files.into_iter().all(|file| converts_nothing(&file).unwrap_or(false))
}

/// Whether a file of attributes, there or not, leaves files as they lie. Of one that cannot be read nobody knows.
fn converts_nothing(file: &Path) -> io::Result<bool> {
    let found = match fs::symlink_metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        found => found?,
    };
    if !found.is_file() {
        return Ok(false);
    }
    let mut text = Vec::new();
    // The file may grow between the look and the reading.
    File::open(file)?.take(ATTRIBUTES_SIZE_MAX + 1).read_to_end(&mut text)?;
    Ok(text.len() as u64 <= ATTRIBUTES_SIZE_MAX && !names_a_conversion(&String::from_utf8_lossy(&text)))
}

fn names_a_conversion(attributes: &str) -> bool {
    ["filter", "ident", "encoding", "crlf"].iter().any(|word| attributes.contains(word))
}

#[cfg(unix)]
fn is_unchanged(found: &fs::Metadata, member: &IndexEntry) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (modified, changed) = time_of(found);
    // The index keeps the lowest 32 bits of each.
    found.is_file()
        && found.len() as u32 == member.file_size
        && (member.file_size != 0 || is_empty_blob(member))
        && found.ino() as u32 == member.ino
        && is_same(modified, member.mtime)
        && is_same(changed, member.ctime)
}

/// Whether what is staged is nothing at all. Of any other blob a size of 0 says that git does not know whether the file
/// changed while the index was written.
#[cfg(unix)]
fn is_empty_blob(member: &IndexEntry) -> bool {
    git2::Oid::hash_object(git2::ObjectType::Blob, b"").is_ok_and(|empty| empty == member.id)
}

#[cfg(unix)]
fn time_of(found: &fs::Metadata) -> ((i64, i64), (i64, i64)) {
    use std::os::unix::fs::MetadataExt;
    ((found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec()))
}

#[cfg(not(unix))]
fn is_unchanged(_: &fs::Metadata, _: &IndexEntry) -> bool {
    false
}

#[cfg(not(unix))]
fn time_of(_: &fs::Metadata) -> ((i64, i64), (i64, i64)) {
    ((0, 0), (0, 0))
}

fn is_same(time: (i64, i64), seen: IndexTime) -> bool {
    time.0 as i32 == seen.seconds() && time.1 as u32 == seen.nanoseconds()
}

fn is_before(seen: IndexTime, time: (i64, i64)) -> bool {
    (i64::from(seen.seconds()), i64::from(seen.nanoseconds())) < time
}
