//! A report: a record at its place, read as far as its bytes allow.

use osv_schema::{Document, Record, SyntaxError};

use crate::{Place, Subject, SubjectError, TreePath, subject};

/// The largest report in bytes that is read. Real ones end below 20 kB.
pub const REPORT_SIZE_MAX: usize = 8 * 1024 * 1024;

/// One file of the database, read. Bad bytes make a report with less in it, never an error.
#[derive(Clone, Debug)]
pub struct Report<'p> {
    /// Where it lies.
    pub path: &'p TreePath,
    /// What the path says; none where no report lies, as for a record that is judged on its own.
    pub place: Option<Place<'p>>,
    /// Its text as a tree with places, or why it is no JSON.
    pub document: Result<Document, SyntaxError>,
    /// What it says; none where it is no JSON or no object.
    pub record: Option<Record>,
    /// The package that it is about, or why it is about none; none where there is no record.
    pub subject: Option<Result<Subject, SubjectError>>,
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
        let subject = record.as_ref().map(subject);
        Report { path, place: Place::of(path), document, record, subject }
    }

    /// The report's id: what it says itself, else what its file's name says.
    pub fn id(&self) -> &str {
        self.own_id().or(self.place.map(|place| place.stem)).unwrap_or_default()
    }

    /// The id that the report says itself, if that is not empty.
    pub fn own_id(&self) -> Option<&str> {
        self.record.as_ref().and_then(|record| record.id.as_str()).filter(|id| !id.is_empty())
    }

    /// The package that it is about, where it is about one.
    pub fn about(&self) -> Option<&Subject> {
        self.subject.as_ref().and_then(|subject| subject.as_ref().ok())
    }
}
