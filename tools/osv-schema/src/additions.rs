//! What the database adds to a record in `database_specific`; the schema is `schema/database-specific.json`.

use crate::member::Object;
use crate::record::{Range, Record};
use crate::shape::{Shape, shape};
use crate::{Document, Value, write};

/// The member of `database_specific` that holds the origins, by upstream's name.
pub const ORIGINS: &str = "malicious-packages-origins";

/// The member of `database_specific` that holds everything else we add.
pub const MALPKG: &str = "malpkg";

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
    }
}

impl Record {
    /// The deliveries that went into the report. What is no origin is left out here, and stays in the record.
    pub fn origins(&self) -> Vec<Origin> {
        let Some(listed) = self.database_specific.value().and_then(|members| members.get(ORIGINS)) else {
            return Vec::new();
        };
        listed.as_array().unwrap_or_default().iter().filter_map(Origin::of_value).collect()
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

impl Origin {
    fn of_value(value: &Value) -> Option<Origin> {
        value.as_object()?;
        let document = Document::parse(write::compact(value).as_bytes()).ok()?;
        <Origin as Shape>::read(document.root())
    }
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
