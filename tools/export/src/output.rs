//! The files of a release as they are written: named, counted and hashed.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::Error;
use crate::body::AHEAD;
use crate::manifest::FileFacts;

/// Where the bytes of one file go.
pub(crate) type Out<'o> = dyn Write + 'o;

/// What writes the bytes of one file.
type Content<'i> = dyn Fn(&mut Out<'_>) -> io::Result<()> + Send + Sync + 'i;

/// One file that a target wants written. Files are written in any order, several at once.
pub(crate) struct Planned<'i> {
    /// Its path in the release, with slashes.
    pub path: String,
    /// Whether an older release, if there is one, has the same file.
    pub is_unchanged: bool,
    content: Box<Content<'i>>,
}

impl<'i> Planned<'i> {
    pub(crate) fn new(
        path: impl Into<String>,
        content: impl Fn(&mut Out<'_>) -> io::Result<()> + Send + Sync + 'i,
    ) -> Planned<'i> {
        Planned { path: path.into(), is_unchanged: false, content: Box::new(content) }
    }

    /// Says whether an older release has the same file, which is taken over then.
    pub(crate) fn unchanged(self, is_unchanged: bool) -> Planned<'i> {
        Planned { is_unchanged, ..self }
    }

    /// Writes the file below a folder, and says what the manifest says about it.
    pub(crate) fn write_in(&self, dir: &Path) -> Result<FileFacts, Error> {
        let path = dir.join(&self.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        }
        let file = File::create_new(&path).map_err(Error::io("create", &path))?;
        let mut out = BufWriter::with_capacity(AHEAD, Hashed { file, hasher: Sha256::new(), size: 0 });
        let written = (self.content)(&mut out).and_then(|()| out.into_inner().map_err(io::IntoInnerError::into_error));
        let hashed = written.map_err(Error::io("write", &path))?;
        Ok(FileFacts { size: hashed.size, sha256: hex(&hashed.hasher.finalize()) })
    }
}

/// A file that is hashed on the way to the disk.
struct Hashed {
    file: File,
    hasher: Sha256,
    size: u64,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.hasher.update(&bytes[..length]);
        self.size += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Bytes as the manifest writes hashes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(bytes, &mut text);
    text
}

/// Writes the same behind a text.
pub(crate) fn push_hex(bytes: &[u8], text: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    text.extend(digits.map(|digit| char::from(DIGITS[usize::from(digit)])));
}
