//! Archives: zip and tar, read file by file and never unpacked to the disk.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::rc::Rc;

use crate::bounds::{Bound, Bounds, Counted, Meter, Packed, Shared};
use crate::folder::is_hidden;
use crate::{Item, Unread};

/// What the first bytes of a file say that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Zip,
    Gzip,
    Zstd,
    Tar,
}

impl Kind {
    /// By the name, else by the first bytes: an archive that is cut off at its first byte is still one by its name.
    pub(crate) fn of(name: &str, start: &[u8]) -> Option<Kind> {
        let name = name.to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        match start {
            _ if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") || ends(&[".zip"]) => {
                Some(Kind::Zip)
            }
            _ if start.starts_with(b"\x1f\x8b") || ends(&[".gz", ".tgz"]) => Some(Kind::Gzip),
            _ if start.starts_with(b"\x28\xb5\x2f\xfd") || ends(&[".zst", ".tzst"]) => Some(Kind::Zstd),
            _ if is_tar(start) || ends(&[".tar"]) => Some(Kind::Tar),
            _ => None,
        }
    }
}

fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

/// How much of a stream is looked at to see what it is: one block of a tar archive.
const BLOCK: usize = 512;
/// What stands before the name in an entry of a zip archive's directory, in bytes.
const DIRECTORY_ENTRY: usize = 46;
/// The longest name in an archive that is read, in bytes.
const NAME_MAX: u64 = 64 << 10;

/// Reads a zip archive.
pub(crate) fn zip(
    mut file: impl Read + Seek,
    bounds: Bounds,
    wants: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(Item<'_>),
) -> Result<(), Bound> {
    let damaged = |error: zip::result::ZipError| Bound::Damaged(error.to_string());
    let meter = Meter::new(bounds);
    let archive = zip::ZipArchive::new(&mut file).map_err(damaged)?;
    if archive.len() as u64 > bounds.documents_max {
        return Err(Bound::Documents(bounds.documents_max));
    }
    // The library tells of files of one name only the last.
    let directory = archive.central_directory_start();
    let twice = named_twice(archive.into_inner(), directory, bounds)?;
    let mut archive = zip::ZipArchive::new(&mut file).map_err(damaged)?;
    for index in 0..archive.len() {
        let name = archive.name_for_index(index).and_then(Result::ok).map(std::borrow::Cow::into_owned);
        let name = name.unwrap_or_else(|| format!("file {index}"));
        if name.ends_with('/') || is_hidden(&name) || !wants(&name) {
            continue;
        }
        match archive.by_index(index) {
            Err(error) => visit(Item { name, size: None, bytes: Err(Unread::System(error.to_string())) }),
            Ok(member) if leads_out(&name) => {
                visit(Item { name, size: Some(member.size()), bytes: Err(Unread::LeadsOut) })
            }
            Ok(member) if twice.contains(member.name_raw()) => {
                visit(Item { name, size: None, bytes: Err(Unread::Twice) })
            }
            Ok(member) if !member.is_file() => visit(Item { name, size: None, bytes: Err(Unread::NoFile) }),
            Ok(member) => {
                meter.packed(member.compressed_size());
                let size = Some(member.size());
                visit(Item { name, size, bytes: Ok(&mut Counted(member, meter.clone())) });
            }
        }
        if let Some(bound) = meter.broken() {
            return Err(bound);
        }
    }
    Ok(())
}

/// The names, as they are written, that stand in the directory of a zip archive more than once.
fn named_twice(file: &mut (impl Read + Seek), directory: u64, bounds: Bounds) -> Result<BTreeSet<Vec<u8>>, Bound> {
    let damaged = |error: io::Error| Bound::Damaged(error.to_string());
    file.seek(SeekFrom::Start(directory)).map_err(damaged)?;
    let mut file = BufReader::new(file);
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    let mut head = [0; DIRECTORY_ENTRY];
    for number in 0.. {
        if file.read_exact(&mut head).is_err() || !head.starts_with(b"PK\x01\x02") {
            break;
        }
        if number == bounds.documents_max {
            return Err(Bound::Documents(bounds.documents_max));
        }
        let [name, extra, comment] = [28, 30, 32].map(|at| u16::from_le_bytes([head[at], head[at + 1]]));
        let mut named = vec![0; usize::from(name)];
        file.read_exact(&mut named).map_err(damaged)?;
        file.seek_relative(i64::from(extra) + i64::from(comment)).map_err(damaged)?;
        if seen.contains(&named) {
            twice.insert(named);
        } else {
            seen.insert(named);
        }
    }
    Ok(twice)
}

/// Reads a stream that is packed or a tar archive or both. A packed single file is given under its own name.
pub(crate) fn stream(
    name: &str,
    stream: &mut dyn Read,
    bounds: Bounds,
    wants: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(Item<'_>),
) -> Result<(), Bound> {
    let meter = Meter::new(bounds);
    let mut packed = BufReader::new(Packed(stream, meter.clone()));
    let damaged = |error: io::Error| Bound::Damaged(error.to_string());
    let start = packed.fill_buf().map_err(damaged)?;
    let kind = Kind::of(name, start);
    let inner = [".gz", ".zst"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name).to_owned();
    let reader: Box<dyn Read + '_> = match kind {
        Some(Kind::Gzip) => Box::new(flate2::read::MultiGzDecoder::new(packed)),
        Some(Kind::Zstd) => Box::new(zstd::stream::read::Decoder::with_buffer(packed).map_err(damaged)?),
        _ => Box::new(packed),
    };
    let mut reader = Shared(Counted(reader, meter.clone()), meter.clone());
    let mut block = Vec::new();
    let looked = (&mut reader).take(BLOCK as u64).read_to_end(&mut block);
    looked.map_err(|error| meter.broken().unwrap_or_else(|| damaged(error)))?;
    let is_named_tar = [".tar", ".tgz", ".tzst"].iter().any(|ending| inner.to_ascii_lowercase().ends_with(ending));
    let is_tar = is_tar(&block) || is_named_tar;
    let mut reader = block.as_slice().chain(reader);
    if is_tar && block.is_empty() {
        return Err(Bound::Damaged("it is empty".into()));
    }
    if is_tar {
        return tar(&mut reader, &meter, wants, visit);
    }
    visit(Item { name: inner, size: None, bytes: Ok(&mut reader) });
    meter.broken().map_or(Ok(()), Err)
}

fn tar(
    stream: &mut dyn Read,
    meter: &Meter,
    wants: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(Item<'_>),
) -> Result<(), Bound> {
    let damaged = |error: io::Error| meter.broken().unwrap_or_else(|| Bound::Damaged(error.to_string()));
    let zeros = Rc::new(Cell::new(0));
    let mut archive = tar::Archive::new(Ending { stream, zeros: Rc::clone(&zeros) });
    // The blocks as they are: the library reads long names whole, however long they claim to be.
    let entries = archive.entries().map_err(damaged)?.raw(true);
    let mut long_name: Option<Vec<u8>> = None;
    for entry in entries {
        let mut entry = entry.map_err(damaged)?;
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
            let mut bytes = Vec::new();
            if entry.size() > NAME_MAX {
                return Err(Bound::Damaged(format!("a name has {} bytes", entry.size())));
            }
            entry.read_to_end(&mut bytes).map_err(damaged)?;
            let name = if kind.is_gnu_longname() {
                Some(bytes.split(|&b| b == 0).next().unwrap_or_default().to_vec())
            } else {
                let mut records = tar::PaxExtensions::new(&bytes).filter_map(Result::ok);
                records.find(|record| record.key_bytes() == b"path").map(|record| record.value_bytes().to_vec())
            };
            long_name = name.or(long_name);
            continue;
        }
        // A long name is that of the next thing in the archive, whatever it is.
        let long_name = long_name.take();
        if kind.is_dir() || kind.is_pax_global_extensions() || kind.is_gnu_longlink() {
            continue;
        }
        meter.document()?;
        let name = long_name.unwrap_or_else(|| entry.path_bytes().into_owned());
        let name = String::from_utf8_lossy(&name).trim_start_matches("./").to_owned();
        if is_hidden(&name) || !wants(&name) {
            continue;
        }
        let size = Some(entry.size());
        match () {
            () if leads_out(&name) => visit(Item { name, size, bytes: Err(Unread::LeadsOut) }),
            () if !kind.is_file() => visit(Item { name, size: None, bytes: Err(Unread::NoFile) }),
            () => {
                let mut whole = Whole { left: entry.size(), entry, meter: meter.clone() };
                visit(Item { name, size, bytes: Ok(&mut whole) });
            }
        }
        if let Some(bound) = meter.broken() {
            return Err(bound);
        }
    }
    // What packs it says at its end whether all of it was right.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(damaged)?;
    // An archive ends in blocks of zeros. One that was cut between two files reads like a whole one but for that.
    if zeros.get() < BLOCK { Err(Bound::Damaged("its end is cut off".into())) } else { Ok(()) }
}

/// A stream that knows how many zeros it ended in so far.
struct Ending<'s> {
    stream: &'s mut dyn Read,
    zeros: Rc<Cell<usize>>,
}

impl Read for Ending<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        let ending = buffer[..count].iter().rev().take_while(|&&byte| byte == 0).count();
        self.zeros.set(if ending == count { self.zeros.get().saturating_add(count) } else { ending });
        Ok(count)
    }
}

/// A file of an archive that must have as many bytes as the archive says.
struct Whole<R> {
    entry: R,
    left: u64,
    meter: Meter,
}

impl<R: Read> Read for Whole<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.entry.read(buffer)?;
        self.left = self.left.saturating_sub(count as u64);
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(self.meter.breaks(Bound::Damaged("a file in it is cut off".into())));
        }
        Ok(count)
    }
}

/// Whether a name is absolute or climbs.
fn leads_out(name: &str) -> bool {
    name.starts_with('/') || name.contains(['\\', '\0']) || name.split('/').any(|part| part == "..")
}
