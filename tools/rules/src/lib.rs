//! What a valid database is, one file a rule; validate and admit.
//!
//! [`RULES`] is the law. [`validate`] judges a whole [`Snapshot`](database::Snapshot), [`admit`] a change to one, and
//! nobody else can make an [`Admitted`] change, which is all that `store` will write.

mod admit;
mod finding;
mod rule;
mod rules;
mod schema;
mod validate;

pub use admit::{Admitted, admit};
pub use finding::{Finding, Spot};
pub use rule::{Check, Level, Rule, Settings, UnknownRule};
pub use rules::RULES;
pub use schema::{Violation, violations};
pub use validate::{FINDINGS_MAX, Facts, Sink, TreeSink, Validation, World, validate};
