//! Ecosystems: canonical names, purl, version order, ranges.
//!
//! Text from outside is turned at the door into values that cannot be wrong: an [`Ecosystem`] is one that the OSV
//! schema knows, a [`PackageFolder`] is a place that every git can hold, a [`Repository`] has one spelling. Whatever
//! differs from one ecosystem to the next is a column of one table (`table.rs`), not a comparison of strings.
//!
//! Not here: what a report is (`osv-schema`), where its file lies (`database`), and whether it is right (`rules`).

mod action;
mod ecosystem;
mod folder;
mod name;
mod package;
mod portability;
mod purl;
mod query;
mod repository;
mod spelling;
mod table;
pub mod version;

pub use action::{ActionNameError, check_action_name};
pub use ecosystem::{Ecosystem, SuffixError, UnknownEcosystem, current_directory};
pub use folder::{MAX_COMPONENT_BYTES, MAX_PATH_BYTES, PackageFolder, PlaceError};
pub use package::Package;
pub use portability::{Unportable, portability, portability_of};
pub use purl::{PurlError, PurlMismatch, purl_matches};
pub use query::{PackageQuery, QueryError};
pub use repository::{Repository, RepositoryError};
pub use table::SuffixRule;
