//! Where findings come from, and their formats.
//!
//! Two steps that know nothing of each other: a [`Place`] brings files one by one, whatever they are, and the format of
//! a declared [`Source`] reads each as deliveries or says what is wrong with it. [`read`] does both for one source.
//! [`Cursor`] remembers where the next reading goes on, [`Quarantine`] what could not be taken.

mod analysis;
mod archive;
mod bounds;
mod bucket;
mod cursor;
pub mod folder;
mod ghsa;
mod git;
mod https;
mod item;
mod journal;
pub mod keys;
mod list;
mod made;
mod ossf;
pub mod osv;
mod packages;
mod page;
mod pattern;
mod place;
mod quarantine;
mod reading;
mod remote;
mod source;
pub mod stream;
pub mod table;
mod taking;

use osv_schema::Timestamp;

pub use analysis::{Baseline, FREQUENT_FILE, RULES_FILE, VerdictError, Verdicts};
pub use bounds::Bounds;
pub use bucket::{Upload, UploadError, Uploaded, upload};
pub use cursor::Cursor;
pub use item::Item;
pub use list::{List, Row};
pub use page::{page, schema};
pub use pattern::{Pattern, takes};
pub use place::{Place, PlaceError};
pub use quarantine::{Held, Kept, Quarantine, QuarantineError, Settling, whole};
pub use reading::{Asked, Reading, baseline, read, regard, retake};
pub use source::{Format, OwnIds, Setting, SettingError, Source};
pub use taking::{Accepted, LeftOut, Refused, Taken};

/// Every document of a place whose name ends in `.json`.
///
/// # Errors
///
/// The place cannot be read, or an archive not to its end.
pub fn documents(place: &Place, bounds: Bounds, give: &mut dyn FnMut(Document)) -> Result<(), PlaceError> {
    let wants = |name: &str| name.ends_with(".json");
    let settings = [("format".to_owned(), Setting::Text("osv".to_owned()))].into();
    let source = Source::new("documents", &settings);
    let source = source.map_err(|error| PlaceError::new("documents", &error.to_string(), "tell us of it"))?;
    let now = Timestamp::EPOCH;
    let going = place::Going { source: &source, cache: None, since: None, now, bounds };
    let seen = place.visit(&wants, going, &mut |item| give(item.document()))?;
    match seen.broken.into_iter().next() {
        Some((name, bound)) => Err(PlaceError::new(&name, &bound.to_string(), "fetch the archive again")),
        None => Ok(()),
    }
}

/// The largest document that is read, in bytes: a report may not be larger either.
pub const DOCUMENT_SIZE_MAX: u64 = database::REPORT_SIZE_MAX as u64;

/// The largest document that is read of a format that lists many findings in one, or makes little of much.
pub const LIST_SIZE_MAX: u64 = 64 << 20;

/// One document as it came.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its name at its source.
    pub name: String,
    /// Its bytes, or why they cannot be had. Either way it counts as one delivery.
    pub bytes: Result<Vec<u8>, Unread>,
}

/// Why a document was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is larger than documents of its format may be.
    #[error("the document has {size} bytes; at most {size_max} are read")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The largest size that is read.
        size_max: u64,
    },
    /// It is no regular file: links are not followed, they could lead anywhere.
    #[error("the document is no regular file")]
    NoFile,
    /// Its name would lead out of its archive.
    #[error("the name of the document leads out of the archive")]
    LeadsOut,
    /// Its archive has several files of its name.
    #[error("the archive has several documents of this name, and says of none which one is meant")]
    Twice,
    /// Its archive could not be read on, and tells so itself.
    #[error("the archive of the document cannot be read")]
    Archive,
    /// The system said no.
    #[error("the document cannot be read: {0}")]
    System(String),
}

impl Unread {
    /// What would make it readable.
    pub fn remedy(&self) -> &'static str {
        match self {
            Unread::TooLarge { .. } => "send one record a document: a few kilobytes",
            Unread::NoFile => "send the file itself in place of the link",
            Unread::LeadsOut => "name the document by a path inside the archive, without `..`",
            Unread::Twice => "pack it again, each document under a name of its own",
            Unread::Archive | Unread::System(_) => "send it again as a regular file that can be read",
        }
    }
}
