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
use crate::streams::{Stream, StreamKey, modified_of, normal};
use crate::told::words;

/// The deliveries of a run, by the folder of the report that each went into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    folders: BTreeMap<String, OfRun>,
    /// What the deliveries had to say that there were before, by the folder of the report.
    told: BTreeMap<String, BTreeMap<Named, String>>,
}

/// What a run brought to a report: by the source and the hash of what each says. Of what was known already, and was said
/// again, from when to when its time rose.
type OfRun = BTreeMap<Named, Option<Risen>>;

/// From when to when the time of a delivery rose.
type Risen = (Option<Timestamp>, Option<Timestamp>);

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
        let mut known: BTreeMap<Named, Option<Timestamp>> = BTreeMap::new();
        for origin in before.map(Record::origins).unwrap_or_default().iter() {
            let time = known.entry(named(origin)).or_default();
            *time = modified_of(origin).max(*time);
        }
        let new: OfRun = after
            .origins()
            .iter()
            .filter_map(|origin| match (known.get(&named(origin)), modified_of(origin)) {
                (None, _) => Some((named(origin), None)),
                (Some(was), now) if now > *was && origin.moved_to.is_absent() => {
                    Some((named(origin), Some((*was, now))))
                }
                _ => None,
            })
            .collect();
        if !new.is_empty() {
            self.folders.entry(folder.to_owned()).or_default().extend(new);
            if let Some(before) = before {
                self.told.entry(folder.to_owned()).or_default().extend(words(before));
            }
        }
    }

    /// How many deliveries there are.
    pub fn deliveries(&self) -> usize {
        self.folders.values().map(BTreeMap::len).sum()
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
            let mut told = brought.told.get(folder.as_str()).cloned().unwrap_or_default();
            told.append(&mut words(&record));
            let joining = Joining::found(package, record).map_err(|error| fault_in_details(&error.to_string()))?;
            take_back(joining, of_run, &told, undoing, now)
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
    of_run: &OfRun,
    told: &BTreeMap<Named, String>,
    undoing: &Undoing,
    now: Timestamp,
) -> Result<Done, Fault> {
    let (origins, _) = normal(joining.record.origins());
    let decisions = in_order(joining.record.decisions());
    let decided = fold(&decisions);
    let of_run: Vec<(&Origin, Option<Risen>)> =
        origins.iter().filter_map(|origin| Some((origin, *of_run.get(&named(origin))?))).collect();
    if of_run.is_empty() {
        return Ok(Done::NotMeant);
    }
    let (gone, earlier) = going(&of_run, &decided.streams(&origins));
    if gone.is_empty() {
        return Ok(Done::Already("what it says counts as before"));
    }
    if earlier.is_empty() && gone.iter().all(|origin| decided.undone.deliveries.contains(&named(origin))) {
        return Ok(Done::Already("it was undone already"));
    }
    let decision = Decision {
        time: after(&decisions, now).to_string().into(),
        reason: undoing.reason.as_str().into(),
        note: undoing.note.as_str().into(),
        by: undoing.by.clone().into(),
        ..Decision::default()
    };
    let Some((kind, mut decision)) = settle(&joining, &origins, (&gone, &earlier), &decisions, &decided, decision)
    else {
        return Ok(Done::Already("it lists nothing"));
    };
    for left in decision.left.value_mut().into_iter().flatten() {
        let named = (left.source.as_str().unwrap_or_default(), left.sha256.as_str().unwrap_or_default());
        left.details = told.get(&(named.0.to_owned(), named.1.to_owned())).cloned().into();
    }
    let package = joining.package.clone();
    joining.decide(vec![decision]);
    let record = joining.finish(now).map_err(|error| fault_in_details(&error.to_string()))?;
    Ok(match record {
        Some(record) => Done::Changed(kind, package, Box::new(record)),
        None => Done::Already("nothing changes"),
    })
}

/// When what was said again had been said before.
type Earlier<'o> = BTreeMap<Named, (Timestamp, &'o Origin)>;

/// The deliveries of a run that are to count no more. One that only said again what was known is among them where its stream
/// says something else without that; the second list says as of when it counted before.
fn going<'o>(
    of_run: &[(&'o Origin, Option<Risen>)],
    counting: &BTreeMap<StreamKey, Stream<'o>>,
) -> (Vec<&'o Origin>, Earlier<'o>) {
    let mut earlier = Earlier::new();
    for (origin, risen) in of_run {
        // What was said once more since is not what this run said.
        if let Some((was, now)) = risen
            && modified_of(origin) == *now
        {
            earlier.insert(named(origin), (was.unwrap_or(Timestamp::EPOCH), *origin));
        }
    }
    let time_before = |time: Option<Timestamp>, origin: &Origin| {
        earlier.get(&named(origin)).map_or(time, |(was, _)| time.min(Some(*was)))
    };
    let is_turned = |origin: &Origin| {
        let Some(stream) = counting.get(&StreamKey::of(origin)) else { return false };
        let newest = stream.timed().map(|(time, origin)| time_before(time, origin)).max();
        let before = stream.timed().filter(|(time, origin)| Some(time_before(*time, origin)) == newest);
        let before: BTreeSet<Named> = before.map(|(_, origin)| named(origin)).collect();
        before != stream.current().iter().map(|origin| named(origin)).collect()
    };
    let turned: BTreeSet<Named> =
        earlier.iter().filter(|(_, (_, origin))| is_turned(origin)).map(|(named, _)| named.clone()).collect();
    earlier.retain(|named, _| turned.contains(named));
    let is_gone = |(origin, risen): &&(&Origin, Option<Risen>)| risen.is_none() || earlier.contains_key(&named(origin));
    let gone = of_run.iter().filter(is_gone).map(|(origin, _)| *origin).collect();
    (gone, earlier)
}

/// The decision after which the deliveries of a run count no more; none of a report that lists nothing. It is written down
/// also where the report means the same without them: what else says so may be undone too.
fn settle(
    joining: &Joining,
    origins: &[Origin],
    (gone, earlier): (&[&Origin], &Earlier<'_>),
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
    let mut undo = Decision {
        kind: "undo".into(),
        streams: some(bound.iter().map(StreamKey::name).collect()),
        deliveries: some(gone.iter().map(|origin| as_of(origin, modified_of(origin))).collect()),
        ..decision
    };
    // What they had said before counts on, also when it is sent again.
    let fold_with = |undo: &Decision| fold(&[decisions, std::slice::from_ref(undo)].concat());
    let mut left: BTreeMap<Named, Undone> = BTreeMap::new();
    let without = fold_with(&undo);
    for (_, stream) in without.streams(origins).iter().filter(|(key, _)| bound.contains(*key)) {
        for (time, origin) in stream.timed().filter(|(_, origin)| origin.moved_to.is_absent()) {
            left.insert(named(origin), as_of(origin, time));
        }
    }
    for (named, (was, origin)) in earlier {
        left.insert(named.clone(), as_of(origin, Some(*was)));
    }
    undo.left = some(left.into_values().collect());
    let after = fold_with(&undo);
    let ecosystem = joining.package.ecosystem().base();
    let left = compute(origins, &after.streams(origins), &after, ecosystem);
    let (versions, ranges) = listed(&left.statement, ecosystem);
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

/// A delivery as the decision names it.
fn as_of(origin: &Origin, time: Option<Timestamp>) -> Undone {
    Undone {
        source: origin.source.clone(),
        id: origin.id.clone(),
        sha256: named(origin).1.into(),
        modified_time: time.map(|time| time.to_string()).into(),
        ..Undone::default()
    }
}
