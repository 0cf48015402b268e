//! Where findings come from, and their formats.
//!
//! Two steps that know nothing of each other: [`folder`] brings documents, whatever they are, and a format ([`osv`])
//! reads one document as a delivery or says what is wrong with it.

pub mod folder;
pub mod osv;
pub mod stream;

/// The largest document that is read, in bytes: a report may not be larger either.
pub const DOCUMENT_SIZE_MAX: u64 = database::REPORT_SIZE_MAX as u64;

/// One document as it came.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its name at its source.
    pub name: String,
    /// Its bytes, or why they cannot be had. Either way it counts as one delivery.
    pub bytes: Result<Vec<u8>, Unread>,
}

/// Why a document was not read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unread {
    /// It is larger than [`DOCUMENT_SIZE_MAX`].
    #[error("the document has {size} bytes; at most {DOCUMENT_SIZE_MAX} are read")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
    },
    /// It is no regular file: links are not followed, they could lead anywhere.
    #[error("the document is no regular file")]
    NoFile,
    /// The system said no.
    #[error("the document cannot be read: {0}")]
    System(String),
}
