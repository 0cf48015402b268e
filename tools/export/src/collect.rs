//! Every report of a snapshot, read once and kept as what is published of it, compressed.

use std::collections::BTreeSet;
use std::path::Path;

use database::{Content, Entry, Place, ReadError, Report, ReportId, TreePath};
use osv_schema::{Record, Timestamp, write};
use rayon::prelude::*;

use crate::body::{Body, Deflater, Inflater};
use crate::bundle::Object;
use crate::folders::{self, Folders};
use crate::intel::Told;
use crate::noted::read_said;
use crate::older::Older;
use crate::published::publish;
use crate::release::Ticker;
use crate::rows::Row;
use crate::{Error, Held, Input, Target, meaning};

/// One record of a release. All of a large database are in memory at once, so it holds what the targets need, no more.
#[derive(Debug)]
pub(crate) struct Item<'s> {
    /// Where the report lies.
    pub path: &'s TreePath,
    /// Its id.
    pub id: &'s str,
    /// Where its bytes are.
    pub content: &'s Content,
    /// What is known about it.
    pub facts: Facts,
}

/// What is known about a record without reading it again.
#[derive(Debug)]
pub(crate) struct Facts {
    /// When it last changed, to the second.
    pub modified: Timestamp,
    /// Whether it was taken back.
    pub is_withdrawn: bool,
    /// The folders that it belongs to.
    pub folders: Folders,
    /// What it says, where a target asks for that.
    pub said: Option<Box<Said>>,
    /// What a git bundle has of it, where a target asks for that.
    pub object: Option<Object>,
    /// The published record on one line.
    pub body: Body,
    /// Whether it was made for this release, and not taken over from an older one.
    pub is_new: bool,
}

/// What a record says, as far as it is known without reading it again.
#[derive(Debug)]
pub(crate) struct Said {
    /// What it says of packages; taken from here by [`crate::material::Material`].
    pub rows: Vec<Row>,
    /// What is told of it.
    pub told: Told,
}

impl Said {
    fn of(path: &TreePath, record: &Record) -> Box<Said> {
        let rows = Row::each(path, record);
        Box::new(Said { told: Told::of(record, &rows), rows })
    }
}

impl Facts {
    /// What is told of it; nothing where no target asks.
    pub(crate) fn told(&self) -> &Told {
        static NOTHING: Told = Told::NOTHING;
        self.said.as_ref().map_or(&NOTHING, |said| &said.told)
    }
}

/// Every report, published or held.
pub(crate) struct Collected<'s> {
    /// The published ones, by id.
    pub items: Vec<Item<'s>>,
    /// The others, by id, each once.
    pub held: Vec<Held>,
}

/// Why a report is not published.
enum Refusal {
    /// It breaks this rule, so that no release can hold it.
    Rule(&'static str),
    /// Nobody knows what it says.
    Unread(ReadError),
    /// The disk does not take it.
    Disk(std::io::Error),
}

/// Reads what is not held, in parallel.
pub(crate) fn collect<'s, 'p>(
    input: &Input<'s>,
    older: Option<&Older>,
    dir: &Path,
    ticker: impl FnOnce(usize) -> Ticker<'p>,
) -> Result<Collected<'s>, Error> {
    let known: BTreeSet<&str> = input.held.iter().map(|held| held.path.as_str()).collect();
    let reports = input.snapshot.reports().filter(|(_, entry)| !known.contains(entry.path.as_str()));
    let (mut items, mut said, mut wanted) = (Vec::new(), Vec::new(), Vec::new());
    for (place, entry) in reports {
        match older.and_then(|older| older.facts(place.stem, &entry.content)) {
            Some((facts, noted)) => {
                items.push(Item { path: &entry.path, id: place.stem, content: &entry.content, facts });
                said.push(noted);
            }
            None => wanted.push(entry),
        }
    }
    let needs_rows = input.targets.iter().any(|target| target.needs_rows());
    if needs_rows {
        read_rows(&mut items, &said).map_err(Error::io("read again what is in", dir))?;
    }
    let ticker = ticker(wanted.len());
    let is_archived = [Target::Zip, Target::Bundle].iter().any(|target| input.targets.contains(target));
    let deflater = if is_archived { Deflater::for_archives(dir) } else { Deflater::for_keeping(dir) };
    let deflater = deflater.map_err(Error::io("write in", dir))?;
    let read = input.snapshot.map_each(&wanted, |entry, bytes| {
        let facts = facts(entry, bytes, &deflater, input);
        ticker.tick();
        facts
    });

    let mut held = input.held.to_vec();
    items.reserve_exact(wanted.len());
    for (&entry, facts) in wanted.iter().zip(read) {
        let id = Place::of(&entry.path).map_or("", |place| place.stem);
        match facts {
            Ok(facts) => items.push(Item { path: &entry.path, id, content: &entry.content, facts }),
            Err(Refusal::Unread(error)) => return Err(error.into()),
            Err(Refusal::Disk(error)) => return Err(Error::io("write in", dir)(error)),
            Err(Refusal::Rule(rule)) => {
                held.push(Held { id: id.to_owned(), path: entry.path.to_string(), rule: rule.to_owned() })
            }
        }
    }
    items.par_sort_unstable_by(|a, b| (a.id, a.path).cmp(&(b.id, b.path)));
    if let Some([first, second]) = items.array_windows().find(|[first, second]| first.id == second.id) {
        return Err(Error::DuplicateId {
            id: first.id.to_owned(),
            first: first.path.clone(),
            second: second.path.clone(),
        });
    }
    held.sort_unstable();
    held.dedup_by(|later, earlier| later.path == earlier.path);
    Ok(Collected { items, held })
}

/// What the records say that were taken over: what was noted, or else they are read again.
fn read_rows(items: &mut [Item<'_>], noted: &[&str]) -> std::io::Result<()> {
    items.par_iter_mut().zip(noted).with_min_len(64).try_for_each_init(Inflater::new, |inflater, (item, noted)| {
        let said = match read_said(noted) {
            Some(said) => Box::new(said),
            None => item.reread(inflater, |record| Said::of(item.path, &record))?,
        };
        item.facts.said = Some(said);
        Ok(())
    })
}

/// What is known of a report that is published.
fn facts(
    entry: &Entry,
    bytes: Result<&[u8], ReadError>,
    deflater: &Deflater,
    input: &Input<'_>,
) -> Result<Facts, Refusal> {
    if matches!(entry.content, Content::NotAFile(_)) {
        return Err(Refusal::Rule("unreadable-report"));
    }
    let record = publishable(&entry.path, bytes.map_err(Refusal::Unread)?).map_err(Refusal::Rule)?;
    let needs_rows = input.targets.iter().any(|target| target.needs_rows());
    let text = write::compact(&record);
    Ok(Facts {
        modified: record.modified_at().ok_or(Refusal::Rule("schema-violation"))?,
        is_withdrawn: record.is_withdrawn(),
        folders: folders::of(&record).map_err(|_| Refusal::Rule("unknown-ecosystem"))?,
        said: needs_rows.then(|| Said::of(&entry.path, &record)),
        object: input.targets.contains(&Target::Bundle).then(|| Object::of(text.as_bytes())),
        body: deflater.deflate(text.as_bytes()).map_err(Refusal::Disk)?,
        is_new: true,
    })
}

/// What is published of a report, or the rule for which nothing is. The rules of the database say most of this before;
/// here they cannot be switched off, because a release that breaks them is misread by its clients, or cannot be written
/// at all.
pub(crate) fn publishable(path: &TreePath, bytes: &[u8]) -> Result<Record, &'static str> {
    let report = Report::read(path, bytes);
    check_id(&report)?;
    let record = match (report.document, report.record) {
        (Err(_), _) => return Err("malformed-json"),
        (Ok(_), Some(record)) if record.misfit().is_none() => publish(record),
        (Ok(_), _) => return Err("schema-violation"),
    };
    record.modified_at().ok_or("schema-violation")?;
    folders::of(&record).map_err(|_| "unknown-ecosystem")?;
    if meaning::has_range_without_order(record.affected.items()) {
        return Err("range-without-order");
    }
    Ok(record)
}

/// An id names a file of the release: it is one of ours, given for good, and the one that the report's path says.
fn check_id(report: &Report<'_>) -> Result<(), &'static str> {
    let stem = Place::of(report.path).map_or("", |place| place.stem);
    let prefix = stem.split_once('-').map_or(stem, |(prefix, _)| prefix);
    if ReportId::is_unassigned(stem, prefix) {
        Err("unassigned")
    } else if report.id() != stem {
        Err("filename-mismatch")
    } else if ReportId::parse(stem).is_none() {
        Err("invalid-id")
    } else {
        Ok(())
    }
}
