//! Withdraw, reinstate, narrow, lift: what a person settles about reports, written down in them.

use std::collections::{BTreeMap, BTreeSet};

use database::verdict::Statement as Said;
use database::{ChangeKind, ChangeSet, Entry, Plan, Skipped, Snapshot, TreePath};
use osv_schema::additions::Decision;
use osv_schema::{Member, Pointer, Range, Record, Timestamp};

use crate::computed::{compute, listed};
use crate::decided::{Decided, fold, in_order};
use crate::ingest::{Fault, fault_in_details, fault_in_path, open};
use crate::join::Joining;
use crate::place;
use crate::streams::{Stream, StreamKey, normal, streams};

/// The reasons for which a report is withdrawn or narrowed.
pub const REASONS_AGAINST: [&str; 7] = [
    "false-positive",
    "not-malicious",
    "name-collision",
    "duplicate",
    "source-retracted",
    "versions-clean",
    "dispute-upheld",
];

/// The reasons for which a report stands again, or means what its sources say again.
pub const REASONS_FOR: [&str; 2] = ["evidence", "withdrawn-in-error"];

/// What is done to reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// They are taken back.
    Withdraw,
    /// They stand again.
    Reinstate,
    /// They mean these versions alone.
    Keep(BTreeSet<String>),
    /// They do not mean these versions.
    Clear(BTreeSet<String>),
    /// They mean again what their sources say.
    Lift,
}

/// What somebody settles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What is done.
    pub deed: Deed,
    /// Why, in one word.
    pub reason: String,
    /// What else there is to say.
    pub note: Option<String>,
    /// Who.
    pub by: Option<String>,
    /// A page that shows it.
    pub evidence: Option<String>,
}

/// A plan of decisions.
#[derive(Clone, Debug, Default)]
pub struct Settlement {
    /// What would be written. What stays as it is was skipped.
    pub plan: Plan,
    /// By the path of each report afterwards, the one that it had.
    pub was: BTreeMap<TreePath, TreePath>,
    /// What each narrowing keeps and clears.
    pub narrowed: Vec<Narrowing>,
}

/// What a narrowing of one report does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// The report's path afterwards.
    pub path: TreePath,
    /// The report's id.
    pub id: String,
    /// The versions that stay malicious.
    pub kept: Vec<String>,
    /// The versions that are not.
    pub cleared: Vec<String>,
}

/// Plans a decision about reports. One that cannot be decided about is rejected, and the rest goes on.
pub fn decide(base: &Snapshot, entries: &[&Entry], settled: &Settled, now: Timestamp) -> Settlement {
    let read = base.map(entries, |entry, bytes| {
        let (package, record) = open(entry, bytes.map_err(|error| error.reason))?;
        let joining = Joining::found(package, record).map_err(|error| fault_in_details(&error.to_string()))?;
        one(&entry.path, joining, settled, now)
    });
    let mut settlement = Settlement::default();
    let mut changes = ChangeSet::default();
    for (entry, read) in entries.iter().zip(read) {
        match read.and_then(|done| done.put(&entry.path, &mut changes, &mut settlement)) {
            Ok(()) => {}
            Err(fault) => settlement.plan.rejected.push(fault.at(&entry.path)),
        }
    }
    settlement.plan.changes = changes;
    settlement
}

/// What the decision came to for one report.
enum Done {
    /// It is so already.
    Already(&'static str),
    Changed {
        record: Box<Record>,
        package: ecosystem::Package,
        kind: ChangeKind,
        decision: Box<Decision>,
    },
}

impl Done {
    fn put(self, was: &TreePath, changes: &mut ChangeSet, settlement: &mut Settlement) -> Result<(), Fault> {
        let (record, package, kind, decision) = match self {
            Done::Already(reason) => {
                let (source, delivery) = (String::new(), was.to_string());
                settlement.plan.skipped.push(Skipped { source, delivery, reason: reason.to_owned() });
                return Ok(());
            }
            Done::Changed { record, package, kind, decision } => (record, package, kind, decision),
        };
        let path = place::put(changes, was, &record, &package, kind).map_err(fault_in_path)?;
        settlement.was.insert(path.clone(), was.clone());
        if kind == ChangeKind::Narrow {
            settlement.narrowed.push(Narrowing {
                path,
                id: record.id.as_str().unwrap_or_default().to_owned(),
                kept: decision.versions.items().to_vec(),
                cleared: decision.cleared.items().to_vec(),
            });
        }
        Ok(())
    }
}

/// Decides about one report.
fn one(path: &TreePath, mut joining: Joining, settled: &Settled, now: Timestamp) -> Result<Done, Fault> {
    let (origins, _) = normal(joining.record.origins());
    let decisions = in_order(joining.record.decisions());
    let decided = fold(&decisions);
    let there = There { path, record: &joining.record, streams: &streams(&origins), decided: &decided };
    let mut decision = Decision {
        time: after(&decisions, now).to_string().into(),
        reason: settled.reason.as_str().into(),
        by: settled.by.clone().into(),
        note: settled.note.clone().into(),
        evidence: settled.evidence.clone().into(),
        streams: some(there.streams.keys().map(StreamKey::name).collect()),
        ..Decision::default()
    };
    let kind = match &settled.deed {
        Deed::Withdraw if decided.withdrawn.is_some() => return Ok(Done::Already("it is withdrawn already")),
        Deed::Withdraw => {
            decision.kind = "withdraw".into();
            ChangeKind::Withdraw
        }
        Deed::Reinstate if !joining.record.is_withdrawn() => return Ok(Done::Already("it stands already")),
        Deed::Reinstate => {
            decision.kind = "reinstate".into();
            ChangeKind::Reinstate
        }
        Deed::Lift if decided.narrowed.is_none() => return Ok(Done::Already("nothing narrows it")),
        Deed::Lift => {
            decision.kind = "lift".into();
            ChangeKind::Join
        }
        Deed::Keep(versions) => {
            decision.kind = "narrow".into();
            there.keep(versions, &mut decision)?;
            ChangeKind::Narrow
        }
        Deed::Clear(versions) => {
            decision.kind = "narrow".into();
            there.clear(versions, &mut decision)?;
            ChangeKind::Narrow
        }
    };
    if kind == ChangeKind::Narrow && there.says_already(&decision) {
        return Ok(Done::Already("it means these versions alone already"));
    }
    let package = joining.package.clone();
    joining.decide(vec![decision.clone()]);
    let record = joining.finish(now).map_err(|error| fault_in_details(&error.to_string()))?;
    Ok(match record {
        Some(record) => Done::Changed { record: Box::new(record), package, kind, decision: Box::new(decision) },
        None => Done::Already("nothing changes"),
    })
}

/// Now, and in any case after every decision that there is: of two the later one holds.
pub(crate) fn after(decisions: &[Decision], now: Timestamp) -> Timestamp {
    let times = decisions.iter().filter_map(|decision| decision.time.as_str()?.parse::<Timestamp>().ok());
    let last = times.max().and_then(|last| Timestamp::from_unix(last.unix().saturating_add(1)));
    last.map_or(now, |last| last.max(now)).whole_seconds()
}

pub(crate) fn some<T>(items: Vec<T>) -> Member<Vec<T>> {
    if items.is_empty() { Member::Absent } else { Member::Value(items) }
}

/// A report before a decision about it.
struct There<'r> {
    path: &'r TreePath,
    record: &'r Record,
    streams: &'r BTreeMap<StreamKey, Stream<'r>>,
    decided: &'r Decided,
}

impl There<'_> {
    /// Only these versions stay: of the ranges none does.
    fn keep(&self, versions: &BTreeSet<String>, decision: &mut Decision) -> Result<(), Fault> {
        let (listed, said) = (self.said(None), self.said(Some(&Decided::default())));
        let was_cleared = self.decided.narrowed.as_ref().map(|narrowed| &narrowed.cleared);
        let is_known = |version: &String| {
            [&listed, &said].into_iter().flatten().any(|said| said.affects(version))
                || was_cleared.is_some_and(|cleared| cleared.contains(version))
        };
        if let Some(unknown) = versions.iter().find(|version| !is_known(version)) {
            let message = format!("nobody says that version `{unknown}` is malicious");
            return Err(fault(message, "narrow to versions that the report means; `malpkg query --why` lists them"));
        }
        if versions.is_empty() {
            return Err(nothing_left());
        }
        let known = [&listed, &said].into_iter().flatten().flat_map(|said| said.versions().iter().cloned());
        let cleared: BTreeSet<String> = known.filter(|version| !versions.contains(version)).collect();
        decision.versions = some(versions.iter().cloned().collect());
        decision.cleared = some(cleared.into_iter().collect());
        Ok(())
    }

    /// These versions do not stay, and the rest does.
    fn clear(&self, versions: &BTreeSet<String>, decision: &mut Decision) -> Result<(), Fault> {
        let Some(listed) = self.said(None) else { return Err(nothing_left()) };
        if let Some(unknown) = versions.iter().find(|version| !listed.affects(version)) {
            let message = format!("the report does not mean version `{unknown}`");
            return Err(fault(message, "clear versions that the report means; `malpkg query --why` lists them"));
        }
        let affected = self.record.affected.items().first();
        let ranges: Vec<Range> = affected.map(|affected| affected.ranges.items().to_vec()).unwrap_or_default();
        let among = Said { record: without_versions(&listed.record), ..listed.clone() };
        if let Some(inside) = versions.iter().find(|version| among.affects(version)) {
            let message = format!("version `{inside}` lies in a range, and what would be left of it is no list");
            return Err(fault(message, "say with `--keep` which versions are malicious"));
        }
        let kept: Vec<String> =
            listed.versions().iter().filter(|version| !versions.contains(*version)).cloned().collect();
        if kept.is_empty() && ranges.is_empty() {
            return Err(nothing_left());
        }
        decision.versions = some(kept);
        decision.ranges = some(ranges);
        decision.cleared = some(versions.iter().cloned().collect());
        Ok(())
    }

    /// Whether a narrowing that holds says the same.
    fn says_already(&self, decision: &Decision) -> bool {
        let Some(narrowed) = &self.decided.narrowed else { return false };
        let mut after = narrowed.clone();
        after.narrow(decision);
        *narrowed == after
    }

    /// What the report means, or with other decisions would.
    fn said(&self, decided: Option<&Decided>) -> Option<Said> {
        let said = Said::of(self.path, self.record.clone()).ok()?;
        let Some(decided) = decided else { return Some(said) };
        let (versions, ranges) = listed(&compute(self.streams, decided).statement, said.package.ecosystem().base());
        let mut record = said.record.clone();
        if let Some([affected]) = record.affected.value_mut().map(Vec::as_mut_slice) {
            affected.versions = Member::Value(versions);
            affected.ranges = Member::Value(ranges);
        }
        Some(Said { record, ..said })
    }
}

fn without_versions(record: &Record) -> Record {
    let mut record = record.clone();
    if let Some([affected]) = record.affected.value_mut().map(Vec::as_mut_slice) {
        affected.versions = Member::Absent;
    }
    record
}

fn nothing_left() -> Fault {
    fault("nothing of the report would be left".to_owned(), "withdraw it instead: `malpkg withdraw`")
}

fn fault(message: String, remedy: &str) -> Fault {
    Fault { rule: "nothing-affected", pointer: Pointer::from("/affected/0"), message, remedy: remedy.to_owned() }
}
