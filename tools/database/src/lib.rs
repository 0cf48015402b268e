//! Reports in a tree: paths, snapshots, change sets and plans.
//!
//! A [`Snapshot`] is every file of the database in one git tree (or one folder), immutable: listing it reads no
//! report, and reports are read through [`Contents`] when somebody asks. A [`ChangeSet`] is edits over it, and
//! [`Snapshot::with`] is the tree that would come out. A [`Plan`] is a change set together with what was left out.

mod bytes;
mod change;
mod content;
pub mod details;
mod difference;
mod facts;
mod index;
mod listed;
mod marks;
mod pack;
mod path;
mod person;
mod place;
mod report;
mod snapshot;
mod subject;
pub mod verdict;

pub use bytes::Bytes;
pub use change::{Change, ChangeKind, ChangeSet, Edit, Plan, Rejected, Skipped};
pub use content::{BlobId, Content, Contents, ReadError, TreeId, Visit};
pub use details::{Details, InvalidDetails, Section};
pub use difference::Difference;
pub use facts::{Facts, Key, KeyKind, stream_word};
pub use index::{Index, IndexError, Indexed, IndexedFile};
pub use listed::{EVERY, Listed, ListedKey};
pub use marks::{Mark, numbers, read_marks};
pub use pack::{object_head, pack_head};
pub use path::{InvalidPath, TreePath};
pub use person::Person;
pub use place::{Base, Place, ReportId};
pub use report::{REPORT_SIZE_MAX, Report};
pub use snapshot::{Entry, Snapshot};
pub use subject::{Subject, SubjectError, subject};

/// The files and folders that make a database, from the root of its tree. Nothing else is listed.
pub const ROOTS: [&str; 3] = ["config", "malpkg.toml", "osv"];

/// The file that holds, for each year, the highest number given.
pub const IDS_FILE: &str = "osv/ids.json";

/// The file that configures the tool for one database.
pub const CONFIG_FILE: &str = "malpkg.toml";
