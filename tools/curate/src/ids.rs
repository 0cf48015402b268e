//! Ids: for each year the highest number given, so that no number is ever given twice.

use std::collections::BTreeMap;

use database::{IDS_FILE, Place, ReportId, Snapshot};
use osv_schema::{Document, Value, write};

use crate::sha256_hex;

/// The numbers given, and those given since this was read.
#[derive(Clone, Debug)]
pub struct Ids {
    prefix: String,
    first_number: u64,
    years: BTreeMap<i32, Mark>,
    /// Numbers that stand in the tree, for years of which the file says nothing.
    in_tree: BTreeMap<i32, u64>,
    given: BTreeMap<i32, Vec<String>>,
}

#[derive(Clone, Debug, Default)]
struct Mark {
    highest: u64,
    batch: String,
    /// Members of the year that we do not know.
    rest: osv_schema::Object,
}

/// Why the ids given so far are not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdsError {
    /// The file is there and cannot be read.
    #[error("{0}")]
    Unreadable(database::ReadError),
    /// The file is not what we write.
    #[error(
        "{IDS_FILE} is not {{\"<year>\": {{\"highest\": <number>, \"batch\": \"<hash>\"}}}}: restore it from git history"
    )]
    Malformed,
}

impl Ids {
    /// Reads what was given from the tree. For a year that the file does not know, the tree itself is counted.
    ///
    /// # Errors
    ///
    /// The file cannot be read: then no id can be given safely.
    pub fn read(snapshot: &Snapshot, prefix: &str, first_number: u64) -> Result<Ids, IdsError> {
        let years = match snapshot.read_path(IDS_FILE).map_err(IdsError::Unreadable)? {
            Some(bytes) => parse(&bytes).ok_or(IdsError::Malformed)?,
            None => BTreeMap::new(),
        };
        let mut in_tree = BTreeMap::new();
        for (Place { stem, .. }, _) in snapshot.reports() {
            if let Some(id) = ReportId::parse(stem).filter(|id| id.prefix == prefix) {
                let highest = in_tree.entry(i32::from(id.year)).or_insert(0);
                *highest = id.number.max(*highest);
            }
        }
        Ok(Ids { prefix: prefix.to_owned(), first_number, years, in_tree, given: BTreeMap::new() })
    }

    /// Gives the next id of a year.
    pub fn give(&mut self, year: i32) -> String {
        let first = self.first_number;
        let in_tree = self.in_tree.get(&year).copied().unwrap_or(0);
        let mark = self.years.entry(year).or_default();
        mark.highest = mark.highest.max(in_tree).max(first.saturating_sub(1)).saturating_add(1);
        let id = format!("{}-{year:04}-{}", self.prefix, mark.highest);
        self.given.entry(year).or_default().push(id.clone());
        id
    }

    /// The file as it is to be written, if an id was given since it was read.
    pub fn to_file(&self) -> Option<String> {
        if self.given.is_empty() {
            return None;
        }
        let mut years = osv_schema::Object::new();
        for (year, mark) in &self.years {
            let mut batch = mark.batch.clone();
            if let Some(given) = self.given.get(year) {
                let mut given = given.clone();
                given.sort();
                batch = sha256_hex(format!("{}\n", given.join("\n")).as_bytes());
            }
            let mut members = mark.rest.clone();
            members.insert("highest".into(), Value::Number(mark.highest.to_string().into()));
            members.insert("batch".into(), Value::String(batch));
            years.insert(format!("{year:04}"), Value::Object(members));
        }
        Some(write::canonical(&years))
    }
}

fn parse(bytes: &[u8]) -> Option<BTreeMap<i32, Mark>> {
    let document = Document::parse(bytes).ok()?;
    let years = Value::from(document.root());
    let mut marks = BTreeMap::new();
    for (year, mark) in years.as_object()? {
        let mut rest = mark.as_object()?.clone();
        let highest = match rest.remove("highest")? {
            Value::Number(spelling) => spelling.parse().ok()?,
            _ => return None,
        };
        let batch = rest.remove("batch").and_then(|batch| batch.as_str().map(str::to_owned)).unwrap_or_default();
        marks.insert(year.parse().ok()?, Mark { highest, batch, rest });
    }
    Some(marks)
}
