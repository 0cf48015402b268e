//! The published form of one record, kept compressed in a file: once for every archive that it goes into.
//!
//! All records of a large database do not fit into memory. What is known of a body is a few numbers; its bytes lie in a
//! file without a name beside the release that grows, or in an archive of an older release.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use libdeflater::{CompressionLvl, Compressor, Decompressor, crc32};

/// How much is read ahead where bodies are asked for in the order in which they lie: what a processor keeps at hand while it
/// is hashed and written.
pub(crate) const AHEAD: usize = 1 << 17;
/// How far two bodies may lie apart in what counts as that order: so far that the bytes between them cost no more to read than
/// to ask again.
const NEAR: u64 = 1 << 12;

/// One text, compressed.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    file: Arc<File>,
    at: u64,
    length: u32,
    /// The length of the text in bytes.
    pub size: u32,
    /// The CRC-32 of the text.
    pub crc32: u32,
    is_in_archive: bool,
}

/// A part of a file.
pub(crate) struct Stretch<'f> {
    pub file: &'f Arc<File>,
    pub from: u64,
    pub to: u64,
}

impl Stretch<'_> {
    /// Copies it.
    pub(crate) fn copy(&self, reader: &mut BodyReader, out: &mut impl io::Write) -> io::Result<()> {
        let mut at = self.from;
        while at < self.to {
            let length = usize::try_from(self.to - at).unwrap_or(AHEAD).min(AHEAD);
            out.write_all(reader.part(self.file, at, length)?)?;
            at += length as u64;
        }
        Ok(())
    }
}

impl Body {
    /// A raw DEFLATE stream that lies in a file already.
    pub(crate) fn in_file(file: Arc<File>, at: u64, length: u32, size: u32, crc32: u32) -> Body {
        Body { file, at, length, size, crc32, is_in_archive: false }
    }

    /// The same, in an archive of ours.
    pub(crate) fn in_archive(file: Arc<File>, at: u64, length: u32, size: u32, crc32: u32) -> Body {
        Body { is_in_archive: true, ..Body::in_file(file, at, length, size, crc32) }
    }

    /// Where the entry lies of which this is the text, in a file that is an archive of ours: its head of that length, and
    /// the text. None where it lies otherwise, or so far behind in the archive that heads are other ones.
    pub(crate) fn entry(&self, head: usize) -> Option<Stretch<'_>> {
        let from = self.at.checked_sub(head as u64).filter(|_| self.is_in_archive && self.at < u64::from(u32::MAX))?;
        Some(Stretch { file: &self.file, from, to: self.at + u64::from(self.length) })
    }

    /// The length of the compressed text.
    pub(crate) fn length(&self) -> usize {
        self.length as usize
    }
}

/// Compressors for as many threads as ask at once, and the file that they write to. A compressor costs more to make than a
/// record to compress.
pub(crate) struct Deflater {
    level: CompressionLvl,
    idle: Mutex<Vec<(Compressor, Vec<u8>)>>,
    file: Arc<File>,
    end: AtomicU64,
}

impl Deflater {
    /// For archives. The level is part of what makes two releases the same bytes. The file has no name, and goes away
    /// with the last body.
    pub(crate) fn for_archives(dir: &Path) -> io::Result<Deflater> {
        Deflater::at(CompressionLvl::new(6).unwrap_or_default(), dir)
    }

    /// For bodies that are only kept until they are written in another form.
    pub(crate) fn for_keeping(dir: &Path) -> io::Result<Deflater> {
        Deflater::at(CompressionLvl::fastest(), dir)
    }

    fn at(level: CompressionLvl, dir: &Path) -> io::Result<Deflater> {
        let file = Arc::new(tempfile::tempfile_in(dir)?);
        Ok(Deflater { level, idle: Mutex::default(), file, end: AtomicU64::new(0) })
    }

    /// Compresses a text. The bytes depend on the text and the level alone.
    pub(crate) fn deflate(&self, text: &[u8]) -> io::Result<Body> {
        self.compress(text, |bytes| {
            let length = bytes.len() as u64;
            let at = self.end.fetch_add(length, Ordering::Relaxed);
            write_at(&self.file, bytes, at)?;
            let length = u32::try_from(length).map_err(io::Error::other)?;
            let size = u32::try_from(text.len()).map_err(io::Error::other)?;
            Ok(Body { file: Arc::clone(&self.file), at, length, size, crc32: crc32(text), is_in_archive: false })
        })
    }

    fn compress<T>(&self, text: &[u8], take: impl FnOnce(&[u8]) -> io::Result<T>) -> io::Result<T> {
        let idle = self.idle.lock().ok().and_then(|mut idle| idle.pop());
        let (mut compressor, mut buffer) = idle.unwrap_or_else(|| (Compressor::new(self.level), Vec::new()));
        let bound = compressor.deflate_compress_bound(text.len());
        if buffer.len() < bound {
            buffer.resize(bound, 0);
        }
        let length = compressor.deflate_compress(text, &mut buffer);
        let length = length.unwrap_or_else(|_| unreachable!("the buffer is as large as the compressor asked for"));
        let taken = take(&buffer[..length])?;
        if let Ok(mut idle) = self.idle.lock() {
            idle.push((compressor, buffer));
        }
        Ok(taken)
    }
}

/// Compresses one text as archives have it, without keeping it.
pub(crate) fn deflate(text: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::new(6).unwrap_or_default());
    let mut buffer = vec![0; compressor.deflate_compress_bound(text.len())];
    let length = compressor.deflate_compress(text, &mut buffer).unwrap_or_default();
    buffer.truncate(length);
    buffer
}

/// Compresses one text as a gzip file.
pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::new(6).unwrap_or_default());
    let mut buffer = vec![0; compressor.gzip_compress_bound(text.len())];
    let length = compressor.gzip_compress(text, &mut buffer).unwrap_or_default();
    buffer.truncate(length);
    buffer
}

/// Reads bodies; many that lie behind each other in one go.
#[derive(Default)]
pub(crate) struct BodyReader {
    window: Option<(Arc<File>, u64)>,
    bytes: Vec<u8>,
    /// Where the last body ended.
    end: u64,
}

impl BodyReader {
    /// The compressed bytes of a body.
    pub(crate) fn read(&mut self, body: &Body) -> io::Result<&[u8]> {
        self.part(&body.file, body.at, body.length())
    }

    /// A part of a file.
    fn part(&mut self, file: &Arc<File>, at: u64, length: usize) -> io::Result<&[u8]> {
        let here = self.window.as_ref().filter(|(known, _)| Arc::ptr_eq(known, file)).map(|(_, at)| *at);
        let inside = here.and_then(|begin| usize::try_from(at.checked_sub(begin)?).ok());
        if let Some(from) = inside.filter(|from| from + length <= self.bytes.len()) {
            self.end = at + length as u64;
            return Ok(&self.bytes[from..from + length]);
        }
        let is_next = here.is_some() && (self.end..self.end + NEAR).contains(&at);
        let wanted = if is_next { length.max(AHEAD) } else { length };
        self.bytes.resize(wanted, 0);
        let read = read_at(file, &mut self.bytes, at)?;
        if read < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.bytes.truncate(read);
        self.window = Some((Arc::clone(file), at));
        self.end = at + length as u64;
        Ok(&self.bytes[..length])
    }
}

/// Gives bodies back as the texts that they were made of.
pub(crate) struct Inflater {
    decompressor: Decompressor,
    reader: BodyReader,
}

impl Inflater {
    pub(crate) fn new() -> Inflater {
        Inflater { decompressor: Decompressor::new(), reader: BodyReader::default() }
    }

    /// Writes the text of a body behind what is there.
    pub(crate) fn inflate(&mut self, body: &Body, out: &mut Vec<u8>) -> io::Result<()> {
        let from = out.len();
        out.resize(from + body.size as usize, 0);
        let deflated = self.reader.read(body)?;
        self.decompressor.deflate_decompress(deflated, &mut out[from..]).map_err(io::Error::other)?;
        Ok(())
    }
}

/// Reads up to the end of the buffer or of the file.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match read_some_at(file, &mut buffer[done..], at + done as u64) {
            Ok(0) => break,
            Ok(length) => done += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

#[cfg(unix)]
fn read_some_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_some_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let length = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        (bytes, at) = (&bytes[length..], at + length as u64);
    }
    Ok(())
}
