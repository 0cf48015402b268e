//! The contents of a snapshot out of git.

use std::sync::Arc;

use database::{Content, Contents, Entry, REPORT_SIZE_MAX, ReadError, Visit};

use crate::objects::{ObjectError, Objects};
use crate::pack::Kind;

/// The largest file that is read. A little more than a report may have, so that the rule about it sees the report.
pub(crate) const FILE_SIZE_MAX: usize = REPORT_SIZE_MAX + (64 << 10);

/// Reads blobs.
pub(crate) struct GitContents {
    pub(crate) objects: Arc<Objects>,
}

impl Contents for GitContents {
    fn read(&self, wanted: &[&Entry], visit: &Visit<'_>) {
        let (mut ids, mut numbers) = (Vec::with_capacity(wanted.len()), Vec::with_capacity(wanted.len()));
        for (at, entry) in wanted.iter().enumerate() {
            if let Content::Blob(id) = &entry.content {
                ids.push(id.0);
                numbers.push(at);
            } else {
                visit(at, Err(ReadError::of_content(&entry.path, "it is no blob")));
            }
        }
        self.objects.read(&ids, Kind::Blob, FILE_SIZE_MAX, &|at, bytes| {
            let number = numbers[at];
            let path = &wanted[number].path;
            visit(
                number,
                bytes.map_err(|error| match &error {
                    ObjectError::TooLarge { .. } | ObjectError::OtherKind(_) => {
                        ReadError::of_content(path, error.to_string())
                    }
                    ObjectError::NotHere | ObjectError::Lost | ObjectError::Unreadable(_) => {
                        ReadError::of_system(path, error.to_string())
                    }
                }),
            );
        });
    }
}
