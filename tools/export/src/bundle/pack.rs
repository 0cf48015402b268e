//! A git pack without deltas, whose bytes are a function of its objects.

use std::fmt;
use std::io::{self, Write};

use database::{object_head, pack_head};
use libdeflater::adler32;
use sha1::{Digest, Sha1};

use crate::body::{Body, BodyReader, deflate};

/// The head of a zlib stream with a window of 32 KiB.
const ZLIB: [u8; 2] = [0x78, 0x9c];

/// The kind of an object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Commit = 1,
    Tree = 2,
    Blob = 3,
}

/// The id of an object (SHA-1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Oid(pub [u8; 20]);

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The id that git gives to an object.
pub(super) fn object_id(kind: Kind, content: &[u8]) -> Oid {
    let word = match kind {
        Kind::Commit => "commit",
        Kind::Tree => "tree",
        Kind::Blob => "blob",
    };
    let mut hasher = Sha1::new();
    hasher.update(format!("{word} {}\0", content.len()));
    hasher.update(content);
    Oid(hasher.finalize().into())
}

/// A pack that is being written.
pub(super) struct PackWriter<W> {
    out: W,
    hasher: Sha1,
    reader: BodyReader,
}

impl<W: Write> PackWriter<W> {
    /// Begins a pack of so many objects.
    pub(super) fn new(out: W, count: u32) -> io::Result<PackWriter<W>> {
        let mut pack = PackWriter { out, hasher: Sha1::new(), reader: BodyReader::default() };
        pack.put(&pack_head(count))?;
        Ok(pack)
    }

    pub(super) fn add(&mut self, kind: Kind, content: &[u8]) -> io::Result<()> {
        self.head(kind, content.len())?;
        self.put(&deflate(content))?;
        self.put(&adler32(content).to_be_bytes())
    }

    /// Adds an object whose content is compressed already.
    pub(super) fn add_deflated(&mut self, kind: Kind, adler32: u32, body: &Body) -> io::Result<()> {
        self.head(kind, body.size as usize)?;
        let PackWriter { out, hasher, reader } = self;
        let bytes = reader.read(body)?;
        hasher.update(bytes);
        out.write_all(bytes)?;
        self.put(&adler32.to_be_bytes())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        let sum: [u8; 20] = self.hasher.finalize().into();
        self.out.write_all(&sum)
    }

    /// What stands before the content, and the head of zlib.
    fn head(&mut self, kind: Kind, size: usize) -> io::Result<()> {
        self.put(&object_head(kind as u8, size))?;
        self.put(&ZLIB)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.out.write_all(bytes)
    }
}
