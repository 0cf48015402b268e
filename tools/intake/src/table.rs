//! The format `table`: rows with columns, as CSV or as JSON lines, one finding a row.

mod record;
mod rows;
mod types;
mod words;

pub(crate) use rows::{BEHIND, ends_in_quote};
pub(crate) use words::reference_kind;

use std::collections::BTreeMap;

use curate::{Delivery, sha256_hex};
use database::Rejected;
use osv_schema::Value;

use crate::taking::Taking;
use crate::{Item, Unread};

/// One field of a finding that a table can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name in the configuration.
    pub name: &'static str,
    /// What it means, in one line.
    pub meaning: &'static str,
}

/// Every field that a column can hold.
pub const FIELDS: &[Field] = &[
    Field { name: "ecosystem", meaning: "the ecosystem, as OSV spells it" },
    Field { name: "name", meaning: "the package's name" },
    Field {
        name: "package",
        meaning: "both in one: `npm/left-pad`, or a purl; a version behind it is one of `versions`",
    },
    Field { name: "repository", meaning: "a git repository, where no package is meant" },
    Field { name: "versions", meaning: "the malicious versions" },
    Field { name: "all-versions", meaning: "true where no version is safe; versions beside it are those seen" },
    Field {
        name: "commits",
        meaning: "malicious commits: of a repository what is affected, else what tags were moved to; found in a text too",
    },
    Field { name: "moved-tags", meaning: "tags that were moved: names, or objects with `tag`, `from`, `to`" },
    Field { name: "id", meaning: "the finding's id at its source" },
    Field { name: "aliases", meaning: "ids of the same thing elsewhere" },
    Field { name: "related", meaning: "ids of related things" },
    Field { name: "published", meaning: "when it was first known: a day, or a time" },
    Field {
        name: "modified",
        meaning: "when the row last changed; without it as published, and corrections of a row need it",
    },
    Field { name: "withdrawn", meaning: "when it was taken back" },
    Field { name: "summary", meaning: "one line" },
    Field { name: "details", meaning: "the story; without it the behaviour" },
    Field { name: "confirmed-by", meaning: "who confirms it, added to the details" },
    Field {
        name: "kind",
        meaning: "malware, hijack, typosquat, dependency-confusion, protestware, spam, research or test",
    },
    Field { name: "confidence", meaning: "confirmed, likely or claimed" },
    Field { name: "technique", meaning: "how the code reached its users" },
    Field { name: "campaign", meaning: "the name shared with other packages of one attack" },
    Field { name: "behaviour", meaning: "what the code does: evidence" },
    Field { name: "file", meaning: "where in the package it stands: evidence" },
    Field { name: "trigger", meaning: "when it runs: evidence" },
    Field { name: "file-sha256", meaning: "the hash of that file: evidence" },
    Field { name: "references", meaning: "pages that tell more" },
    Field { name: "credits", meaning: "who found it" },
    Field {
        name: "indicators",
        meaning: "an object of lists (`domains`, `urls`, `ips`, `hashes`), or a list of objects with `type` and `value`",
    },
    Field { name: "domains", meaning: "indicators: domains" },
    Field { name: "urls", meaning: "indicators: addresses" },
    Field { name: "ips", meaning: "indicators: IP addresses" },
    Field { name: "hashes", meaning: "indicators: hashes of files" },
    Field { name: "artifacts", meaning: "published files: objects with `version`, `file`, `sha256`" },
];

/// How the columns of a table become the fields of a finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    /// The character between the columns.
    pub delimiter: Option<u8>,
    /// The columns of a field.
    pub columns: BTreeMap<String, Vec<String>>,
    /// What a field holds where its column says nothing.
    pub values: BTreeMap<String, String>,
    /// What the table's words mean in ours, by field.
    pub words: BTreeMap<String, BTreeMap<String, String>>,
}

/// One row, by column.
pub(crate) type Row = BTreeMap<String, Value>;

/// What is wrong with a row: the rule, the column, what, and what would make it right.
pub(crate) struct Fault {
    pub(crate) rule: &'static str,
    pub(crate) column: String,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Fault {
    pub(crate) fn new(
        rule: &'static str,
        column: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Fault {
        Fault { rule, column: column.to_owned(), message: message.into(), remedy: remedy.into() }
    }
}

/// Reads a table, row by row.
pub(crate) fn read(item: Item<'_>, taking: &mut Taking<'_>) {
    let (source, table) = (taking.source, item.name.clone());
    let rejected = |delivery: &str, fault: Fault| Rejected {
        source: source.id.clone(),
        delivery: delivery.to_owned(),
        rule: fault.rule,
        pointer: match fault.column.as_str() {
            "" => String::new(),
            column => osv_schema::Pointer::root().member(column).to_string(),
        },
        message: fault.message,
        remedy: fault.remedy.replace("[source.ID", &format!("[source.{}", source.id)),
    };
    let reader = match item.bytes {
        Ok(reader) => reader,
        Err(unread) => {
            let fault = Fault::new("unreadable-report", "", unread.to_string(), unread.remedy());
            taking.refuse(rejected(&table, fault), Err(unread));
            return;
        }
    };
    let before = taking.taken.mark();
    let damage = rows::visit(&table, reader, &source.table, &mut |name, bytes, row| {
        let sha256 = bytes.as_deref().map(sha256_hex).unwrap_or_default();
        let made = row.and_then(|row| record::make(&row, &source.table));
        let parts = made.map_err(|fault| Box::new(rejected(name, fault))).and_then(|record| {
            let (source, name) = (source.id.clone(), name.to_owned());
            taking.parts(Delivery { source, name, sha256, record, keeps_id: false, taken_over: false })
        });
        match parts {
            Ok(parts) => taking.accept(name.to_owned(), parts),
            Err(rejected) => taking.refuse(*rejected, bytes),
        }
    });
    if let Some(rows::Damage { place, fault }) = damage {
        // Half of a list would take back what stands in the other half.
        if source.is_complete {
            taking.taken.back_to(before);
        }
        let unread = Unread::System(fault.message.clone());
        taking.refuse(rejected(&place, fault), Err(unread));
    }
}

#[cfg(test)]
mod tests;
