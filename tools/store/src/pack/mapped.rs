//! Files of git that never change, as memory: what is not looked at is never read.

use std::fs::{self, File};
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

/// The bytes of a file.
pub(super) struct Mapped(Mmap);

/// Maps a file.
pub(super) fn map(path: &Path) -> io::Result<Mapped> {
    // Opening a pipe would wait for whoever writes into it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let file = File::open(path)?;
    #[expect(unsafe_code, reason = "there is no other way to map a file; see the comment")]
    // SAFETY: git writes a pack and its index under another name, gives them theirs when they are complete, and from
    // then on only ever removes them, which leaves a map as it is. git and libgit2 map the same files.
    let mapped = unsafe { Mmap::map(&file) }?;
    Ok(Mapped(mapped))
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
