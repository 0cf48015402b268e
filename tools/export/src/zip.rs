//! Zip archives out of bodies that are compressed already.
//!
//! Our own because the cost of a release is to be the size of its change: what is compressed once goes into several
//! archives as it is, and archives that mostly repeat an older one copy whole stretches of it. No library writes
//! from such parts. It is also what makes the bytes a function of names, times and bodies: nothing else is in them.
//!
//! After PKWARE's APPNOTE 6.3.10. An archive of 65,535 entries or more, or with an entry or the directory behind the
//! fourth gigabyte, has the Zip64 records; a single entry never needs them.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use osv_schema::Timestamp;
use time::OffsetDateTime;

use crate::body::{Body, BodyReader, Stretch};

const LOCAL_FILE: u32 = 0x0403_4b50;
pub(crate) const DIRECTORY_ENTRY: u32 = 0x0201_4b50;
pub(crate) const END_OF_DIRECTORY: u32 = 0x0605_4b50;
pub(crate) const ZIP64_END_OF_DIRECTORY: u32 = 0x0606_4b50;
pub(crate) const ZIP64_LOCATOR: u32 = 0x0706_4b50;

/// The version of the format that a reader of DEFLATE has to know, and the one that a reader of Zip64 has to.
const VERSION_DEFLATE: u16 = 20;
const VERSION_ZIP64: u16 = 45;

/// Made on Unix: then the attributes below say that entries are plain files which anyone may read.
const MADE_BY: u16 = 3 << 8 | VERSION_ZIP64;
const PLAIN_FILE: u32 = 0o100_644 << 16;

const DEFLATE: u16 = 8;
const NAME_IS_UTF8: u16 = 1 << 11;
const ZIP64_EXTRA: u16 = 1;

/// What an entry of the directory takes, with the names that we have.
const ENTRY_SIZE: usize = 46 + 22;

/// The first and the last moment that an entry's time can say: 1980-01-01 and two seconds before 2108.
const TIMES: (i64, i64) = (315_532_800, 4_354_819_198);

/// An archive that is being written.
pub(crate) struct ZipWriter<W> {
    out: W,
    /// Where the next entry begins.
    offset: u64,
    /// The directory of what was written.
    directory: Vec<u8>,
    entries: u64,
    reader: BodyReader,
    /// Entries that lie behind each other in an older archive, and are copied in one go: the file, from where to where.
    run: Option<(Arc<File>, u64, u64)>,
    head: Vec<u8>,
}

impl<W: Write> ZipWriter<W> {
    pub(crate) fn new(out: W) -> ZipWriter<W> {
        ZipWriter::with_room(out, 0)
    }

    /// Begins an archive of about so many files.
    pub(crate) fn with_room(out: W, entries: usize) -> ZipWriter<W> {
        ZipWriter {
            out,
            offset: 0,
            directory: Vec::with_capacity(entries * ENTRY_SIZE),
            entries: 0,
            reader: BodyReader::default(),
            run: None,
            head: Vec::new(),
        }
    }

    /// Adds a file. Its time is kept to two seconds.
    pub(crate) fn add(&mut self, name: &str, modified: Timestamp, body: &Body) -> io::Result<()> {
        let is_far = self.offset >= u64::from(u32::MAX);
        let (time, date) = dos_time(modified);
        let head = &mut self.head;
        head.clear();
        put32(head, LOCAL_FILE);
        put16(head, if is_far { VERSION_ZIP64 } else { VERSION_DEFLATE });
        put16(head, if name.is_ascii() { 0 } else { NAME_IS_UTF8 });
        put16(head, DEFLATE);
        put16(head, time);
        put16(head, date);
        put32(head, body.crc32);
        put32(head, fits(body.length())?);
        put32(head, body.size);
        put16(head, fits(name.len())?);
        let facts = 4..head.len();
        put16(head, 0);
        head.extend(name.as_bytes());
        let length = (head.len() + body.length()) as u64;

        let directory = &mut self.directory;
        put32(directory, DIRECTORY_ENTRY);
        put16(directory, MADE_BY);
        directory.extend(&self.head[facts]);
        put16(directory, if is_far { 12 } else { 0 });
        // No comment, the first disk, not marked as text.
        directory.extend([0; 6]);
        put32(directory, PLAIN_FILE);
        put32(directory, at_most_32(self.offset));
        directory.extend(name.as_bytes());
        if is_far {
            put16(directory, ZIP64_EXTRA);
            put16(directory, 8);
            put64(directory, self.offset);
        }
        self.write_entry(body, is_far)?;
        self.offset += length;
        self.entries += 1;
        Ok(())
    }

    /// Writes the head that was made and the text of an entry. Where both lie in an older archive they are the same bytes:
    /// the head is a function of what stands in the directory, and its place is near in both.
    fn write_entry(&mut self, body: &Body, is_far: bool) -> io::Result<()> {
        if let Some(Stretch { file, from, to }) = body.entry(self.head.len()).filter(|_| !is_far) {
            if let Some((_, _, end)) = self.run.as_mut().filter(|run| Arc::ptr_eq(&run.0, file) && run.2 == from) {
                *end = to;
                return Ok(());
            }
            self.copy_run()?;
            self.run = Some((Arc::clone(file), from, to));
            return Ok(());
        }
        self.copy_run()?;
        self.out.write_all(&self.head)?;
        self.out.write_all(self.reader.read(body)?)
    }

    fn copy_run(&mut self) -> io::Result<()> {
        let Some((file, from, to)) = self.run.take() else { return Ok(()) };
        Stretch { file: &file, from, to }.copy(&mut self.reader, &mut self.out)
    }

    /// Writes the directory.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.copy_run()?;
        let size = self.directory.len() as u64;
        let entries_16 = u16::try_from(self.entries).unwrap_or(u16::MAX);
        let mut end = Vec::new();
        // The largest number of a field means "see Zip64", so it never stands for itself.
        if entries_16 == u16::MAX || self.offset >= u64::from(u32::MAX) || size >= u64::from(u32::MAX) {
            put32(&mut end, ZIP64_END_OF_DIRECTORY);
            put64(&mut end, 44);
            put16(&mut end, MADE_BY);
            put16(&mut end, VERSION_ZIP64);
            put64(&mut end, 0);
            put64(&mut end, self.entries);
            put64(&mut end, self.entries);
            put64(&mut end, size);
            put64(&mut end, self.offset);
            put32(&mut end, ZIP64_LOCATOR);
            put32(&mut end, 0);
            put64(&mut end, self.offset + size);
            put32(&mut end, 1);
        }
        put32(&mut end, END_OF_DIRECTORY);
        put32(&mut end, 0);
        put16(&mut end, entries_16);
        put16(&mut end, entries_16);
        put32(&mut end, at_most_32(size));
        put32(&mut end, at_most_32(self.offset));
        put16(&mut end, 0);
        self.out.write_all(&self.directory)?;
        self.out.write_all(&end)?;
        Ok(self.out)
    }
}

/// A moment as FAT has it: seconds by twos, in UTC because an archive must not depend on where it is made.
fn dos_time(moment: Timestamp) -> (u16, u16) {
    let seconds = moment.unix().clamp(TIMES.0, TIMES.1);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let time = u16::from(at.hour()) << 11 | u16::from(at.minute()) << 5 | u16::from(at.second() / 2);
    let years = u16::try_from(at.year() - 1980).unwrap_or_default();
    (time, years << 9 | u16::from(u8::from(at.month())) << 5 | u16::from(at.day()))
}

fn put16(out: &mut Vec<u8>, number: u16) {
    out.extend(number.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, number: u32) {
    out.extend(number.to_le_bytes());
}

fn put64(out: &mut Vec<u8>, number: u64) {
    out.extend(number.to_le_bytes());
}

fn at_most_32(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn fits<T: TryFrom<usize>>(length: usize) -> io::Result<T> {
    T::try_from(length).map_err(|_| io::Error::new(io::ErrorKind::FileTooLarge, "too large for an entry of an archive"))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, SeekFrom};

    use super::*;
    use crate::body::Deflater;
    use crate::unzip::Archive;

    /// An archive with two files, the second of which begins at this place: before it there is a hole in the file.
    fn with_hole(begin: u64) -> File {
        let mut file = tempfile::tempfile().unwrap();
        let modified = "2026-01-02T03:04:06Z".parse().unwrap();
        let deflater = Deflater::for_archives(&std::env::temp_dir()).unwrap();
        let mut archive = ZipWriter::new(&mut file);
        archive.add("a", modified, &deflater.deflate(b"near").unwrap()).unwrap();
        archive.out.seek(SeekFrom::Start(begin)).unwrap();
        archive.offset = begin;
        archive.add("\u{e9}", modified, &deflater.deflate(b"far").unwrap()).unwrap();
        archive.finish().unwrap();
        file
    }

    /// Whether the archive has the records of Zip64.
    fn is_zip64(file: &mut File) -> bool {
        let mut end = Vec::new();
        file.seek(SeekFrom::End(-42)).unwrap();
        file.read_to_end(&mut end).unwrap();
        end.starts_with(&ZIP64_LOCATOR.to_le_bytes())
    }

    #[test]
    fn an_archive_can_be_larger_than_four_gigabytes() {
        let limit = u64::from(u32::MAX);
        for (begin, expected) in [(1000, false), (limit - 50, false), (limit - 1, true), (limit, true), (5 << 30, true)]
        {
            let mut file = with_hole(begin);
            assert_eq!(is_zip64(&mut file), expected, "{begin}");
            let mut archive = ::zip::ZipArchive::new(file).unwrap();
            for (name, expected) in [("a", "near"), ("\u{e9}", "far")] {
                let mut text = String::new();
                archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
                assert_eq!(text, expected, "{begin}");
            }
        }
    }

    /// Whatever of an older archive goes into the next one, and whatever comes between.
    #[test]
    fn what_is_copied_is_what_would_be_written() {
        let deflater = Deflater::for_archives(&std::env::temp_dir()).unwrap();
        let modified = "2026-01-02T03:04:06Z".parse().unwrap();
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("old.zip");
        let text = |id: &str| id.repeat(id.len() * 50);
        let ids = ["a", "bb", "c", "dd", "e", "ff"];
        let fresh = |id: &str| deflater.deflate(text(id).as_bytes()).unwrap();
        let write = |bodies: &[(&str, Body)]| {
            let mut archive = ZipWriter::new(Vec::new());
            for (id, body) in bodies {
                archive.add(&format!("{id}.json"), modified, body).unwrap();
            }
            archive.finish().unwrap()
        };
        std::fs::write(&path, write(&ids.map(|id| (id, fresh(id))))).unwrap();
        let old = Archive::open(&path).unwrap();
        let known: Vec<_> = old.records().map(Result::unwrap).collect();
        for taken in 0..1_u32 << ids.len() {
            let body = |at: usize| if taken >> at & 1 == 1 { known[at].body.clone() } else { fresh(ids[at]) };
            let order = [0, 1, 2, 3, 5, 4];
            for wanted in [&order[..4], &order[1..], &order[..]] {
                let copied: Vec<_> = wanted.iter().map(|&at| (ids[at], body(at))).collect();
                let written: Vec<_> = wanted.iter().map(|&at| (ids[at], fresh(ids[at]))).collect();
                assert!(write(&copied) == write(&written), "{taken:b} of {wanted:?}");
            }
        }
    }

    /// The largest number of a field stands for "see Zip64", so 65,535 files need it too.
    #[test]
    fn an_archive_can_have_any_number_of_files() {
        let body = Deflater::for_archives(&std::env::temp_dir()).and_then(|deflater| deflater.deflate(b"{}")).unwrap();
        let modified = "2026-01-02T03:04:06Z".parse().unwrap();
        for (files, expected) in [(0, false), (1, false), (65_534, false), (65_535, true), (65_536, true)] {
            let mut archive = ZipWriter::new(io::BufWriter::new(tempfile::tempfile().unwrap()));
            for number in 0..files {
                archive.add(&format!("{number:05}"), modified, &body).unwrap();
            }
            let mut file = archive.finish().unwrap().into_inner().unwrap();
            assert_eq!(files > 0 && is_zip64(&mut file), expected, "{files}");
            let archive = ::zip::ZipArchive::new(file).unwrap();
            assert_eq!(archive.len(), files);
        }
    }
}
