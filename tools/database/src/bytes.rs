//! Bytes that can be read at any place, wherever they are.

use std::io::{Error, ErrorKind};

/// Bytes that can be read at any place: a file on the disk, or what is at hand.
pub trait Bytes: Send + Sync {
    /// How many there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `into` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// There are not so many, or they cannot be read.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error>;
}

/// Bytes at hand.
impl Bytes for Vec<u8> {
    fn len(&self) -> u64 {
        Vec::len(self) as u64
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        let found = from.checked_add(into.len()).and_then(|end| self.get(from..end));
        into.copy_from_slice(found.ok_or(Error::from(ErrorKind::UnexpectedEof))?);
        Ok(())
    }
}
