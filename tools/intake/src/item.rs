//! One file as a place gives it: its name, and its bytes for whoever wants them.

use std::io::{self, Read};

use crate::bounds::is_told;
use crate::{DOCUMENT_SIZE_MAX, Document, Unread};

/// One file of a place.
pub struct Item<'i> {
    /// Its name inside the place.
    pub name: String,
    /// How large it is, where that is known beforehand.
    pub size: Option<u64>,
    /// Its bytes, or why they cannot be had.
    pub bytes: Result<&'i mut dyn Read, Unread>,
}

impl Item<'_> {
    /// The file as one document. What is too large is not read.
    pub fn document(self) -> Document {
        self.document_up_to(DOCUMENT_SIZE_MAX)
    }

    /// The same, with a largest size of its own.
    pub(crate) fn document_up_to(self, size_max: u64) -> Document {
        let Item { name, size, bytes } = self;
        let system = |error: io::Error| match is_told(&error) {
            true => Unread::Archive,
            false => Unread::System(error.to_string()),
        };
        let bytes = match (bytes, size) {
            (Err(unread), _) => Err(unread),
            (Ok(_), Some(size)) if size > size_max => Err(Unread::TooLarge { size, size_max }),
            (Ok(reader), _) => match read_bounded(reader, size_max).map_err(system) {
                Ok(bytes) if bytes.len() as u64 > size_max => {
                    Err(Unread::TooLarge { size: bytes.len() as u64, size_max })
                }
                read => read,
            },
        };
        Document { name, bytes }
    }
}

/// All of a reader, up to one byte more than a document may have: a file may grow while it is read.
fn read_bounded(reader: &mut dyn Read, size_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(size_max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
