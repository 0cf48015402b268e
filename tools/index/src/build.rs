//! Making a lookup file. What goes in comes sorted, so that the bytes are a function of it and need no `VACUUM`.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Transaction, params};
use serde_json::Value;

use crate::Error;

pub(crate) const FORMAT: &str = "malpkg.lookup";
pub(crate) const VERSION: &str = "2";

const SCHEMA: &str = include_str!("schema.sql");

/// Made once the tables are full: SQLite sorts, and fills the pages of an index in one go.
const INDEXES: &str = "
CREATE INDEX said_name ON said (ecosystem, name);
CREATE INDEX said_lookup ON said (ecosystem, lookup) WHERE lookup IS NOT NULL;
CREATE INDEX said_id ON said (id);
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
PRAGMA user_version = 2;
PRAGMA application_id = 1296125008;
";

/// What the file says of itself: names and values, such as `commit`.
pub type About<'r> = BTreeMap<&'static str, &'r str>;

/// One record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report<'r> {
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
    /// What it says of packages.
    pub subjects: Vec<Subject<'r>>,
}

/// An ecosystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named<'r> {
    /// Its name, with a suffix where it has one.
    pub name: &'r str,
    /// What the package URLs of its packages begin with where the rest is the name.
    pub purl: Option<String>,
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
    pub ranges: Option<String>,
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

/// Takes the records of a lookup file, by id.
pub type Add<'a, 'r> = &'a mut dyn FnMut(Report<'r>) -> Result<(), Error>;

/// Makes a lookup file of the ecosystems that there are, and of records by id.
///
/// # Errors
///
/// SQLite or the disk refuses.
pub fn build<'r>(
    path: &Path,
    about: &About<'_>,
    ecosystems: &[Named<'_>],
    reports: impl FnOnce(Add<'_, 'r>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(SETTINGS)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(SCHEMA)?;
    add_about(&transaction, about)?;
    let mut numbers = BTreeMap::new();
    let mut insert = transaction.prepare("INSERT INTO ecosystem VALUES (?1, ?2, ?3)")?;
    for (number, Named { name, purl }) in (1..).zip(ecosystems) {
        insert.execute(params![number, name, purl])?;
        numbers.insert(*name, Numbered { number, purl: purl.as_deref() });
    }
    drop(insert);
    add_reports(&transaction, &numbers, reports)?;
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

/// An ecosystem as the tables know it.
struct Numbered<'n> {
    number: i64,
    purl: Option<&'n str>,
}

fn add_reports<'r>(
    transaction: &Transaction<'_>,
    ecosystems: &BTreeMap<&str, Numbered<'_>>,
    reports: impl FnOnce(Add<'_, 'r>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut insert = transaction.prepare(
        "INSERT INTO said VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
    )?;
    let (mut aliases, mut purls) = (Vec::new(), Vec::new());
    let mut indicators: BTreeMap<[String; 3], Vec<i64>> = BTreeMap::new();
    let mut number: i64 = 0;
    reports(&mut |report| {
        let Report { id, published, modified, withdrawn, kind, confidence, summary, aliases: also, .. } = report;
        let first = number + 1;
        let listed = list(&also);
        let mut parts: Vec<Said<'_>> = report.subjects.into_iter().map(|one| Said::of(one, ecosystems)).collect();
        if parts.is_empty() {
            // What is about no package has a row all the same.
            parts.push(Said::default());
        }
        for (part, said) in (0_i64..).zip(parts) {
            number += 1;
            insert.execute(params![
                number,
                id,
                part,
                said.ecosystem,
                said.name,
                said.lookup,
                said.versions,
                said.ranges,
                said.events,
                said.since,
                said.since_each,
                published,
                modified,
                withdrawn,
                kind,
                confidence,
                summary,
                listed
            ])?;
            purls.extend(said.purl.map(|purl| (purl, number)));
        }
        aliases.extend(also.into_iter().map(|alias| (alias, first)));
        for Indicator { value, kind, role } in report.indicators {
            indicators.entry([value, kind, role.unwrap_or_default()]).or_default().push(first);
        }
        Ok(())
    })?;
    aliases.sort_unstable();
    let mut insert = transaction.prepare("INSERT OR IGNORE INTO alias VALUES (?1, ?2)")?;
    for (alias, number) in aliases {
        insert.execute(params![alias, number])?;
    }
    purls.sort_unstable();
    let mut insert = transaction.prepare("INSERT INTO purl VALUES (?1, ?2)")?;
    for (purl, number) in purls {
        insert.execute(params![purl, number])?;
    }
    let mut insert = transaction.prepare("INSERT INTO indicator VALUES (?1, ?2, ?3, ?4)")?;
    for ([value, kind, role], mut numbers) in indicators {
        numbers.dedup();
        insert.execute(params![value, kind, role, list(&numbers)])?;
    }
    Ok(())
}

/// What is said of a package, as the columns have it.
#[derive(Default)]
struct Said<'r> {
    ecosystem: Option<i64>,
    name: Option<&'r str>,
    lookup: Option<String>,
    versions: Option<String>,
    ranges: Option<String>,
    events: Option<String>,
    since: Option<i64>,
    since_each: Option<String>,
    /// Where it is another than what the ecosystem's begin with and the name.
    purl: Option<String>,
}

impl<'r> Said<'r> {
    fn of(subject: Subject<'r>, ecosystems: &BTreeMap<&str, Numbered<'_>>) -> Said<'r> {
        let Subject { ecosystem, name, lookup, purl, words, ranges: events } = subject;
        let ecosystem = ecosystems.get(ecosystem);
        let begin = ecosystem.and_then(|ecosystem| ecosystem.purl);
        let is_plain = |purl: &String| begin.is_some_and(|begin| purl.strip_prefix(begin) == Some(name));
        let (versions, ranges): (Vec<Word<'r>>, Vec<Word<'r>>) =
            words.into_iter().partition(|word| word.range.is_empty());
        let times = [&versions, &ranges].map(|words| words.iter().map(|word| word.since).collect::<Vec<_>>());
        let mut all = times.iter().flatten().copied();
        let first = all.next().flatten();
        let is_one = all.all(|time| time == first);
        Said {
            ecosystem: ecosystem.map(|ecosystem| ecosystem.number),
            name: Some(name),
            lookup: Some(lookup).filter(|lookup| lookup != name),
            versions: list(&versions.iter().map(|word| word.version).collect::<Vec<_>>()),
            ranges: list(&ranges.iter().map(|word| word.range).collect::<Vec<_>>()),
            events,
            since: first.filter(|_| is_one),
            since_each: list(&times.map(Value::from)).filter(|_| !is_one),
            purl: purl.filter(|purl| !is_plain(purl)),
        }
    }
}

/// A list as the columns have it; none where it is empty.
fn list<T: Into<Value> + Clone>(items: &[T]) -> Option<String> {
    (!items.is_empty()).then(|| Value::from(items).to_string())
}
