//! Ids: for each year the highest number given, so that no number is ever given twice.

use std::collections::{BTreeMap, BTreeSet};

use database::{IDS_FILE, Mark, ReportId, Snapshot, numbers, read_marks};
use osv_schema::{Object, Value, write};

use crate::sha256_hex;

/// How far an id that a report brings may be above those that were given.
const AHEAD_MAX: u64 = 1_000_000;

/// What begins an id, and from which number on they are given each year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbering {
    /// The prefix of our ids.
    pub prefix: String,
    /// The first number given each year.
    pub first_number: u64,
    /// The highest number of each year that the history knows. Asked only for years without a mark: of a tree that is kept
    /// by this tool for the first time, reports may be gone whose ids the world remembers.
    pub ever: BTreeMap<i32, u64>,
}

/// The numbers given, and those given since this was read.
#[derive(Clone, Debug)]
pub struct Ids {
    numbering: Numbering,
    base: Snapshot,
    marks: BTreeMap<i32, Mark>,
    /// Whether the marks are of two branches that met, and have to be written in any case.
    is_merged: bool,
    /// What stands in the tree, once the first id is asked for.
    standing: Option<Standing>,
    given: BTreeMap<i32, Vec<Given>>,
}

/// The numbers that stand in the tree.
#[derive(Clone, Debug, Default)]
struct Standing {
    /// The highest, for years of which the file says nothing.
    highest: BTreeMap<i32, u64>,
    /// Those beyond what the file says: somebody gave them by hand.
    beyond: BTreeSet<(i32, u64)>,
}

/// An id and what it was given to. Two branches that give one id to two packages must not agree on the batch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Given {
    id: String,
    to: String,
}

/// Why no id can be given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdsError {
    /// The file is there and cannot be read.
    #[error("{0}")]
    Unreadable(database::ReadError),
    /// The file is not what we write.
    #[error(
        "{IDS_FILE} is not {{\"<year>\": {{\"highest\": <number>, \"batch\": \"<hash>\"}}}}: restore it from git history, \
         or after a merge run `malpkg assign --renumber --base REV`"
    )]
    Malformed,
    /// There is no number above the highest one.
    #[error("the highest number of {0} is the highest there can be: set it right in {IDS_FILE}")]
    UsedUp(i32),
}

impl Ids {
    /// Reads what was given from the tree.
    ///
    /// # Errors
    ///
    /// The file cannot be read: then no id can be given safely.
    pub fn read(base: &Snapshot, numbering: &Numbering) -> Result<Ids, IdsError> {
        let marks = match base.read_path(IDS_FILE).map_err(IdsError::Unreadable)? {
            Some(bytes) => read_marks(&bytes).ok_or(IdsError::Malformed)?,
            None => BTreeMap::new(),
        };
        Ok(Ids::of(base, numbering, marks, false))
    }

    /// Reads what two branches gave that met in this tree, whatever became of the file there: of all that it says the
    /// highest counts. `before` is the tree that one of them came from.
    ///
    /// # Errors
    ///
    /// The file of either tree cannot be read, or says nothing.
    pub fn read_merged(base: &Snapshot, before: &Snapshot, numbering: &Numbering) -> Result<Ids, IdsError> {
        let mut marks = Ids::read(before, numbering)?.marks;
        let bytes = base.read_path(IDS_FILE).map_err(IdsError::Unreadable)?.unwrap_or_default();
        let whole = read_marks(&bytes);
        let is_whole = whole.is_some();
        let said: BTreeMap<i32, u64> = whole.iter().flatten().map(|(year, mark)| (*year, mark.highest)).collect();
        for (year, mark) in whole.into_iter().flatten() {
            let known = marks.entry(year).or_default();
            *known = Mark { highest: known.highest.max(mark.highest), ..mark };
        }
        if !is_whole && !bytes.is_empty() {
            let met = scan(&String::from_utf8_lossy(&bytes));
            if met.is_empty() {
                return Err(IdsError::Malformed);
            }
            for (year, met) in met {
                let known = marks.entry(year).or_default();
                let lines: String = met.batches.iter().map(|batch| format!("{batch}\n")).collect();
                (known.highest, known.batch) = (known.highest.max(met.highest), sha256_hex(lines.as_bytes()));
            }
        }
        // Who settled the file by hand may have taken the lower mark.
        for (year, highest) in Standing::of(base, &numbering.prefix, &BTreeMap::new()).highest {
            if let Some(mark) = marks.get_mut(&year) {
                mark.highest = mark.highest.max(highest);
            }
        }
        let is_settled = is_whole && marks.iter().all(|(year, mark)| said.get(year) == Some(&mark.highest));
        let is_merged = !is_settled && !marks.is_empty();
        Ok(Ids::of(base, numbering, marks, is_merged))
    }

    fn of(base: &Snapshot, numbering: &Numbering, marks: BTreeMap<i32, Mark>, is_merged: bool) -> Ids {
        let (numbering, base) = (numbering.clone(), base.clone());
        Ids { numbering, base, marks, is_merged, standing: None, given: BTreeMap::new() }
    }

    /// The next id of a year. It is given only with [`give`](Self::give).
    ///
    /// # Errors
    ///
    /// There is no number left.
    pub fn next(&mut self, year: i32) -> Result<String, IdsError> {
        let number = self.next_number(year)?;
        Ok(format!("{}-{year:04}-{number}", self.numbering.prefix))
    }

    /// Leaves the next id of a year out: somebody names it already, and would mean another report than the one that it became.
    ///
    /// # Errors
    ///
    /// There is no number left.
    pub(crate) fn pass_over(&mut self, year: i32) -> Result<(), IdsError> {
        self.marks.entry(year).or_default().highest = self.next_number(year)?;
        Ok(())
    }

    /// Gives the next id of a year to what lies in a folder.
    ///
    /// # Errors
    ///
    /// There is no number left.
    pub fn give(&mut self, year: i32, to: &str) -> Result<String, IdsError> {
        let number = self.next_number(year)?;
        let id = self.next(year)?;
        self.marks.entry(year).or_default().highest = number;
        self.given.entry(year).or_default().push(Given { id: id.clone(), to: to.to_owned() });
        Ok(id)
    }

    /// Notes that an id of ours is that of a report which came with it, so that its number is not given again. Says whether it
    /// may be: a number far above all that were given would use the rest up.
    pub(crate) fn keep(&mut self, id: &str, to: &str) -> bool {
        let Some(kept) = ReportId::parse(id).filter(|kept| kept.prefix == self.numbering.prefix) else { return true };
        let year = i32::from(kept.year);
        let Ok(next) = self.next_number(year) else { return false };
        if kept.number < next.max(self.numbering.first_number) {
            return true;
        }
        let is_near = kept.number - next <= AHEAD_MAX;
        if is_near {
            self.marks.entry(year).or_default().highest = kept.number;
            self.given.entry(year).or_default().push(Given { id: id.to_owned(), to: to.to_owned() });
        }
        is_near
    }

    fn next_number(&mut self, year: i32) -> Result<u64, IdsError> {
        let mark = self.marks.get(&year).map(|mark| mark.highest);
        let (prefix, base, marks) = (&self.numbering.prefix, &self.base, &self.marks);
        let standing = self.standing.get_or_insert_with(|| Standing::of(base, prefix, marks));
        let ever = self.numbering.ever.get(&year).copied().unwrap_or(0);
        let before = mark.unwrap_or_else(|| standing.highest.get(&year).copied().unwrap_or(0).max(ever));
        let mut number = before.max(self.numbering.first_number.saturating_sub(1));
        loop {
            number = number.checked_add(1).ok_or(IdsError::UsedUp(year))?;
            if !standing.beyond.contains(&(year, number)) {
                return Ok(number);
            }
        }
    }

    /// The file as it is to be written, if that is another one than was read.
    pub fn to_file(&self) -> Option<String> {
        if self.given.is_empty() && !self.is_merged {
            return None;
        }
        let mut years = Object::new();
        for (year, mark) in &self.marks {
            let mut batch = mark.batch.clone();
            if let Some(given) = self.given.get(year) {
                let mut given: Vec<&Given> = given.iter().collect();
                given.sort();
                let lines: String = given.iter().map(|given| format!("{} {}\n", given.id, given.to)).collect();
                batch = sha256_hex(lines.as_bytes());
            }
            let mut members = mark.rest.clone();
            members.insert("highest".into(), Value::Number(mark.highest.to_string().into()));
            members.insert("batch".into(), Value::String(batch));
            years.insert(format!("{year:04}"), Value::Object(members));
        }
        Some(write::canonical(&years))
    }
}

impl Standing {
    fn of(base: &Snapshot, prefix: &str, marks: &BTreeMap<i32, Mark>) -> Standing {
        let mut standing = Standing::default();
        for (year, number) in numbers(base, prefix) {
            match marks.get(&year) {
                Some(mark) if number > mark.highest => {
                    standing.beyond.insert((year, number));
                }
                Some(_) => {}
                None => {
                    let highest = standing.highest.entry(year).or_default();
                    *highest = number.max(*highest);
                }
            }
        }
        standing
    }
}

/// What a file says of one year that git or a person made of two.
#[derive(Default)]
struct Met {
    highest: u64,
    batches: BTreeSet<String>,
}

/// Every mark in a file with conflict markers, or with both sides in it. We write a member a line.
fn scan(text: &str) -> BTreeMap<i32, Met> {
    let mut found: BTreeMap<i32, Met> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        let Some((name, value)) = line.trim().trim_end_matches(',').split_once(':') else { continue };
        let (name, value) = (name.trim().trim_matches('"'), value.trim());
        if name.len() == 4 && value.starts_with('{') {
            current = name.parse().ok();
        }
        let Some(year) = current else { continue };
        match (name, value.parse()) {
            ("highest", Ok(highest)) => {
                let met = found.entry(year).or_default();
                met.highest = met.highest.max(highest);
            }
            ("batch", _) => {
                found.entry(year).or_default().batches.insert(value.trim_matches('"').to_owned());
            }
            _ => {}
        }
    }
    found
}
