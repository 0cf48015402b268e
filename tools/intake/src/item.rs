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
        let Item { name, size, bytes } = self;
        let system = |error: io::Error| match is_told(&error) {
            true => Unread::Archive,
            false => Unread::System(error.to_string()),
        };
        let bytes = match (bytes, size) {
            (Err(unread), _) => Err(unread),
            (Ok(_), Some(size)) if size > DOCUMENT_SIZE_MAX => Err(Unread::TooLarge { size }),
            (Ok(reader), _) => match read_bounded(reader).map_err(system) {
                Ok(bytes) if bytes.len() as u64 > DOCUMENT_SIZE_MAX => {
                    Err(Unread::TooLarge { size: bytes.len() as u64 })
                }
                read => read,
            },
        };
        Document { name, bytes }
    }
}

/// All of a reader, up to one byte more than a document may have: a file may grow while it is read.
fn read_bounded(reader: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(DOCUMENT_SIZE_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
