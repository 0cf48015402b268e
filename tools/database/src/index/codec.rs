//! One file of the index as bytes.

use super::IndexedFile;
use crate::{BlobId, Facts, TreePath};

/// No record is larger: a report has at most 8 MiB.
pub(super) const RECORD_MAX: u64 = 16 << 20;

const IS_REPORT: u8 = 1;
const IS_WITHDRAWN: u8 = 2;
const HAS_ID: u8 = 4;
const HAS_PACKAGE: u8 = 8;
const HAS_BLOB: u8 = 16;
/// The id is the stem of the path, and not written.
const ID_IS_STEM: u8 = 32;

/// Writes one file.
pub(super) fn write_file(file: &IndexedFile, into: &mut Vec<u8>) {
    let IndexedFile { facts, is_report, blob } = file;
    let stem = stem(&facts.path);
    let id_is_stem = facts.id.as_deref() == Some(stem);
    let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
    into.push(
        flag(*is_report, IS_REPORT)
            | flag(facts.is_withdrawn, IS_WITHDRAWN)
            | flag(facts.id.is_some(), HAS_ID)
            | flag(facts.package.is_some(), HAS_PACKAGE)
            | flag(blob.is_some(), HAS_BLOB)
            | flag(id_is_stem, ID_IS_STEM),
    );
    text(facts.path.as_str(), into);
    if let Some(id) = facts.id.as_deref().filter(|_| !id_is_stem) {
        text(id, into);
    }
    if let Some(package) = &facts.package {
        text(package, into);
    }
    for words in [&facts.aliases, &facts.streams] {
        number(words.len() as u64, into);
        words.iter().for_each(|word| text(word, into));
    }
    if let Some(blob) = blob {
        into.extend_from_slice(&blob.0);
    }
}

/// Reads one file; none where the bytes are no file.
pub(super) fn read_file(reader: &mut Reader<'_>) -> Option<IndexedFile> {
    let flags = reader.byte()?;
    let has = |flag: u8| flags & flag != 0;
    let path = TreePath::new(reader.text()?).ok()?;
    let id = match (has(HAS_ID), has(ID_IS_STEM)) {
        (false, _) => None,
        (true, true) => Some(stem(&path).into()),
        (true, false) => Some(reader.text()?.into()),
    };
    let package = if has(HAS_PACKAGE) { Some(reader.text()?.into()) } else { None };
    let (aliases, streams) = (words(reader)?, words(reader)?);
    let blob = if has(HAS_BLOB) { Some(BlobId(reader.take(20)?.try_into().ok()?)) } else { None };
    let facts = Facts { path, id, is_withdrawn: has(IS_WITHDRAWN), package, aliases, streams };
    Some(IndexedFile { facts, is_report: has(IS_REPORT), blob })
}

fn words(reader: &mut Reader<'_>) -> Option<Vec<Box<str>>> {
    (0..reader.number()?).map(|_| reader.text().map(Box::from)).collect()
}

fn stem(path: &TreePath) -> &str {
    let name = path.file_name();
    name.strip_suffix(".json").unwrap_or(name)
}

pub(super) fn text(text: &str, into: &mut Vec<u8>) {
    number(text.len() as u64, into);
    into.extend_from_slice(text.as_bytes());
}

/// Seven bits a byte, the lowest first; the highest bit says that there are more.
pub(super) fn number(mut number: u64, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

/// Bytes that are taken from the front.
pub(super) struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Reader<'b> {
        Reader(bytes)
    }

    pub(super) fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    pub(super) fn text(&mut self) -> Option<&'b str> {
        let length = usize::try_from(self.number()?).ok()?;
        std::str::from_utf8(self.take(length)?).ok()
    }
}
