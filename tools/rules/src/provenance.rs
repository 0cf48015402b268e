//! What a report holds of others' words: its origins, the decisions about it, and what sources said in its details.

use std::collections::HashSet;

use database::details;
use osv_schema::additions::{ORIGINS, malpkg};
use osv_schema::{Object, Record, Value};

/// The member that holds the origins, whatever it is; none where it is absent or null, as older tools wrote it.
pub(crate) fn origins_member(record: &Record) -> Option<&Value> {
    record.database_specific.value()?.get(ORIGINS).filter(|value| **value != Value::Null)
}

/// The member that holds the decisions, whatever it is; none where it is absent or null.
pub(crate) fn decisions_member(record: &Record) -> Option<&Value> {
    malpkg(record)?.get("decisions").filter(|value| **value != Value::Null)
}

/// What people decided about the report, oldest first.
pub(crate) fn decisions(record: &Record) -> &[Value] {
    decisions_member(record).and_then(Value::as_array).unwrap_or_default()
}

/// A word of a decision or an origin.
pub(crate) fn word<'v>(members: &'v Object, name: &str) -> Option<&'v str> {
    members.get(name).and_then(Value::as_str).filter(|word| !word.is_empty())
}

/// What stands in the details below the line that nobody edits; none where there is no such line.
pub(crate) fn said(record: &Record) -> Option<&str> {
    details::said(record.details.as_str()?)
}

/// The origins of a report by which deliveries are known: the source, and a hash of the bytes or of the content.
pub(crate) struct Deliveries<'r> {
    known: HashSet<(&'r str, &'r str)>,
}

impl<'r> Deliveries<'r> {
    /// Those that a report has.
    pub(crate) fn of(record: &'r Record) -> Deliveries<'r> {
        let hashes = |origin: &'r Object| {
            let of = move |name| Some((word(origin, "source")?, word(origin, name)?));
            [of("sha256"), of("content_sha256")].into_iter().flatten()
        };
        Deliveries { known: origins(record).flat_map(hashes).collect() }
    }

    /// Whether the delivery of an origin is among them. Of one content the origin with the smallest hash of its bytes
    /// stands, so that the content alone is enough.
    pub(crate) fn has(&self, origin: &Object) -> bool {
        let is_known = |name| {
            word(origin, "source").zip(word(origin, name)).is_some_and(|delivery| self.known.contains(&delivery))
        };
        is_known("sha256") || is_known("content_sha256")
    }
}

/// The origins of a report, as far as they are objects.
pub(crate) fn origins(record: &Record) -> impl Iterator<Item = &Object> {
    origins_member(record).and_then(Value::as_array).unwrap_or_default().iter().filter_map(Value::as_object)
}
