//! The OSV record: types, lossless parsing, one canonical writer.
//!
//! Three layers, each usable alone:
//!
//! - [`json`]: a JSON text as a tree with the place of every value ([`Document`], [`Node`]), strict where Go's
//!   readers are strict (duplicate members are remembered), and [`Value`], the same content without places.
//! - [`Record`]: what a record says, typed by the [OSV schema] 1.7. Reading is total and lossless: a member of
//!   another type than the schema's, or one that the schema does not name, is kept as it is in `extra`.
//! - [`write`](mod@write): the one canonical byte form, and the compact one that is published.
//!
//! Nothing here judges a record; that is the affair of the crate `rules`.
//!
//! [OSV schema]: https://ossf.github.io/osv-schema/

pub mod additions;
pub mod json;
mod member;
mod record;
mod shape;
mod timestamp;
pub mod words;
pub mod write;

pub use additions::Origin;
pub use json::{Document, Kind, Node, Pointer, Position, SyntaxError, Value};
pub use member::{Member, Object};
pub use record::{Affected, Credit, Event, Package, Range, Record, Reference, Severity};
pub use shape::Shape;
pub use timestamp::{InvalidTimestamp, Timestamp};
