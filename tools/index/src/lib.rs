//! The lookup file: one SQLite file that answers whether a package, a version, an id or an indicator is known.
//!
//! [`fn@build`] makes it, and its bytes are a function of what it is given; [`Lookup`] opens it and asks. The tables and
//! views are in `schema.sql`, and `docs/lookup.md` says what any language may rely on.
//!
//! It is a crate of its own because SQLite is C code of a quarter of a million lines: nothing else is to know it, and who
//! works on anything else is not to compile it.

mod ask;
mod build;
mod error;

pub use ask::{Answered, Lookup, Since};
pub use build::{About, Add, Indicator, Named, Report, Subject, Word, build};
pub use error::Error;
