//! Making a lookup file. What goes in comes sorted, so that the bytes are a function of it and need no `VACUUM`.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use crate::Error;

pub(crate) const FORMAT: &str = "malpkg.lookup";
pub(crate) const VERSION: &str = "1";

const SCHEMA: &str = include_str!("schema.sql");

/// Made once the tables are full: SQLite sorts, and fills the pages of an index in one go.
const INDEXES: &str = "
CREATE UNIQUE INDEX package_name ON package (ecosystem, name);
CREATE INDEX package_lookup ON package (ecosystem, lookup) WHERE lookup IS NOT NULL;
CREATE UNIQUE INDEX record_id ON record (id);
CREATE INDEX alias_record ON alias (record);
";

/// Everything that decides how the bytes come out, and no journal: a file that was not finished is thrown away.
const SETTINGS: &str = "
PRAGMA page_size = 4096;
PRAGMA encoding = 'UTF-8';
PRAGMA auto_vacuum = NONE;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA cache_size = -16384;
PRAGMA temp_store = FILE;
PRAGMA cache_spill = ON;
PRAGMA threads = 0;
PRAGMA user_version = 1;
PRAGMA application_id = 1296125008;
";

/// What the file says of itself: names and values, such as `commit`.
pub type About<'r> = BTreeMap<&'static str, &'r str>;

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: String,
    /// When it was first published.
    pub published: Option<i64>,
    /// When it last changed.
    pub modified: i64,
    /// When it was taken back.
    pub withdrawn: Option<i64>,
    /// What it is, where it says so.
    pub kind: Option<String>,
    /// How sure that is, where it says so.
    pub confidence: Option<String>,
    /// Its summary; none for the standard form.
    pub summary: Option<String>,
    /// Its aliases.
    pub aliases: Vec<String>,
    /// What to look for.
    pub indicators: Vec<Indicator>,
}

/// Something to look for in logs and on disks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Indicator {
    /// The thing.
    pub value: String,
    /// What it is: a domain, an address …
    pub kind: String,
    /// What it is to the attack.
    pub role: Option<String>,
}

/// What one record says of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject<'r> {
    /// The record, by its place among the records.
    pub report: usize,
    /// The package's ecosystem.
    pub ecosystem: &'r str,
    /// The package's name.
    pub name: &'r str,
    /// The name by which it is looked up.
    pub lookup: String,
    /// Its package URL.
    pub purl: Option<String>,
    /// What is said of its versions.
    pub words: Vec<Word<'r>>,
    /// The ranges as OSV has them in JSON, where they are not every version.
    pub ranges: Option<&'r str>,
}

/// A version, or `*`, or a range as `vers:`; the other of the two is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'r> {
    /// The version.
    pub version: &'r str,
    /// The range.
    pub range: &'r str,
    /// When it was first listed.
    pub since: Option<i64>,
}

/// Makes a lookup file of records, by id, and of what they say of packages, by ecosystem, name and record.
///
/// # Errors
///
/// SQLite or the disk refuses.
pub fn build<'r>(
    path: &Path,
    about: &About<'_>,
    reports: impl FnOnce(&mut dyn FnMut(Report) -> Result<(), Error>) -> Result<(), Error>,
    subjects: impl IntoIterator<Item = Subject<'r>>,
) -> Result<(), Error> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(SETTINGS)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    add_about(&transaction, about)?;
    add_reports(&transaction, reports)?;
    add_subjects(&transaction, subjects)?;
    transaction.execute_batch(INDEXES)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

fn add_about(transaction: &Transaction<'_>, about: &About<'_>) -> Result<(), Error> {
    let mut insert = transaction.prepare("INSERT INTO about VALUES (?1, ?2)")?;
    for (key, value) in
        [("format", FORMAT), ("version", VERSION)].into_iter().chain(about.iter().map(|(k, v)| (*k, *v)))
    {
        insert.execute(params![key, value])?;
    }
    Ok(())
}

fn add_reports(
    transaction: &Transaction<'_>,
    reports: impl FnOnce(&mut dyn FnMut(Report) -> Result<(), Error>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut insert = transaction.prepare("INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let (mut aliases, mut indicators) = (Vec::new(), Vec::new());
    let mut number: i64 = 0;
    reports(&mut |report| {
        number += 1;
        let Report { id, published, modified, withdrawn, kind, confidence, summary, .. } = &report;
        insert.execute(params![number, id, published, modified, withdrawn, kind, confidence, summary])?;
        aliases.extend(report.aliases.into_iter().map(|alias| (alias, number)));
        indicators.extend(report.indicators.into_iter().map(|indicator| (indicator, number)));
        Ok(())
    })?;
    aliases.sort_unstable();
    let mut insert = transaction.prepare("INSERT OR IGNORE INTO alias VALUES (?1, ?2)")?;
    for (alias, number) in aliases {
        insert.execute(params![alias, number])?;
    }
    indicators.sort_unstable();
    let mut insert = transaction.prepare("INSERT OR IGNORE INTO indicator VALUES (?1, ?2, ?3, ?4)")?;
    for (Indicator { value, kind, role }, number) in indicators {
        insert.execute(params![value, kind, number, role])?;
    }
    Ok(())
}

fn add_subjects<'r>(
    transaction: &Transaction<'_>,
    subjects: impl IntoIterator<Item = Subject<'r>>,
) -> Result<(), Error> {
    let mut ecosystem = transaction.prepare("INSERT INTO ecosystem VALUES (?1, ?2)")?;
    let mut package = transaction.prepare("INSERT INTO package VALUES (?1, ?2, ?3, ?4)")?;
    let mut affected = transaction.prepare("INSERT OR IGNORE INTO affected VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let (mut purls, mut about) = (Vec::new(), Vec::new());
    let (mut ecosystems, mut packages): (i64, i64) = (0, 0);
    let mut last: Option<(&str, &str)> = None;
    for subject in subjects {
        if last.is_none_or(|(ecosystem, _)| ecosystem != subject.ecosystem) {
            ecosystems += 1;
            ecosystem.execute(params![ecosystems, subject.ecosystem])?;
        }
        if last != Some((subject.ecosystem, subject.name)) {
            packages += 1;
            let lookup = Some(&subject.lookup).filter(|lookup| *lookup != subject.name);
            package.execute(params![packages, ecosystems, subject.name, lookup])?;
            purls.extend(subject.purl.map(|purl| (purl, packages)));
        }
        last = Some((subject.ecosystem, subject.name));
        let record = subject.report as i64 + 1;
        about.push((record, packages, subject.ranges));
        for word in subject.words {
            affected.execute(params![packages, record, word.version, word.range, word.since])?;
        }
    }
    purls.sort_unstable();
    let mut insert = transaction.prepare("INSERT INTO purl VALUES (?1, ?2)")?;
    for (purl, package) in purls {
        insert.execute(params![purl, package])?;
    }
    about.sort_unstable();
    let mut insert = transaction.prepare("INSERT OR IGNORE INTO subject VALUES (?1, ?2, ?3)")?;
    for (record, package, ranges) in about {
        insert.execute(params![record, package, ranges])?;
    }
    Ok(())
}
