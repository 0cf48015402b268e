//! Undo: what the deliveries of one run brought does not count any more, and stays on record.

use std::collections::{BTreeMap, BTreeSet};

use database::{Base, ChangeKind, ChangeSet, Entry, Skipped, Snapshot, TreePath};
use osv_schema::additions::{Decision, Undone};
use osv_schema::{Origin, Record, Timestamp};

use crate::computed::{compute, listed};
use crate::decide::{Settlement, after, some};
use crate::decided::{Decided, Named, fold, in_order, named};
use crate::ingest::{Fault, fault_in_details, fault_in_path, open};
use crate::join::Joining;
use crate::place;
use crate::streams::{Stream, StreamKey, normal};

/// The deliveries of a run, by the folder of the report that each went into: the source, and the hash of what it says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    folders: BTreeMap<String, BTreeSet<Named>>,
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
        let known: BTreeSet<Named> = before.map(Record::origins).unwrap_or_default().iter().map(named).collect();
        let new: BTreeSet<Named> = after.origins().iter().map(named).filter(|key| !known.contains(key)).collect();
        if !new.is_empty() {
            self.folders.entry(folder.to_owned()).or_default().extend(new);
        }
    }

    /// How many deliveries there are.
    pub fn deliveries(&self) -> usize {
        self.folders.values().map(BTreeSet::len).sum()
    }
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

fn take_back(mut joining: Joining, of_run: &BTreeSet<Named>, undoing: &Undoing, now: Timestamp) -> Result<Done, Fault> {
    let (origins, _) = normal(joining.record.origins());
    let decisions = in_order(joining.record.decisions());
    let decided = fold(&decisions);
    let gone: Vec<&Origin> = origins.iter().filter(|origin| of_run.contains(&named(origin))).collect();
    if gone.is_empty() {
        return Ok(Done::NotMeant);
    }
    if gone.iter().all(|origin| decided.undone.deliveries.contains(&named(origin))) {
        return Ok(Done::Already("it was undone already"));
    }
    let decision = Decision {
        time: after(&decisions, now).to_string().into(),
        reason: undoing.reason.as_str().into(),
        note: undoing.note.as_str().into(),
        by: undoing.by.clone().into(),
        ..Decision::default()
    };
    let Some((kind, decision)) = settle(&joining, &origins, &gone, &decisions, &decided, decision) else {
        return Ok(Done::Already("it lists nothing"));
    };
    let package = joining.package.clone();
    joining.decide(vec![decision]);
    let record = joining.finish(now).map_err(|error| fault_in_details(&error.to_string()))?;
    Ok(match record {
        Some(record) => Done::Changed(kind, package, Box::new(record)),
        None => Done::Already("nothing changes"),
    })
}

/// The decision after which the deliveries of a run count no more; none of a report that lists nothing. It is written down
/// also where the report means the same without them: what else says so may be undone too.
fn settle(
    joining: &Joining,
    origins: &[Origin],
    gone: &[&Origin],
    decisions: &[Decision],
    decided: &Decided,
    decision: Decision,
) -> Option<(ChangeKind, Decision)> {
    // Of a stream that has gone on since, what it says now counts, and later too.
    let counting = decided.streams(origins);
    let is_current = |origin: &Origin| {
        let current = counting.get(&StreamKey::of(origin)).map(Stream::current);
        current.is_some_and(|current| current.contains(&origin))
    };
    let bound: BTreeSet<StreamKey> =
        gone.iter().filter(|origin| is_current(origin)).map(|origin| StreamKey::of(origin)).collect();
    let undone = |origin: &&Origin| Undone {
        source: origin.source.clone(),
        id: origin.id.clone(),
        sha256: named(origin).1.into(),
        modified_time: origin.modified_time.clone(),
        ..Undone::default()
    };
    let mut undo = Decision {
        kind: "undo".into(),
        streams: some(bound.iter().map(StreamKey::name).collect()),
        deliveries: some(gone.iter().map(undone).collect()),
        ..decision
    };
    let after = fold(&[decisions, std::slice::from_ref(&undo)].concat());
    let left = compute(origins, &after.streams(origins), &after);
    let (versions, ranges) = listed(&left.statement, joining.package.ecosystem().base());
    let affected = joining.record.affected.items().first()?;
    let was: BTreeSet<&String> = affected.versions.items().iter().collect();
    let is_same = was == versions.iter().collect() && affected.ranges.items() == ranges;
    let kind = match (joining.record.is_withdrawn(), left.withdrawn.is_some()) {
        (true, false) => ChangeKind::Reinstate,
        (false, true) => ChangeKind::Withdraw,
        _ if is_same => ChangeKind::Join,
        _ => ChangeKind::Narrow,
    };
    if kind == ChangeKind::Narrow {
        undo.cleared = some(was.into_iter().filter(|version| !versions.contains(version)).cloned().collect());
        undo.versions = some(versions);
        undo.ranges = some(ranges);
    }
    Some((kind, undo))
}
