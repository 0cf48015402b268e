//! What a valid database is, one file a rule; validate and admit.
//!
//! [`RULES`] is the law. [`validate`] judges a whole [`Snapshot`](database::Snapshot), [`admit`] a change to one, and
//! nobody else can make an [`Admitted`] change, which is all that `store` will write.

mod accept;
mod admit;
mod characters;
mod compare;
mod contribution;
mod edited;
mod finding;
mod indicator;
mod ioc;
mod judge;
mod protected;
mod provenance;
mod ratchet;
mod rule;
mod rules;
mod schema;
mod shared;
mod sink;
mod standing;
mod text;
mod validate;

pub use admit::{Admitted, NotAdmitted, admit, admit_known};
pub use characters::is_alike;
pub use compare::{By, Bytes, Comparison, Known, Touched, compare};
pub use edited::{Edited, Side};
pub use finding::{Finding, Spot};
pub use judge::{Judged, judge_file, judge_record};
pub use protected::{PROTECTED_FOLDER, Protected};
pub use rule::{CAMPAIGNS_FILE, Check, Level, Rule, Settings, UnknownRule};
pub use rules::{RULES, is_moving_tag};
pub use schema::{Refusal, refusals};
pub use sink::{FINDINGS_MAX, SharedSink, Sink};
pub use standing::{Standing, fingerprint, indexed};
pub use validate::{Validation, validate};
