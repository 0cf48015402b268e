//! Two branches that meet: each file that both changed becomes what the law of the join says, never what its lines say.

use std::collections::BTreeMap;

use database::{
    Base, Change, ChangeSet, Details, Edit, IDS_FILE, Mark, Place, Rejected, Report, Snapshot, TreePath, read_marks,
};
use osv_schema::{Member, Object, Pointer, Record, Timestamp, Value, additions, write};

use super::{JoinError, join};
use crate::ingest::{Fault, fault_in_path};
use crate::place;

/// Why a file that two branches changed cannot be made one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MeetError {
    /// One side is no report, or cannot be read.
    #[error("the report of {0} cannot be read: {1}")]
    Unreadable(&'static str, String),
    /// Two reports that cannot be joined.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// Both sides gave ids of one year: each may have given the same.
    #[error("both branches gave ids of {0}")]
    Ids(i32),
    /// What one side says of the ids is not what we write.
    #[error("{IDS_FILE} is not what this tool writes on one side")]
    MalformedIds,
    /// No file of the database that is known.
    #[error("this is no file that can be joined")]
    NotOurs,
}

/// One file that two branches changed.
#[derive(Clone, Debug)]
pub struct Met {
    /// Where it lies on one side, and what it holds there.
    pub ours: (TreePath, Vec<u8>),
    /// And on the other.
    pub theirs: (TreePath, Vec<u8>),
    /// Where it lay before the two parted, if it was there.
    pub base: Option<(TreePath, Vec<u8>)>,
}

/// What branches that met come to.
#[derive(Clone, Debug, Default)]
pub struct Meeting {
    /// What is to be written over the tree that there is.
    pub changes: ChangeSet,
    /// By the path of each report afterwards, the files that it was made of.
    pub was: BTreeMap<TreePath, Vec<TreePath>>,
    /// What could not be made one.
    pub rejected: Vec<Rejected>,
}

/// Makes one of the two sides of a file. Which side is named first decides nothing, and neither does the time.
///
/// # Errors
///
/// It takes a person.
pub fn meet(path: &TreePath, base: Option<&[u8]>, ours: &[u8], theirs: &[u8]) -> Result<Vec<u8>, MeetError> {
    if ours == theirs || base == Some(theirs) {
        return Ok(ours.to_vec());
    }
    if base == Some(ours) {
        return Ok(theirs.to_vec());
    }
    if path.as_str() == IDS_FILE {
        return marks(base, ours, theirs);
    }
    if path.is_in("osv/cursors") {
        // All that either side had read is in the tree now, so that either cursor is right.
        return Ok(ours.max(theirs).to_vec());
    }
    if path.is_in("osv/quarantine") && path.as_str().ends_with(".reason.toml") {
        return reason(ours, theirs).map(String::into_bytes).ok_or(MeetError::NotOurs);
    }
    if Place::of(path).is_some() || path.is_in("osv/remembered") {
        let record = joined(path, base, ours, theirs)?;
        return Ok(write::canonical(&record).into_bytes());
    }
    Err(MeetError::NotOurs)
}

fn joined(path: &TreePath, base: Option<&[u8]>, ours: &[u8], theirs: &[u8]) -> Result<Record, MeetError> {
    let read = |side: &'static str, bytes: &[u8]| {
        let report = Report::read(path, bytes);
        let document = report.document.as_ref().map_err(|error| MeetError::Unreadable(side, error.to_string()))?;
        if let Some(duplicate) = document.duplicates().next() {
            return Err(MeetError::Unreadable(side, format!("the member `{}` stands twice", duplicate.name())));
        }
        report.record.ok_or_else(|| MeetError::Unreadable(side, "it is no JSON object".to_owned()))
    };
    let (mut ours, mut theirs) = (read("this branch", ours)?, read("the other branch", theirs)?);
    // A base that cannot be read tells nothing.
    if let Some(base) = base.and_then(|bytes| Report::read(path, bytes).record) {
        take_edits(&base, &mut ours, &mut theirs);
    }
    // The time of the later one, so that whoever lets the two meet makes the same.
    let now = ours.modified_at().max(theirs.modified_at()).unwrap_or(Timestamp::EPOCH);
    Ok(join(&ours, &theirs, now)?)
}

/// What nobody but a person writes, and only one side edited, is as that side has it: the join knows no before.
fn take_edits(base: &Record, ours: &mut Record, theirs: &mut Record) {
    let edited = |base: &Member<String>, ours: &mut Member<String>, theirs: &mut Member<String>| {
        if ours == base {
            ours.clone_from(theirs);
        } else if theirs == base {
            theirs.clone_from(ours);
        }
    };
    edited(&base.summary, &mut ours.summary, &mut theirs.summary);
    let details = |record: &Record| Details::parse(record.details.as_str().unwrap_or_default()).ok();
    if let (Some(was), Some(mut one), Some(mut other)) = (details(base), details(ours), details(theirs))
        && one.written != other.written
    {
        if one.written == was.written {
            one.written.clone_from(&other.written);
            ours.details = text(&one);
        } else if other.written == was.written {
            other.written.clone_from(&one.written);
            theirs.details = text(&other);
        }
    }
    for name in ["campaign", "confidence", "kind", "technique"] {
        let word = |record: &Record| additions::malpkg(record).and_then(|ours| ours.get(name)).cloned();
        let (was, one, other) = (word(base), word(ours), word(theirs));
        if one == was {
            put(other, ours, name);
        } else if other == was {
            put(one, theirs, name);
        }
    }
}

fn text(details: &Details) -> Member<String> {
    Some(details.to_string()).filter(|details| !details.is_empty()).into()
}

fn put(word: Option<Value>, record: &mut Record, name: &str) {
    if additions::malpkg(record).and_then(|ours| ours.get(name)) == word.as_ref() {
        return;
    }
    let ours = record.database_specific.or_default().entry(additions::MALPKG.to_owned()).or_insert(Value::Null);
    if !matches!(ours, Value::Object(_)) {
        *ours = Value::Object(Object::new());
    }
    if let Value::Object(ours) = ours {
        match word {
            Some(word) => drop(ours.insert(name.to_owned(), word)),
            None => drop(ours.remove(name)),
        }
    }
}

/// The ids that both sides gave, where no year is in both: else two packages may have one id.
fn marks(base: Option<&[u8]>, ours: &[u8], theirs: &[u8]) -> Result<Vec<u8>, MeetError> {
    let read = |bytes: &[u8]| read_marks(bytes).ok_or(MeetError::MalformedIds);
    let was = base.map(read).transpose()?.unwrap_or_default();
    let (mut all, theirs) = (read(ours)?, read(theirs)?);
    for (year, mark) in theirs {
        let there = all.get(&year);
        if there == Some(&mark) || was.get(&year) == Some(&mark) {
            continue;
        }
        if there.is_some() && there != was.get(&year) {
            return Err(MeetError::Ids(year));
        }
        all.insert(year, mark);
    }
    let mut years = Object::new();
    for (year, Mark { highest, batch, rest }) in all {
        let mut members = rest;
        members.insert("highest".into(), Value::Number(highest.to_string().into()));
        members.insert("batch".into(), Value::String(batch));
        years.insert(format!("{year:04}"), Value::Object(members));
    }
    Ok(write::canonical(&years).into_bytes())
}

/// Why a document is in quarantine, where both branches set it aside: since the first time, and it is tried again where they
/// did so by different rules.
fn reason(ours: &[u8], theirs: &[u8]) -> Option<String> {
    type Lines<'l> = Vec<(&'l str, &'l str)>;
    fn lines(bytes: &[u8]) -> Option<Lines<'_>> {
        std::str::from_utf8(bytes).ok()?.lines().map(|line| line.split_once(" = ")).collect()
    }
    let (ours, theirs) = (lines(ours)?, lines(theirs)?);
    let value = |lines: &Lines<'_>, name: &str| lines.iter().find(|line| line.0 == name).map(|line| line.1.to_owned());
    let seen = [&ours, &theirs].into_iter().filter_map(|lines| value(lines, "first-seen")).min();
    let is_same = value(&ours, "rules") == value(&theirs, "rules");
    let one = |lines: Lines<'_>| -> String {
        let line = |(name, value): (&str, &str)| match (name, &seen) {
            ("first-seen", Some(seen)) => format!("{name} = {seen}\n"),
            ("rules", _) if !is_same => format!("{name} = \"\"\n"),
            _ => format!("{name} = {value}\n"),
        };
        lines.into_iter().map(line).collect()
    };
    Some(one(ours).min(one(theirs)))
}

/// Makes one of all that two branches changed, over the tree that somebody made of them: whatever its lines came to, and
/// wherever the files lie in it.
pub fn meet_all(current: &Snapshot, all: &[Met]) -> Meeting {
    let mut meeting = Meeting::default();
    for met in all {
        if let Err(fault) = meeting.take(current, met) {
            meeting.rejected.push(fault.at(&met.ours.0));
        }
    }
    meeting
}

/// Leaves out of a change what says no more than what lies in the tree: of `met`, what two branches changed was joined
/// anew, and what was added to the join after they met is in the tree already.
pub fn leave_out_known(current: &Snapshot, met: &ChangeSet, changes: &mut ChangeSet) {
    let read = |path: &TreePath, bytes: &[u8]| Report::read(path, bytes).record;
    let is_known = |path: &TreePath, bytes: &[u8]| {
        let there = current.entry(path.as_str()).and_then(|entry| current.read(entry).ok())?;
        if *there == *bytes {
            return Some(true);
        }
        let Some(Edit::Put(joined)) = met.get(path.as_str()) else { return Some(false) };
        let (there, planned, joined) = (read(path, &there)?, read(path, bytes)?, read(path, joined)?);
        let is_later = there.modified_at() >= joined.modified_at();
        Some(is_later && Record { modified: there.modified.clone(), ..planned } == there)
    };
    changes.retain(|path, edit| match edit {
        Edit::Put(bytes) => is_known(path, bytes) != Some(true),
        Edit::Remove => true,
    });
}

impl Meeting {
    fn take(&mut self, current: &Snapshot, met: &Met) -> Result<(), Fault> {
        let Met { ours, theirs, base } = met;
        let bytes = meet(&ours.0, base.as_ref().map(|base| base.1.as_slice()), &ours.1, &theirs.1);
        let bytes = match bytes {
            Ok(bytes) => bytes,
            // Those have a command of their own, and what is no file of ours is nobody's.
            Err(MeetError::Ids(_) | MeetError::MalformedIds | MeetError::NotOurs) => return Ok(()),
            // Each side gave the id to a package of its own.
            Err(MeetError::Join(JoinError::Packages(..))) if base.is_none() => return given_twice(current, met),
            Err(error) => return Err(fault(&error)),
        };
        let there = |path: &TreePath| current.entry(path.as_str()).and_then(|entry| current.read(entry).ok());
        let Some(place) = Place::of(&ours.0) else {
            if there(&ours.0).as_ref() != Some(&bytes) {
                self.changes.put_file(ours.0.clone(), bytes);
            }
            return Ok(());
        };
        let report = Report::read(&ours.0, &bytes);
        let package = report.about().map(|about| about.package.to_string()).unwrap_or_default();
        let Some(record) = report.record else { return Ok(()) };
        let part = if record.is_withdrawn() { Base::Withdrawn } else { Base::Malicious };
        // A side that moved the report to another folder moved it for both.
        let folder_of = |side: &(TreePath, Vec<u8>)| Place::of(&side.0).map(|place| place.folder.to_owned());
        let was = base.as_ref().and_then(folder_of);
        let folder = if Some(place.folder) == was.as_deref() { folder_of(theirs) } else { None };
        let folder = folder.unwrap_or_else(|| place.folder.to_owned());
        let path = Place { base: part, folder: &folder, stem: place.stem }.path().map_err(fault_in_path)?;
        let mut files: Vec<TreePath> =
            [Some(ours), Some(theirs), base.as_ref()].into_iter().flatten().map(|side| side.0.clone()).collect();
        files.extend(
            Base::ALL.into_iter().filter_map(|base| Place { base, folder: &folder, stem: place.stem }.path().ok()),
        );
        files.sort();
        files.dedup();
        files.retain(|file| current.entry(file.as_str()).is_some());
        let is_there = there(&path).as_ref() == Some(&bytes);
        for file in files.iter().filter(|file| **file != path) {
            self.changes.remove_file(file.clone());
        }
        if !is_there {
            let id = record.id.as_str().filter(|id| !id.is_empty()).unwrap_or(place.stem).to_owned();
            let kind = place::kind(files.first().unwrap_or(&path), &record);
            self.changes.put_report(Change { path: path.clone(), kind, id, package }, bytes);
        }
        if !files.contains(&path) {
            files.push(path.clone());
        }
        self.was.insert(path, files);
        Ok(())
    }
}

/// Whether one id that two packages were given was settled since: one of the two has another one now.
fn given_twice(current: &Snapshot, Met { ours, theirs, .. }: &Met) -> Result<(), Fault> {
    let sides = [&ours.0, &theirs.0];
    let said = |message: String, remedy: &str| Fault {
        rule: "duplicate-id",
        pointer: Pointer::from("/id"),
        message,
        remedy: remedy.to_owned(),
    };
    let has_report = |folder: &str| current.reports().any(|(place, _)| place.folder == folder);
    let stands = |path: &&&TreePath| current.entry(path.as_str()).is_some();
    if sides.iter().filter(stands).count() == 2 {
        let message = format!("both branches gave this id, the other one in {}", theirs.0);
        let remedy = "give one of the two another: `malpkg dedupe --write`, for packages to which both gave one, then \
                      `malpkg assign --renumber --base REV --write`";
        return Err(said(message, remedy));
    }
    let lost = sides.into_iter().find(|path| Place::of(path).is_some_and(|place| !has_report(place.folder)));
    lost.map_or(Ok(()), |path| {
        let message = format!("both branches gave this id, and the report of one of them is gone: {path}");
        Err(said(message, "restore that file from its branch, then `malpkg assign --renumber --base REV --write`"))
    })
}

fn fault(error: &MeetError) -> Fault {
    Fault {
        rule: "unreadable-report",
        pointer: Pointer::root(),
        message: error.to_string(),
        remedy: "settle this file by hand: keep every origin and every decision of both sides".to_owned(),
    }
}
