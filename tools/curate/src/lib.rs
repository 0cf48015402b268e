//! How the database changes: ingest joins what sources say, assign gives ids.
//!
//! Curation is a function: a [`Snapshot`](database::Snapshot), what came in and the time make a
//! [`Plan`](database::Plan). Nothing is written here, and one bad delivery is one rejected delivery.

mod assign;
mod delivery;
mod draft;
mod guard;
mod ids;
mod ingest;
mod join;
mod placeholder;

pub use assign::{Assigned, assign, renumber};
pub use delivery::{Delivery, content_sha256, sha256_hex};
pub use draft::{Named, draft, draft_stem};
pub use guard::{Guard, Taken};
pub use ids::{Ids, IdsError, Numbering};
pub use ingest::{Batch, IngestError, Ingested, ingest};
