//! Reading back the archives that are written here, and no others: what is not of our form is an error.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use database::REPORT_SIZE_MAX;

use crate::body::{Body, read_at};
use crate::zip::{DIRECTORY_ENTRY, END_OF_DIRECTORY, ZIP64_END_OF_DIRECTORY, ZIP64_LOCATOR};

/// The end of an archive, the Zip64 records before it, and the fixed part of an entry.
const END: usize = 22;
const LOCATOR: usize = 20;
const END_64: usize = 56;
const ENTRY: usize = 46;
const LOCAL: u64 = 30;

/// The largest directory that is read.
const DIRECTORY_MAX: u64 = 1 << 30;

/// One record of an archive.
pub(crate) struct Zipped<'d> {
    /// Its id.
    pub id: &'d str,
    /// Its text.
    pub body: Body,
}

/// An archive that was opened.
pub(crate) struct Archive {
    file: Arc<File>,
    directory: Vec<u8>,
    /// How many records there are, and where the last of them ends.
    count: u64,
    end: u64,
}

impl Archive {
    /// Opens an archive.
    pub(crate) fn open(path: &Path) -> io::Result<Archive> {
        let file = Arc::new(File::open(path)?);
        let length = file.metadata()?.len();
        let end = part(&file, length.checked_sub(END as u64), END)?;
        if u32_at(&end, 0)? != END_OF_DIRECTORY || u16_at(&end, 20)? != 0 {
            return Err(other("it does not end as an archive of ours"));
        }
        let mut count = u64::from(u16_at(&end, 10)?);
        let mut size = u64::from(u32_at(&end, 12)?);
        let mut at = u64::from(u32_at(&end, 16)?);
        let before = length - END as u64;
        if before >= (LOCATOR + END_64) as u64 {
            let locator = part(&file, Some(before - LOCATOR as u64), LOCATOR)?;
            if u32_at(&locator, 0)? == ZIP64_LOCATOR {
                let end = part(&file, Some(u64_at(&locator, 8)?), END_64)?;
                if u32_at(&end, 0)? != ZIP64_END_OF_DIRECTORY {
                    return Err(other("its second end is not where it says"));
                }
                (count, size, at) = (u64_at(&end, 32)?, u64_at(&end, 40)?, u64_at(&end, 48)?);
            }
        }
        if size > DIRECTORY_MAX || count > size / ENTRY as u64 || at.checked_add(size).is_none_or(|end| end > length) {
            return Err(other("its directory does not fit into it"));
        }
        let directory = part(&file, Some(at), usize::try_from(size).map_err(io::Error::other)?)?;
        Ok(Archive { file, directory, count, end: at })
    }

    /// How many records there are.
    pub(crate) fn count(&self) -> usize {
        usize::try_from(self.count).unwrap_or_default()
    }

    /// The records, in the archive's order.
    pub(crate) fn records(&self) -> impl Iterator<Item = io::Result<Zipped<'_>>> {
        let mut rest = Some(self.directory.as_slice());
        let mut left = self.count;
        std::iter::from_fn(move || {
            let entry = rest?;
            if left == 0 {
                rest = None;
                return (!entry.is_empty()).then(|| Err(other("there is something behind its directory")));
            }
            left -= 1;
            let read = record(&self.file, entry, self.end);
            // Behind what cannot be read nothing can.
            rest = read.as_ref().ok().map(|(_, length)| &entry[*length..]);
            Some(read.map(|(record, _)| record))
        })
    }
}

/// The first record of a directory, and how long its entry is.
fn record<'d>(file: &Arc<File>, entry: &'d [u8], end: u64) -> io::Result<(Zipped<'d>, usize)> {
    if u32_at(entry, 0)? != DIRECTORY_ENTRY || u16_at(entry, 10)? != 8 || u16_at(entry, 32)? != 0 {
        return Err(other("an entry is not of our form"));
    }
    let (crc32, length, size) = (u32_at(entry, 16)?, u32_at(entry, 20)?, u32_at(entry, 24)?);
    let (name, extra) = (usize::from(u16_at(entry, 28)?), usize::from(u16_at(entry, 30)?));
    let whole = ENTRY + name + extra;
    let short = || other("an entry is cut off");
    let text = entry.get(ENTRY..ENTRY + name).ok_or_else(short)?;
    let extras = entry.get(ENTRY + name..whole).ok_or_else(short)?;
    let at = match extra {
        0 => u64::from(u32_at(entry, 42)?),
        12 => u64_at(extras, 4)?,
        _ => return Err(other("an entry has more than we write")),
    };
    let begin = at + LOCAL + name as u64;
    if size as usize > REPORT_SIZE_MAX || begin.checked_add(u64::from(length)).is_none_or(|last| last > end) {
        return Err(other("a record is larger than one can be"));
    }
    let id = std::str::from_utf8(text).ok().and_then(|name| name.strip_suffix(".json"));
    let id = id.ok_or_else(|| other("a name is not that of a record"))?;
    Ok((Zipped { id, body: Body::in_archive(Arc::clone(file), begin, length, size, crc32) }, whole))
}

fn part(file: &File, at: Option<u64>, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    match at {
        Some(at) if read_at(file, &mut bytes, at)? == length => Ok(bytes),
        _ => Err(other("it is cut off")),
    }
}

fn other(reason: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

fn number<const N: usize>(bytes: &[u8], at: usize) -> io::Result<[u8; N]> {
    let found = bytes.get(at..at + N).and_then(|bytes| bytes.try_into().ok());
    found.ok_or_else(|| other("it is cut off"))
}

fn u16_at(bytes: &[u8], at: usize) -> io::Result<u16> {
    number(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> io::Result<u32> {
    number(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> io::Result<u64> {
    number(bytes, at).map(u64::from_le_bytes)
}
