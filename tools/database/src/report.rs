//! A report: a record at its place, read as far as its bytes allow.

use osv_schema::{Document, Record, SyntaxError};

use crate::{Place, TreePath};

/// The largest report in bytes that is read. Real ones end below 20 kB.
pub const REPORT_SIZE_MAX: usize = 8 * 1024 * 1024;

/// One file of the database, read. Bad bytes make a report with less in it, never an error.
#[derive(Clone, Debug)]
pub struct Report<'p> {
    /// Where it lies.
    pub path: &'p TreePath,
    /// Its text as a tree with places, or why it is no JSON.
    pub document: Result<Document, SyntaxError>,
    /// What it says; none where it is no JSON or no object.
    pub record: Option<Record>,
}

impl<'p> Report<'p> {
    /// Reads a report from its bytes.
    pub fn read(path: &'p TreePath, bytes: &[u8]) -> Report<'p> {
        let document = if bytes.len() > REPORT_SIZE_MAX {
            Err(SyntaxError { offset: REPORT_SIZE_MAX, message: "the report is larger than 8 MiB" })
        } else {
            Document::parse(bytes)
        };
        let record = document.as_ref().ok().and_then(Record::read);
        Report { path, document, record }
    }

    /// The report's id: what it says itself, else what its file's name says.
    pub fn id(&self) -> &str {
        let own = self.record.as_ref().and_then(|record| record.id.as_str()).filter(|id| !id.is_empty());
        own.or(Place::of(self.path).map(|place| place.stem)).unwrap_or_default()
    }
}
