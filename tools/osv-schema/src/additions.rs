//! What the database adds to a record in `database_specific`; the schema is `schema/database-specific.json`.

use crate::member::Object;
use crate::record::{Range, Record};
use crate::shape::{Shape, shape};
use crate::{Document, Value, write};

/// The member of `database_specific` that holds the origins, by upstream's name.
pub const ORIGINS: &str = "malicious-packages-origins";

/// The member of `database_specific` that holds everything else we add.
pub const MALPKG: &str = "malpkg";

/// The member of that which holds the decisions.
pub const DECISIONS: &str = "decisions";

shape! {
    /// One delivery as it is remembered in the report it went into.
    pub struct Origin {
        /// The source that sent it.
        source: String = "source",
        /// SHA-256 of the bytes that came, in hex.
        sha256: String = "sha256",
        /// When it was first taken in.
        import_time: String = "import_time",
        /// The record's own `modified`.
        modified_time: String = "modified_time",
        /// The record's own id.
        id: String = "id",
        /// The ranges it claims.
        ranges: Vec<Range> = "ranges",
        /// The versions it claims.
        versions: Vec<String> = "versions",
        /// When its source took it back.
        withdrawn: String = "withdrawn",
        /// SHA-256 of what it says: its canonical form without `modified`, in hex.
        content_sha256: String = "content_sha256",
        /// The package's name as it spells it, where that is not the canonical one.
        name: String = "name",
        /// The id of this report among its aliases: it came down from us, and says nothing new about versions.
        derived_from: String = "derived_from",
        /// The package that it is on, where that is another one than the report's: it speaks for this one no more.
        moved_to: String = "moved_to",
    }
}

shape! {
    /// The deliveries of one source under one id, as a decision names them.
    pub struct Stream {
        /// The source.
        source: String = "source",
        /// The record's id there.
        id: String = "id",
        /// Where it has none, the hash of what it says.
        sha256: String = "sha256",
    }
}

shape! {
    /// One delivery, as a decision names it.
    pub struct Undone {
        /// The source.
        source: String = "source",
        /// The record's id there.
        id: String = "id",
        /// SHA-256 of what it says.
        sha256: String = "sha256",
        /// The record's own `modified`.
        modified_time: String = "modified_time",
        /// What it had to say, of one that counts on.
        details: String = "details",
    }
}

shape! {
    /// What somebody settled about a report.
    pub struct Decision {
        /// What it does: one of [`crate::words::DECISION_KINDS`].
        kind: String = "kind",
        /// When.
        time: String = "time",
        /// Why, in one word.
        reason: String = "reason",
        /// Who.
        by: String = "by",
        /// What else there is to say.
        note: String = "note",
        /// A page that shows it.
        evidence: String = "evidence",
        /// The streams that it binds.
        streams: Vec<Stream> = "streams",
        /// The deliveries that do not count.
        deliveries: Vec<Undone> = "deliveries",
        /// Those of the same streams that count on, each with the time as of which it does, whatever is sent later.
        left: Vec<Undone> = "left",
        /// The versions that it is about: those that stay, or that are approved of.
        versions: Vec<String> = "versions",
        /// The ranges that stay.
        ranges: Vec<Range> = "ranges",
        /// The versions that are not malicious.
        cleared: Vec<String> = "cleared",
        /// Those that stay though they were cleared before.
        revived: Vec<String> = "revived",
        /// The ranges that do not count.
        cleared_ranges: Vec<Range> = "cleared_ranges",
        /// Of a dispute: how it is shown that the report is wrong.
        proof: String = "proof",
        /// Of a dispute: until when it is to be settled.
        deadline: String = "deadline",
        /// Since when an honest owner has the name.
        reclaimed: String = "reclaimed",
        /// The id of the report that this one leads to, which is a duplicate of it.
        survivor: String = "survivor",
        /// Of a narrowing: the id of the report that was taken back, and is a part of this one.
        part: String = "part",
        /// Of a tree that is taken over: the id of the report there.
        report: String = "report",
    }
}

impl Record {
    /// The deliveries that went into the report. What is no origin is left out here, and stays in the record.
    pub fn origins(&self) -> Vec<Origin> {
        let Some(listed) = self.database_specific.value().and_then(|members| members.get(ORIGINS)) else {
            return Vec::new();
        };
        listed.as_array().unwrap_or_default().iter().filter_map(of_value).collect()
    }

    /// Adds a delivery behind the ones there are. Whatever else stands in the list stays.
    pub fn add_origin(&mut self, origin: &Origin) {
        let listed = self.database_specific.or_default().entry(ORIGINS.to_owned()).or_insert(Value::Null);
        match listed {
            Value::Array(items) => items.push(to_value(origin)),
            // Upstream's older tools wrote `null` for none.
            other => *other = Value::Array(vec![to_value(origin)]),
        }
    }
}

impl Record {
    /// Puts these deliveries in the place of those that there are. What is no origin stays, behind them.
    pub fn set_origins(&mut self, origins: &[Origin]) {
        let others = self.database_specific.value().and_then(|members| members.get(ORIGINS)).map(others);
        let listed: Vec<Value> = origins.iter().map(to_value).chain(others.unwrap_or_default()).collect();
        if !listed.is_empty() {
            self.database_specific.or_default().insert(ORIGINS.to_owned(), Value::Array(listed));
        }
    }

    /// What people settled about the report. What is no decision is left out here, and stays in the record.
    pub fn decisions(&self) -> Vec<Decision> {
        let Some(listed) = malpkg(self).and_then(|ours| ours.get(DECISIONS)) else { return Vec::new() };
        listed.as_array().unwrap_or_default().iter().filter_map(of_value).collect()
    }

    /// Puts these decisions in the place of those that there are. What is none stays, behind them.
    pub fn set_decisions(&mut self, decisions: &[Decision]) {
        let others = malpkg(self).and_then(|ours| ours.get(DECISIONS)).map(others).unwrap_or_default();
        let listed: Vec<Value> = decisions.iter().map(to_value).chain(others).collect();
        if listed.is_empty() && self.decisions().is_empty() {
            // A list that is not there, or was written down as empty, stays so.
            return;
        }
        let ours = self.database_specific.or_default().entry(MALPKG.to_owned()).or_insert(Value::Null);
        if !matches!(ours, Value::Object(_)) {
            *ours = Value::Object(Object::new());
        }
        let Value::Object(ours) = ours else { return };
        match listed.is_empty() {
            true => drop(ours.remove(DECISIONS)),
            false => drop(ours.insert(DECISIONS.to_owned(), Value::Array(listed))),
        }
    }
}

/// What stands in a list and is no object; what stands in its place and is no list.
fn others(listed: &Value) -> Vec<Value> {
    match listed {
        Value::Array(items) => items.iter().filter(|item| item.as_object().is_none()).cloned().collect(),
        Value::Null => Vec::new(),
        other => vec![other.clone()],
    }
}

/// Free content as something typed.
fn of_value<T: Shape>(value: &Value) -> Option<T> {
    value.as_object()?;
    let document = Document::parse(write::compact(value).as_bytes()).ok()?;
    T::read(document.root())
}

/// Anything typed as free content.
pub fn to_value(content: &impl Shape) -> Value {
    // What the writer writes, the parser reads; only a document over the size limit is refused, and such content was
    // refused when it came in.
    Document::parse(write::compact(content).as_bytes()).map_or(Value::Null, |document| Value::from(document.root()))
}

/// The members of `database_specific.malpkg`; empty where there are none.
pub fn malpkg(record: &Record) -> Option<&Object> {
    record.database_specific.value()?.get(MALPKG)?.as_object()
}
