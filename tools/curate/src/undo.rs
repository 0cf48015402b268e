//! Undo: what the deliveries of one run brought does not count any more, and stays on record.

use std::collections::{BTreeMap, BTreeSet};

use database::{Base, ChangeKind, ChangeSet, Entry, Skipped, Snapshot, TreePath};
use osv_schema::additions::Decision;
use osv_schema::{Origin, Record, Timestamp};

use crate::computed::{compute, listed};
use crate::decide::{Settlement, after, some};
use crate::decided::{Decided, fold, in_order};
use crate::ingest::{Fault, fault_in_details, fault_in_path, open};
use crate::join::Joining;
use crate::place;
use crate::streams::{StreamKey, content_of, normal, streams};

/// The deliveries of a run, by the folder of the report that each went into: the source, and the hash of what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    folders: BTreeMap<String, BTreeSet<(String, String)>>,
}

/// Why and by whom something is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undoing {
    /// Why, in one word.
    pub reason: String,
    /// What else there is to say.
    pub note: String,
    /// Who.
    pub by: Option<String>,
}

impl Brought {
    /// Adds what a run brought to the report in a folder of a base: what it was before, and what after.
    pub fn add(&mut self, folder: &str, before: Option<&Record>, after: &Record) {
        let known: BTreeSet<(String, String)> =
            before.map(Record::origins).unwrap_or_default().iter().map(key_of).collect();
        let new: BTreeSet<(String, String)> =
            after.origins().iter().map(key_of).filter(|key| !known.contains(key)).collect();
        if !new.is_empty() {
            self.folders.entry(folder.to_owned()).or_default().extend(new);
        }
    }

    /// How many deliveries there are.
    pub fn deliveries(&self) -> usize {
        self.folders.values().map(BTreeSet::len).sum()
    }
}

fn key_of(origin: &Origin) -> (String, String) {
    (origin.source.as_str().unwrap_or_default().to_owned(), content_of(origin).to_owned())
}

/// Plans to take back what deliveries brought, wherever the reports are by now: a report of which nothing is left is
/// withdrawn, another one means what the rest says. The decision holds whatever those streams send later.
pub fn undo(
    base: &Snapshot,
    brought: &Brought,
    undoing: &Undoing,
    left_out: &BTreeSet<TreePath>,
    now: Timestamp,
) -> Settlement {
    let mut wanted: Vec<(&Entry, &String)> = Vec::new();
    for (folder, part) in brought.folders.keys().flat_map(|folder| Base::ALL.map(|part| (folder, part))) {
        let there = format!("{}/{folder}", part.folder());
        wanted.extend(base.in_folder(&there).map(|entry| (entry, folder)));
    }
    wanted.retain(|(entry, _)| !left_out.contains(&entry.path));
    let entries: Vec<&Entry> = wanted.iter().map(|(entry, _)| *entry).collect();
    let read = base.map(&entries, |entry, bytes| open(entry, bytes.map_err(|error| error.reason)));
    let mut settlement = Settlement::default();
    let mut changes = ChangeSet::default();
    for ((entry, folder), read) in wanted.into_iter().zip(read) {
        let of_run = &brought.folders[folder];
        let done = read.and_then(|(package, record)| {
            let joining = Joining::found(package, record).map_err(|error| fault_in_details(&error.to_string()))?;
            take_back(joining, of_run, undoing, now)
        });
        let (kind, package, record) = match done {
            Ok(Done::Changed(kind, package, record)) => (kind, package, record),
            Ok(Done::Already(reason)) => {
                let (source, delivery) = (String::new(), entry.path.to_string());
                settlement.plan.skipped.push(Skipped { source, delivery, reason: reason.to_owned() });
                continue;
            }
            Ok(Done::NotMeant) => continue,
            Err(fault) => {
                settlement.plan.rejected.push(fault.at(&entry.path));
                continue;
            }
        };
        match place::put(&mut changes, &entry.path, &record, &package, kind) {
            Ok(path) => drop(settlement.was.insert(path, entry.path.clone())),
            Err(error) => settlement.plan.rejected.push(fault_in_path(error).at(&entry.path)),
        }
    }
    settlement.plan.changes = changes;
    settlement
}

/// What it came to for one report.
enum Done {
    /// No delivery of the run is in it.
    NotMeant,
    /// It does not say any more what the run brought.
    Already(&'static str),
    Changed(ChangeKind, ecosystem::Package, Box<Record>),
}

fn take_back(
    mut joining: Joining,
    of_run: &BTreeSet<(String, String)>,
    undoing: &Undoing,
    now: Timestamp,
) -> Result<Done, Fault> {
    let (origins, _) = normal(joining.record.origins());
    let (gone, rest): (Vec<Origin>, Vec<Origin>) =
        origins.into_iter().partition(|origin| of_run.contains(&key_of(origin)));
    if gone.is_empty() {
        return Ok(Done::NotMeant);
    }
    let decisions = in_order(joining.record.decisions());
    let decided = fold(&decisions);
    if decided.withdrawn.is_some() {
        return Ok(Done::Already("it is withdrawn already"));
    }
    let Some((kind, decision)) = settle(&joining, &gone, &rest, &decided) else {
        return Ok(Done::Already("what the run brought changes nothing in it"));
    };
    let decision = Decision {
        time: after(&decisions, now).to_string().into(),
        reason: undoing.reason.as_str().into(),
        note: undoing.note.as_str().into(),
        by: undoing.by.clone().into(),
        ..decision
    };
    let package = joining.package.clone();
    joining.decide(vec![decision]);
    let record = joining.finish(now).map_err(|error| fault_in_details(&error.to_string()))?;
    Ok(match record {
        Some(record) => Done::Changed(kind, package, Box::new(record)),
        None => Done::Already("nothing changes"),
    })
}

/// The decision that makes a report mean what the rest of its deliveries says; none where it does already.
fn settle(joining: &Joining, gone: &[Origin], rest: &[Origin], decided: &Decided) -> Option<(ChangeKind, Decision)> {
    let ecosystem = joining.package.ecosystem().base();
    let left = compute(&streams(rest), decided);
    let (versions, ranges) = listed(&left.statement, ecosystem);
    let bound: BTreeSet<StreamKey> = gone.iter().map(StreamKey::of).collect();
    let bound = some(bound.iter().map(StreamKey::name).collect());
    if versions.is_empty() && ranges.is_empty() {
        return Some((
            ChangeKind::Withdraw,
            Decision { kind: "withdraw".into(), streams: bound, ..Decision::default() },
        ));
    }
    let affected = joining.record.affected.items().first()?;
    let was: BTreeSet<&String> = affected.versions.items().iter().collect();
    let is_back = joining.record.is_withdrawn() && left.withdrawn.is_none();
    if is_back {
        return Some((
            ChangeKind::Reinstate,
            Decision { kind: "reinstate".into(), streams: bound, ..Decision::default() },
        ));
    }
    if was == versions.iter().collect() && affected.ranges.items() == ranges {
        return None;
    }
    let cleared: Vec<String> = was.into_iter().filter(|version| !versions.contains(version)).cloned().collect();
    let decision = Decision {
        kind: "narrow".into(),
        streams: bound,
        versions: some(versions),
        ranges: some(ranges),
        cleared: some(cleared),
        ..Decision::default()
    };
    Some((ChangeKind::Narrow, decision))
}
