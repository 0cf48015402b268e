//! Asking a lookup file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use database::verdict::Statement;
use database::{Base, TreePath};
use ecosystem::{Ecosystem, Package};
use osv_schema::{Document, Record, Timestamp};
use rusqlite::{Connection, OpenFlags, Row, params};
use serde_json::Value;

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

/// What one row says, by its number.
const ONE: &str = "
SELECT said.id, said.published, said.modified, said.withdrawn, said.kind, said.confidence, report.summary,
  report.aliases, ecosystem.name, said.name, said.versions, said.ranges, said.events, said.since, said.since_each
FROM said
  JOIN report ON report.id = said.id
  JOIN ecosystem ON ecosystem.number = said.ecosystem
WHERE said.number = ?1";

/// Questions, each with the numbers of the rows that answer it. All are answered from indexes.
pub(crate) const QUESTIONS: [(&str, &str); 5] = [
    (
        "package",
        "SELECT said.number FROM ecosystem JOIN said ON said.ecosystem = ecosystem.number AND said.name = ?2
         WHERE ecosystem.name = ?1
         UNION SELECT said.number FROM ecosystem JOIN said ON said.ecosystem = ecosystem.number AND said.lookup = ?2
         WHERE ecosystem.name = ?1",
    ),
    ("id", "SELECT number FROM said WHERE id = ?1 AND name IS NOT NULL"),
    (
        "alias",
        "SELECT said.number FROM alias
           JOIN said AS first ON first.number = alias.said
           JOIN said ON said.id = first.id AND said.name IS NOT NULL
         WHERE alias.alias = ?1",
    ),
    (
        "purl",
        // A cross join keeps the order of the two, and ecosystems are few.
        "SELECT said.number FROM ecosystem
           CROSS JOIN said ON said.ecosystem = ecosystem.number AND said.name = substr(?1, length(ecosystem.purl) + 1)
         WHERE ecosystem.purl = substr(?1, 1, length(ecosystem.purl))
         UNION SELECT said FROM purl WHERE purl = ?1",
    ),
    (
        "indicator",
        "SELECT said.number FROM indicator
           JOIN json_each(indicator.said) AS number
           JOIN said AS first ON first.number = number.value
           JOIN said ON said.id = first.id AND said.name IS NOT NULL
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
        let mut numbers = Vec::new();
        for ecosystem in self.ecosystems(package.ecosystem())? {
            for name in [package.merge_name(), package.canonical_name()] {
                numbers.extend(self.numbers("package", &[&ecosystem, &name])?);
            }
        }
        let mut answers = self.answers(numbers)?;
        answers.retain(|answer| answer.statement.package.answers_to(package));
        Ok(answers)
    }

    /// What the report of an id says.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn id(&self, id: &str) -> Result<Vec<Answered>, Error> {
        self.answers(self.numbers("id", &[id])?)
    }

    /// What the reports with an alias say.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn alias(&self, alias: &str) -> Result<Vec<Answered>, Error> {
        self.answers(self.numbers("alias", &[alias])?)
    }

    /// What is said of the package of a package URL without a version, spelled as it is published.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn purl(&self, purl: &str) -> Result<Vec<Answered>, Error> {
        self.answers(self.numbers("purl", &[purl])?)
    }

    /// What the reports with an indicator say.
    ///
    /// # Errors
    ///
    /// The file is damaged.
    pub fn indicator(&self, value: &str) -> Result<Vec<Answered>, Error> {
        self.answers(self.numbers("indicator", &[value])?)
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

    fn numbers(&self, question: &str, with: &[&str]) -> Result<Vec<i64>, Error> {
        let text = QUESTIONS.iter().find(|(name, _)| *name == question).map_or("", |(_, text)| text);
        let mut asked = self.connection.prepare(text)?;
        let found = asked.query_map(rusqlite::params_from_iter(with), |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    fn answers(&self, mut numbers: Vec<i64>) -> Result<Vec<Answered>, Error> {
        numbers.sort_unstable();
        numbers.dedup();
        let mut one = self.connection.prepare(ONE)?;
        numbers.into_iter().map(|number| one.query_row(params![number], Parts::read)?.answered()).collect()
    }
}

/// What a record says of a package, as the tables have it.
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
    versions: Option<String>,
    ranges: Option<String>,
    events: Option<String>,
    since: Option<i64>,
    since_each: Option<String>,
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
            versions: row.get(10)?,
            ranges: row.get(11)?,
            events: row.get(12)?,
            since: row.get(13)?,
            since_each: row.get(14)?,
        })
    }

    fn answered(self) -> Result<Answered, Error> {
        let damaged = |what: &str| Error::Damaged(format!("{what} of {}", self.id));
        let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| damaged("a list"));
        let list = |text: &Option<String>| -> Result<Vec<String>, Error> {
            let texts = text.as_deref().map(serde_json::from_str).transpose();
            Ok(texts.map_err(|_| damaged("a list"))?.unwrap_or_default())
        };
        let (mut versions, ranges) = (list(&self.versions)?, list(&self.ranges)?);
        let since = self.since(&versions, &ranges).ok_or_else(|| damaged("a time"))?;
        let covers_all = versions.iter().any(|version| version == database::EVERY);
        versions.retain(|version| version != database::EVERY);
        let mut affected = serde_json::json!({"package": {"ecosystem": self.ecosystem, "name": self.name}});
        if !versions.is_empty() {
            affected["versions"] = versions.into();
        }
        if covers_all {
            affected["ranges"] = serde_json::json!([{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]);
        } else if let Some(events) = &self.events {
            affected["ranges"] = json(events)?;
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
        Ok(Answered { statement: Statement { path, package, record }, since })
    }

    /// Since when each word is listed; none where it cannot be read.
    fn since(&self, versions: &[String], ranges: &[String]) -> Option<Since> {
        let each = match &self.since_each {
            Some(each) => serde_json::from_str::<[Vec<Option<i64>>; 2]>(each).ok()?.concat(),
            None => vec![self.since; versions.len() + ranges.len()],
        };
        let words = versions.iter().chain(ranges).zip(each);
        Some(words.filter_map(|(word, seconds)| Some((word.clone(), time(seconds)?))).collect())
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
