//! How the database changes: ingest joins what sources say, merge what people wrote, assign gives ids, and decisions say
//! what people settled.
//!
//! Curation is a function: a [`Snapshot`](database::Snapshot), what came in and the time make a
//! [`Plan`](database::Plan). Nothing is written here, and one bad delivery is one rejected delivery.

mod again;
mod ahead;
mod aside;
mod assign;
mod beyond;
mod cleared;
mod complete;
mod computed;
mod decide;
mod decided;
mod dedupe;
mod delivery;
mod draft;
mod guard;
mod ids;
mod ingest;
mod join;
mod meaning;
mod meet;
mod merge;
mod moved;
mod place;
mod placeholder;
mod ranges;
mod remembered;
mod streams;
mod told;
mod trees;
mod undo;
mod unite;
mod why;

pub use again::date_again;
pub use ahead::is_ahead;
pub use assign::{Assigned, assign, renumber};
pub use beyond::{Beyond, beyond};
pub use complete::{no_longer_named, stream_names};
pub use decide::{
    Deed, KeptOf, Narrowing, OPEN, PROOFS, REASONS_AGAINST, REASONS_FOR, Settled, Settlement, decide, disputed,
};
pub use dedupe::{Deduped, dedupe, leads_to};
pub use delivery::{Delivery, content_sha256, sha256_hex};
pub use draft::{Named, draft, draft_stem};
pub use guard::{Guard, Taken};
pub use ids::{Ids, IdsError, Numbering};
pub use ingest::{Batch, IngestError, Ingested, alone, ingest};
pub use meaning::{Turn, TurnKind, meaning};
pub use meet::{
    JoinError, MeetError, Meeting, Met, News, follow, gather, join, leave_out_known, meet, meet_all, restore,
};
pub use merge::{Merged, Merging, merge};
pub use moved::{Streams, WentOn};
pub use undo::{Brought, Undoing, undo};
pub use why::{Because, What, Who, Why, why};
