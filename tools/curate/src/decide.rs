//! Withdraw, reinstate, narrow, lift: what a person settles about reports, written down in them.

use std::collections::{BTreeMap, BTreeSet};

use database::verdict::Statement as Said;
use database::{ChangeKind, ChangeSet, Entry, Person, Plan, Skipped, Snapshot, TreePath, subject};
use osv_schema::additions::{self, Decision};
use osv_schema::{Member, Origin, Pointer, Range, Record, Timestamp};

use crate::cleared::Cleared;
use crate::computed::{compute, listed};
use crate::decided::{Decided, fold, in_order, named};
use crate::ingest::{Fault, fault_in_details, fault_in_path, open};
use crate::join::Joining;
use crate::place;
use crate::streams::{Stream, StreamKey, normal};

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

/// How the reason of a decision says that a dispute waits to be settled.
pub const OPEN: &str = "open";

/// For which reason a report is taken back, or narrowed, when a dispute about it is upheld.
const UPHELD_REASON: &str = "dispute-upheld";

/// How somebody shows that a report is wrong.
pub const PROOFS: [&str; 8] = [
    "registry-statement",
    "source-review",
    "reproducible-build",
    "sandbox-run",
    "ownership",
    "research-consent",
    "wrong-package",
    "clean-version",
];

/// What is done to reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// They are taken back.
    Withdraw,
    /// They stand again.
    Reinstate,
    /// They mean these versions alone.
    Keep(BTreeSet<String>),
    /// Of what these streams say they mean these versions alone; the rest is as it was before.
    KeepOf(Box<KeptOf>),
    /// They do not mean these versions.
    Clear(BTreeSet<String>),
    /// They mean these versions, or where none is named those that they list, and no range: since then an honest owner has
    /// the name.
    Reclaim(Timestamp, BTreeSet<String>),
    /// They mean again what their sources say.
    Lift,
    /// A second person stands behind what they mean.
    Approve,
    /// Somebody says that they are wrong, and shows it so; until when it is to be settled.
    Dispute {
        /// How it is shown.
        proof: String,
        /// Until when it is to be settled.
        deadline: Option<Timestamp>,
    },
    /// Who said so was right: they are taken back, or do not mean these versions.
    Uphold(BTreeSet<String>),
    /// Who said so was not right.
    Refuse,
}

/// Which versions of what some streams say stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptOf {
    streams: Vec<additions::Stream>,
    /// Those that stay, beside those that the report meant before.
    versions: BTreeSet<String>,
    ranges: Vec<Range>,
}

impl KeptOf {
    /// Of a report to which something came the streams that it came from; `versions` of it stay, and what the report meant
    /// before.
    pub fn came(before: &Record, after: &Record, versions: &BTreeSet<String>) -> KeptOf {
        let known: BTreeSet<_> = before.origins().iter().map(named).collect();
        let new = after.origins().into_iter().filter(|origin| !known.contains(&named(origin)));
        let streams: BTreeSet<StreamKey> = new.map(|origin| StreamKey::of(&origin)).collect();
        let affected = before.affected.items().first();
        let stood = affected.map(|affected| affected.versions.items().to_vec()).unwrap_or_default();
        KeptOf {
            streams: streams.iter().map(StreamKey::name).collect(),
            versions: stood.into_iter().chain(versions.iter().cloned()).collect(),
            ranges: affected.map(|affected| affected.ranges.items().to_vec()).unwrap_or_default(),
        }
    }
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
    /// The ranges that do not stay as they are, as version range specifiers.
    pub cleared_ranges: Vec<String>,
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
        /// The ranges that it meant before.
        ranges: Vec<String>,
    },
}

impl Done {
    fn put(self, was: &TreePath, changes: &mut ChangeSet, settlement: &mut Settlement) -> Result<(), Fault> {
        let (record, package, kind, decision, ranges) = match self {
            Done::Already(reason) => {
                let (source, delivery) = (String::new(), was.to_string());
                settlement.plan.skipped.push(Skipped { source, delivery, reason: reason.to_owned() });
                return Ok(());
            }
            Done::Changed { record, package, kind, decision, ranges } => (record, package, kind, decision, ranges),
        };
        let path = place::put(changes, was, &record, &package, kind).map_err(fault_in_path)?;
        settlement.was.insert(path.clone(), was.clone());
        if kind == ChangeKind::Narrow {
            let stay = ranges_of(&path, &record);
            settlement.narrowed.push(Narrowing {
                path,
                id: record.id.as_str().unwrap_or_default().to_owned(),
                kept: decision.versions.items().to_vec(),
                cleared: decision.cleared.items().to_vec(),
                cleared_ranges: ranges.into_iter().filter(|range| !stay.contains(range)).collect(),
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
    let streams = decided.streams(&origins);
    let there = There { path, record: &joining.record, origins: &origins, streams: &streams, decided: &decided };
    let mut decision = Decision {
        time: after(&decisions, now).to_string().into(),
        reason: settled.reason.as_str().into(),
        by: settled.by.clone().into(),
        note: settled.note.clone().into(),
        evidence: settled.evidence.clone().into(),
        streams: some(there.streams.keys().map(StreamKey::name).collect()),
        ..Decision::default()
    };
    let mut more = None;
    let kind = match &settled.deed {
        Deed::Withdraw if decided.withdrawn.is_some() => return Ok(Done::Already("it is withdrawn already")),
        Deed::Withdraw => {
            decision.kind = "withdraw".into();
            ChangeKind::Withdraw
        }
        Deed::Reinstate if !joining.record.is_withdrawn() => return Ok(Done::Already("it stands already")),
        Deed::Reinstate => {
            // Where an undo left nothing, that has ended with it, and not only until somebody else speaks.
            let ecosystem = joining.package.ecosystem().base();
            if decided.narrowed.is_none() && compute(&origins, &streams, &decided, ecosystem).is_before {
                more = Some(Decision { kind: "lift".into(), ..decision.clone() });
            }
            decision.kind = "reinstate".into();
            ChangeKind::Reinstate
        }
        Deed::Reclaim(since, versions) => {
            decision.kind = "narrow".into();
            decision.reclaimed = since.whole_seconds().to_string().into();
            let exact = if versions.is_empty() { there.exact() } else { versions.clone() };
            let remedy = "name with `--keep` the versions that were malicious, or withdraw it: `malpkg withdraw`";
            if exact.is_empty() {
                return Err(fault("nobody names a version of it, and no range stays".to_owned(), remedy));
            }
            there.keep(&exact, &mut decision)?;
            ChangeKind::Narrow
        }
        Deed::Approve => {
            there.approve(settled, &mut decision)?;
            ChangeKind::Join
        }
        Deed::Dispute { proof, deadline } => {
            // What somebody else shows is shown beside it, and the earliest deadline is that of all.
            let by = settled.by.as_deref().unwrap_or_default();
            let is_again = |open: &Decision| {
                let opened_by = open.by.as_str().unwrap_or_default();
                let is_same = Person::of(opened_by).is_same_as(&Person::of(by)) || opened_by == by;
                is_same && open.proof.as_str() == Some(proof) && open.evidence.as_str() == settled.evidence.as_deref()
            };
            if open_disputes(&decisions).any(is_again) {
                return Ok(Done::Already("it is disputed already"));
            }
            let until = |open: &Decision| open.deadline.as_str().and_then(|until| until.parse().ok());
            let earliest = open_disputes(&decisions).filter_map(until).chain(*deadline).min();
            decision.kind = "dispute".into();
            decision.proof = proof.as_str().into();
            decision.deadline = earliest.map(|until: Timestamp| until.whole_seconds().to_string()).into();
            decision.streams = Member::Absent;
            ChangeKind::Join
        }
        Deed::Uphold(_) | Deed::Refuse => {
            let Some(open) = disputed(&decisions).filter(|dispute| dispute.reason.as_str() == Some(OPEN)) else {
                return Err(undisputed());
            };
            if matches!(settled.deed, Deed::Uphold(_)) {
                open_disputes(&decisions)
                    .try_for_each(|open| check_upholder(open.by.as_str().unwrap_or_default(), settled))?;
            }
            let dispute = Decision {
                kind: "dispute".into(),
                proof: open.proof.clone(),
                evidence: if decision.evidence.is_absent() { open.evidence.clone() } else { decision.evidence.clone() },
                streams: Member::Absent,
                ..decision.clone()
            };
            if let Deed::Uphold(cleared) = &settled.deed {
                // What follows from it is a decision like any other.
                decision.reason = UPHELD_REASON.into();
                decision.evidence = dispute.evidence.clone();
                match cleared.is_empty() {
                    true if decided.withdrawn.is_some() => {}
                    true => decision.kind = "withdraw".into(),
                    false => {
                        decision.kind = "narrow".into();
                        there.clear(cleared, &mut decision)?;
                    }
                }
                more = Some(dispute);
                if cleared.is_empty() { ChangeKind::Withdraw } else { ChangeKind::Narrow }
            } else {
                decision = dispute;
                ChangeKind::Join
            }
        }
        Deed::Lift if decided.narrowed.is_none() && decided.undone.is_empty() => {
            return Ok(Done::Already(match decided.withdrawn {
                Some(_) => "nothing narrows it; what is withdrawn `malpkg reinstate` makes stand again",
                None => "nothing narrows it",
            }));
        }
        Deed::Lift => {
            decision.kind = "lift".into();
            ChangeKind::Join
        }
        Deed::Keep(versions) => {
            decision.kind = "narrow".into();
            there.keep(versions, &mut decision)?;
            ChangeKind::Narrow
        }
        Deed::KeepOf(kept) => {
            decision.kind = "narrow".into();
            there.keep(&kept.versions, &mut decision)?;
            (decision.streams, decision.ranges) = (some(kept.streams.clone()), some(kept.ranges.clone()));
            ChangeKind::Narrow
        }
        Deed::Clear(versions) if there.has_cleared(versions) => {
            return Ok(Done::Already("these versions are cleared already"));
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
    let (package, ranges) = (joining.package.clone(), ranges_of(path, &joining.record));
    let all = more.into_iter().chain([decision.clone()]).filter(|one| !one.kind.is_absent());
    joining.decide(all.collect());
    let record = joining.finish(now).map_err(|error| fault_in_details(&error.to_string()))?;
    Ok(match record {
        Some(record) => {
            let (record, decision) = (Box::new(record), Box::new(decision));
            Done::Changed { record, package, kind, decision, ranges }
        }
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
    origins: &'r [Origin],
    streams: &'r BTreeMap<StreamKey, Stream<'r>>,
    decided: &'r Decided,
}

impl There<'_> {
    /// The exact versions that the report or a source of it lists, also where a range has taken them up.
    fn exact(&self) -> BTreeSet<String> {
        let affected = self.record.affected.items().first();
        let listed = affected.map(|affected| affected.versions.items().to_vec()).unwrap_or_default();
        let origins = self.record.origins();
        let stand = origins.iter().filter(|origin| origin.withdrawn.is_absent() && origin.moved_to.is_absent());
        let said = stand.flat_map(|origin| origin.versions.items().iter().cloned());
        let cleared = self.cleared();
        let is_cleared = |version: &String| cleared.as_ref().is_some_and(|cleared| cleared.has(version));
        listed.into_iter().chain(said).filter(|version| !is_cleared(version)).collect()
    }

    /// A second person stands behind what the report means, as it does now.
    fn approve(&self, settled: &Settled, decision: &mut Decision) -> Result<(), Fault> {
        let by = settled.by.as_deref().unwrap_or_default().trim();
        let who = Person::of(by);
        if who.is_nobody() {
            return Err(not_approved("nobody is named who approves".to_owned(), "say who with `--by`"));
        }
        if let Some(part) = authors(self.record).into_iter().find(|(name, _)| Person::of(name).is_same_as(&who)) {
            let message = format!("`{by}` {}, and cannot approve of the report", part.1);
            return Err(not_approved(message, "let somebody else look at it, who says so with `--by`"));
        }
        let affected = self.record.affected.items().first();
        decision.kind = "approve".into();
        decision.streams = Member::Absent;
        decision.versions = some(affected.map(|one| one.versions.items().to_vec()).unwrap_or_default());
        decision.ranges = some(affected.map(|one| one.ranges.items().to_vec()).unwrap_or_default());
        Ok(())
    }

    /// Only these versions stay: of the ranges none does.
    fn keep(&self, versions: &BTreeSet<String>, decision: &mut Decision) -> Result<(), Fault> {
        let (listed, said) = (self.said(None), self.said(Some(&Decided::default())));
        let was_cleared = self.cleared();
        let is_known = |version: &String| {
            [&listed, &said].into_iter().flatten().any(|said| said.affects(version))
                || was_cleared.as_ref().is_some_and(|cleared| cleared.has(version))
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
        let (none, about) = (BTreeSet::new(), subject(self.record).ok());
        let stay = Cleared::of(versions, &none, about.as_ref().map_or("", |about| about.package.ecosystem().base()));
        let before = self.decided.narrowed.iter().flat_map(|narrowed| &narrowed.cleared);
        decision.revived = some(before.filter(|version| stay.has(version)).cloned().collect());
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
        // The same version under another spelling goes with it.
        let none = BTreeSet::new();
        let same = Cleared::of(versions, &none, listed.package.ecosystem().base());
        let (cleared, kept): (Vec<String>, Vec<String>) =
            listed.versions().iter().cloned().partition(|version| same.has(version));
        if kept.is_empty() && ranges.is_empty() {
            return Err(nothing_left());
        }
        decision.versions = some(kept);
        decision.ranges = some(ranges);
        let cleared: BTreeSet<String> = cleared.into_iter().chain(versions.iter().cloned()).collect();
        decision.cleared = some(cleared.into_iter().collect());
        Ok(())
    }

    /// The versions that a narrowing that holds cleared.
    fn cleared(&self) -> Option<Cleared<'_>> {
        let about = subject(self.record).ok()?;
        let narrowed = self.decided.narrowed.as_ref()?;
        Some(Cleared::of(&narrowed.cleared, &narrowed.kept, about.package.ecosystem().base()))
    }

    /// Whether a narrowing that holds cleared all of these.
    fn has_cleared(&self, versions: &BTreeSet<String>) -> bool {
        let cleared = self.cleared();
        !versions.is_empty() && cleared.is_some_and(|cleared| versions.iter().all(|version| cleared.has(version)))
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
        let ecosystem = said.package.ecosystem().base();
        let (versions, ranges) = listed(&compute(self.origins, self.streams, decided, ecosystem).statement, ecosystem);
        let mut record = said.record.clone();
        if let Some([affected]) = record.affected.value_mut().map(Vec::as_mut_slice) {
            affected.versions = Member::Value(versions);
            affected.ranges = Member::Value(ranges);
        }
        Some(Said { record, ..said })
    }
}

/// Who had a part in a report, and which.
fn authors(record: &Record) -> Vec<(String, &'static str)> {
    let mut authors: Vec<(String, &'static str)> = Vec::new();
    for origin in record.origins() {
        authors.extend(origin.source.as_str().map(|source| (source.to_owned(), "sent it")));
    }
    for credit in record.credits.items() {
        let names = credit.name.as_str().into_iter().chain(credit.contact.items().iter().map(String::as_str));
        authors.extend(names.map(|name| (name.to_owned(), "is credited in it")));
    }
    for edit in record.decisions().into_iter().filter(|decision| decision.kind.as_str() == Some("hand-edit")) {
        authors.extend(edit.by.as_str().map(|by| (by.to_owned(), "edited it by hand")));
    }
    authors
}

/// The latest word of decisions in a dispute.
pub fn disputed(decisions: &[Decision]) -> Option<&Decision> {
    decisions.iter().rev().find(|decision| decision.kind.as_str() == Some("dispute"))
}

/// Those that nobody has settled, the latest first.
fn open_disputes(decisions: &[Decision]) -> impl Iterator<Item = &Decision> {
    let disputes = decisions.iter().rev().filter(|decision| decision.kind.as_str() == Some("dispute"));
    disputes.take_while(|dispute| dispute.reason.as_str() == Some(OPEN))
}

fn not_approved(message: String, remedy: &str) -> Fault {
    let pointer = Pointer::from("/database_specific/malpkg/decisions");
    Fault { rule: "protected-name", pointer, message, remedy: remedy.to_owned() }
}

fn undisputed() -> Fault {
    let pointer = Pointer::from("/database_specific/malpkg/decisions");
    let message = "there is no open dispute about the report".to_owned();
    Fault { rule: "dispute-not-open", pointer, message, remedy: "open one: `malpkg dispute open`".to_owned() }
}

/// Nobody settles a dispute for themselves: else one word takes any report out.
fn check_upholder(opened_by: &str, settled: &Settled) -> Result<(), Fault> {
    let by = settled.by.as_deref().unwrap_or_default().trim();
    let who = Person::of(by);
    let (message, remedy) = if who.is_nobody() {
        ("nobody is named who upholds it".to_owned(), "say who with `--by`")
    } else if Person::of(opened_by).is_same_as(&who) {
        let message = format!("`{by}` opened the dispute, and cannot uphold it");
        (message, "let somebody else look at it, who says so with `--by`; or take it back: `malpkg dispute refuse`")
    } else {
        return Ok(());
    };
    let pointer = Pointer::from("/database_specific/malpkg/decisions");
    Err(Fault { rule: "dispute-upheld-alone", pointer, message, remedy: remedy.to_owned() })
}

/// The ranges that a report means, as version range specifiers.
fn ranges_of(path: &TreePath, record: &Record) -> Vec<String> {
    Said::of(path, record.clone()).map(|said| said.vers()).unwrap_or_default()
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
