//! Asking a lookup file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use database::verdict::Statement;
use database::{Base, TreePath};
use ecosystem::{Ecosystem, Package};
use osv_schema::{Document, Record, Timestamp};
use rusqlite::{Connection, OpenFlags, Row, params};

use crate::Error;
use crate::build::{FORMAT, VERSION};

/// Since when each version and range is listed.
pub type Since = BTreeMap<String, String>;

/// What one report says of one package, and since when each word of it is listed.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What it says, as far as a verdict needs it.
    pub statement: Statement,
    /// Since when.
    pub since: Since,
}

/// A lookup file.
#[derive(Debug)]
pub struct Lookup {
    connection: Connection,
}

/// A record and a package by their numbers.
type Pair = (i64, i64);

/// Every column of a pair, by the two indexes.
const ONE: &str = "
SELECT record.id, record.published, record.modified, record.withdrawn, record.kind, record.confidence,
  report.summary, report.aliases, ecosystem.name, package.name, subject.ranges
FROM record
  JOIN report ON report.id = record.id
  JOIN subject ON subject.record = record.number AND subject.package = ?2
  JOIN package ON package.number = subject.package
  JOIN ecosystem ON ecosystem.number = package.ecosystem
WHERE record.number = ?1";

/// Questions, each with the records and packages that answer it. All are answered from indexes.
pub(crate) const QUESTIONS: [(&str, &str); 5] = [
    (
        "package",
        "SELECT affected.record, package.number FROM ecosystem
           JOIN package ON package.ecosystem = ecosystem.number AND package.name = ?2
           JOIN affected ON affected.package = package.number
         WHERE ecosystem.name = ?1
         UNION SELECT affected.record, package.number FROM ecosystem
           JOIN package ON package.ecosystem = ecosystem.number AND package.lookup = ?2
           JOIN affected ON affected.package = package.number
         WHERE ecosystem.name = ?1",
    ),
    (
        "id",
        "SELECT subject.record, subject.package FROM record JOIN subject ON subject.record = record.number
         WHERE record.id = ?1",
    ),
    (
        "alias",
        "SELECT subject.record, subject.package FROM alias JOIN subject ON subject.record = alias.record
         WHERE alias.alias = ?1",
    ),
    (
        "purl",
        "SELECT DISTINCT affected.record, affected.package FROM purl JOIN affected ON affected.package = purl.package
         WHERE purl.purl = ?1",
    ),
    (
        "indicator",
        "SELECT subject.record, subject.package FROM indicator JOIN subject ON subject.record = indicator.record
         WHERE indicator.value = ?1",
    ),
];

impl Lookup {
    /// Opens a file. It is only read, and may lie where nobody may write.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is no lookup file.
    pub fn open(path: &Path) -> Result<Lookup, Error> {
        let format = |path: PathBuf| Error::Format { path };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        let lookup = Lookup { connection };
        let is_ours = lookup.about("format").is_ok_and(|format| format.as_deref() == Some(FORMAT))
            && lookup.about("version").is_ok_and(|version| version.as_deref() == Some(VERSION));
        if is_ours { Ok(lookup) } else { Err(format(path.to_owned())) }
    }

    /// What the file says of itself: `commit`, `time`, `home` and others.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn about(&self, key: &str) -> Result<Option<String>, Error> {
        let mut asked = self.connection.prepare("SELECT value FROM about WHERE key = ?1")?;
        let mut rows = asked.query(params![key])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }

    /// What is said of a package, by whatever spelling its registry takes for it. One without a suffix of its ecosystem
    /// stands for those with one too.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn package(&self, package: &Package) -> Result<Vec<Answered>, Error> {
        let mut pairs = Vec::new();
        for ecosystem in self.ecosystems(package.ecosystem())? {
            for name in [package.lookup_name(), package.canonical_name()] {
                pairs.extend(self.pairs("package", &[&ecosystem, &name])?);
            }
        }
        let mut answers = self.answers(pairs)?;
        answers.retain(|answer| answer.statement.package.answers_to(package));
        Ok(answers)
    }

    /// What the report of an id says.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn id(&self, id: &str) -> Result<Vec<Answered>, Error> {
        self.answers(self.pairs("id", &[id])?)
    }

    /// What the reports with an alias say.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn alias(&self, alias: &str) -> Result<Vec<Answered>, Error> {
        self.answers(self.pairs("alias", &[alias])?)
    }

    /// What is said of the package of a package URL without a version, spelled as it is published.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn purl(&self, purl: &str) -> Result<Vec<Answered>, Error> {
        self.answers(self.pairs("purl", &[purl])?)
    }

    /// What the reports with an indicator say.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn indicator(&self, value: &str) -> Result<Vec<Answered>, Error> {
        self.answers(self.pairs("indicator", &[value])?)
    }

    /// How SQLite answers a question, one step a line.
    ///
    /// # Errors
    ///
    /// There is no such question, or the file is damaged.
    pub fn plan(&self, question: &str) -> Result<Vec<String>, Error> {
        let text = QUESTIONS.iter().find(|(name, _)| *name == question).map_or(ONE, |(_, text)| text);
        self.steps(text)
    }

    /// How SQLite answers any question in its own language.
    ///
    /// # Errors
    ///
    /// It is no such question.
    pub fn steps(&self, text: &str) -> Result<Vec<String>, Error> {
        let mut asked = self.connection.prepare(&format!("EXPLAIN QUERY PLAN {text}"))?;
        let mut rows = asked.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next()? {
            steps.push(row.get(3)?);
        }
        Ok(steps)
    }

    /// The ecosystems of the file that one asked for stands for. There are a few dozen at most.
    fn ecosystems(&self, asked: &Ecosystem) -> Result<Vec<String>, Error> {
        let mut all = self.connection.prepare("SELECT name FROM ecosystem ORDER BY number")?;
        let names: Vec<String> = all.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let is_meant = |name: &String| {
            Ecosystem::parse(name).is_ok_and(|known| {
                known.base() == asked.base() && (asked.suffix().is_none() || asked.suffix() == known.suffix())
            })
        };
        Ok(names.into_iter().filter(is_meant).collect())
    }

    fn pairs(&self, question: &str, with: &[&str]) -> Result<Vec<Pair>, Error> {
        let text = QUESTIONS.iter().find(|(name, _)| *name == question).map_or("", |(_, text)| text);
        let mut asked = self.connection.prepare(text)?;
        let found = asked.query_map(rusqlite::params_from_iter(with), |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn answers(&self, mut pairs: Vec<Pair>) -> Result<Vec<Answered>, Error> {
        pairs.sort_unstable();
        pairs.dedup();
        pairs.into_iter().map(|pair| self.answer(pair)).collect()
    }

    fn answer(&self, (record, package): Pair) -> Result<Answered, Error> {
        let mut words = self.connection.prepare(
            "SELECT version, range, since FROM affected WHERE package = ?1 AND record = ?2 ORDER BY version, range",
        )?;
        let words = words.query_map(params![package, record], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let words: Vec<(String, String, Option<i64>)> = words.collect::<Result<_, _>>()?;
        let mut one = self.connection.prepare(ONE)?;
        let parts = one.query_row(params![record, package], Parts::read)?;
        parts.answered(words)
    }
}

/// A record and a package as the tables have them.
struct Parts {
    id: String,
    published: Option<i64>,
    modified: i64,
    withdrawn: Option<i64>,
    kind: Option<String>,
    confidence: Option<String>,
    summary: Option<String>,
    aliases: String,
    ecosystem: String,
    name: String,
    ranges: Option<String>,
}

impl Parts {
    fn read(row: &Row<'_>) -> rusqlite::Result<Parts> {
        Ok(Parts {
            id: row.get(0)?,
            published: row.get(1)?,
            modified: row.get(2)?,
            withdrawn: row.get(3)?,
            kind: row.get(4)?,
            confidence: row.get(5)?,
            summary: row.get(6)?,
            aliases: row.get(7)?,
            ecosystem: row.get(8)?,
            name: row.get(9)?,
            ranges: row.get(10)?,
        })
    }

    fn answered(self, words: Vec<(String, String, Option<i64>)>) -> Result<Answered, Error> {
        let damaged = |what: &str| Error::Damaged(format!("{what} of {}", self.id));
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).map_err(|_| damaged("a list"));
        let covers_all = words.iter().any(|(version, ..)| version == database::EVERY);
        let versions: Vec<&str> = words
            .iter()
            .map(|(version, ..)| version.as_str())
            .filter(|v| !v.is_empty() && *v != database::EVERY)
            .collect();
        let mut affected = serde_json::json!({"package": {"ecosystem": self.ecosystem, "name": self.name}});
        if !versions.is_empty() {
            affected["versions"] = versions.into();
        }
        if covers_all {
            affected["ranges"] = serde_json::json!([{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]);
        } else if let Some(ranges) = &self.ranges {
            affected["ranges"] = json(ranges)?;
        }
        let mut said = serde_json::json!({
            "id": self.id, "modified": time(Some(self.modified)), "affected": [affected], "aliases": json(&self.aliases)?,
            "database_specific": {"malpkg": {"kind": self.kind, "confidence": self.confidence}}
        });
        for (member, value) in [
            ("published", time(self.published)),
            ("withdrawn", time(self.withdrawn)),
            ("summary", self.summary.clone()),
        ] {
            if let Some(value) = value {
                said[member] = value.into();
            }
        }
        let document = Document::parse(said.to_string().as_bytes()).map_err(|_| damaged("the record"))?;
        let record = Record::read(&document).ok_or_else(|| damaged("the record"))?;
        let ecosystem = Ecosystem::parse(&self.ecosystem).map_err(|_| damaged("the ecosystem"))?;
        let package = Package::new(ecosystem, &*self.name);
        let path = path(&self.id, &package, self.withdrawn.is_some()).ok_or_else(|| damaged("the place"))?;
        let mut since = Since::new();
        for (version, range, seconds) in &words {
            if let Some(time) = time(*seconds) {
                since.insert(if range.is_empty() { version.clone() } else { range.clone() }, time);
            }
        }
        Ok(Answered { statement: Statement { path, package, record }, since })
    }
}

fn time(seconds: Option<i64>) -> Option<String> {
    Timestamp::from_unix(seconds?).map(|time| time.to_string())
}

/// Where the report lies in the database: that is a function of what it is about.
fn path(id: &str, package: &Package, is_withdrawn: bool) -> Option<TreePath> {
    let [malicious, withdrawn] = Base::ALL.map(Base::folder);
    let base = if is_withdrawn { withdrawn } else { malicious };
    TreePath::new(format!("{base}/{}/{id}.json", package.folder().ok()?)).ok()
}
