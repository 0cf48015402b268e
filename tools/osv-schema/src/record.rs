//! The OSV record, typed as [the schema](https://ossf.github.io/osv-schema/) 1.7 names its members.

use crate::Timestamp;
use crate::json::{Document, Node, Pointer};
use crate::member::Object;
use crate::shape::{Shape, shape};

shape! {
    /// An OSV record, anyone's. The members stand in the order in which OSV exports write them.
    pub struct Record {
        /// The version of the OSV schema that the record claims.
        schema_version: String = "schema_version",
        /// The record's id.
        id: String = "id",
        /// When the record was first published.
        published: String = "published",
        /// When the record last changed.
        modified: String = "modified",
        /// When the record was taken back; absent while it stands.
        withdrawn: String = "withdrawn",
        /// Ids of the same thing in other databases.
        aliases: Vec<String> = "aliases",
        /// Ids of things closely related.
        related: Vec<String> = "related",
        /// Ids of what this one came down from.
        upstream: Vec<String> = "upstream",
        /// One line of plain text.
        summary: String = "summary",
        /// The story, in CommonMark.
        details: String = "details",
        /// The packages and versions meant.
        affected: Vec<Affected> = "affected",
        /// Where more is told.
        references: Vec<Reference> = "references",
        /// What the database adds; ours is documented in `schema/database-specific.json`.
        database_specific: Object = "database_specific",
        /// How severe it is.
        severity: Vec<Severity> = "severity",
        /// Who found it, and who helped.
        credits: Vec<Credit> = "credits",
    }
}

shape! {
    /// One package and the versions of it that are meant.
    pub struct Affected {
        /// The package; absent where a git repository is meant.
        package: Package = "package",
        /// Ranges of versions or commits.
        ranges: Vec<Range> = "ranges",
        /// Single versions.
        versions: Vec<String> = "versions",
        /// Free content of the ecosystem.
        ecosystem_specific: Object = "ecosystem_specific",
        /// Free content of the database.
        database_specific: Object = "database_specific",
        /// How severe it is for this package.
        severity: Vec<Severity> = "severity",
    }
}

shape! {
    /// A package.
    pub struct Package {
        /// The ecosystem, with its suffix where it has one.
        ecosystem: String = "ecosystem",
        /// The name as the ecosystem spells it.
        name: String = "name",
        /// The package URL, without a version.
        purl: String = "purl",
    }
}

shape! {
    /// A range, told by what happened along it.
    pub struct Range {
        /// How the values are ordered: one of [`crate::words::RANGE_TYPES`].
        kind: String = "type",
        /// The repository, for ranges of commits.
        repo: String = "repo",
        /// What happened, in any order.
        events: Vec<Event> = "events",
        /// Free content of the database.
        database_specific: Object = "database_specific",
    }
}

shape! {
    /// One event of a range. A valid one has exactly one of the four.
    pub struct Event {
        /// The first version affected; `0` is before all.
        introduced: String = "introduced",
        /// The first version not affected any more.
        fixed: String = "fixed",
        /// The last version affected.
        last_affected: String = "last_affected",
        /// Where the search for affected versions ends.
        limit: String = "limit",
    }
}

shape! {
    /// A page that tells more.
    pub struct Reference {
        /// What kind of page: one of [`crate::words::REFERENCE_TYPES`].
        kind: String = "type",
        /// Its address.
        url: String = "url",
    }
}

shape! {
    /// A score.
    pub struct Severity {
        /// The kind of score: one of [`crate::words::SEVERITY_TYPES`].
        kind: String = "type",
        /// The score as its kind spells it.
        score: String = "score",
    }
}

shape! {
    /// Somebody to thank.
    pub struct Credit {
        /// The name.
        name: String = "name",
        /// Addresses of theirs.
        contact: Vec<String> = "contact",
        /// What they did: one of [`crate::words::CREDIT_TYPES`].
        kind: String = "type",
    }
}

impl Record {
    /// Reads a record, losing nothing. None only where the document is no object.
    pub fn read(document: &Document) -> Option<Record> {
        Record::read_node(document.root())
    }

    /// Reads a record from an object inside a document.
    pub fn read_node(node: Node<'_>) -> Option<Record> {
        <Record as Shape>::read(node)
    }

    /// The first place where a member that the schema names has another type. Such a record can be kept, not changed.
    pub fn misfit(&self) -> Option<Pointer> {
        <Record as Shape>::misfit(self, &Pointer::root())
    }

    /// Whether the record is taken back. OSV readers go by the member being there, whatever it says.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.value().is_some() || self.extra.contains_key("withdrawn")
    }

    /// `published` as a time, where it is one.
    pub fn published_at(&self) -> Option<Timestamp> {
        self.published.as_str().and_then(|text| text.parse().ok())
    }

    /// `modified` as a time, where it is one.
    pub fn modified_at(&self) -> Option<Timestamp> {
        self.modified.as_str().and_then(|text| text.parse().ok())
    }
}

impl Event {
    /// Name and value of the members that the schema knows and this event has.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("introduced", &self.introduced),
            ("fixed", &self.fixed),
            ("last_affected", &self.last_affected),
            ("limit", &self.limit),
        ]
        .into_iter()
        .filter_map(|(name, member)| Some((name, member.as_str()?)))
    }
}
