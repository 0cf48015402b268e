//! Merge: reports without an id become part of the report on their package, and edits by hand become decisions.

use std::collections::{BTreeMap, BTreeSet};

use database::details::SEPARATOR;
use database::{ChangeSet, Details, Entry, Place, Plan, ReportId, Snapshot, TreePath};
use ecosystem::Package;
use osv_schema::additions::Decision;
use osv_schema::{Member, Pointer, Record, Timestamp};

use crate::cleared::Cleared;
use crate::computed::as_found;
use crate::decide::after;
use crate::decided::{fold, in_order};
use crate::ingest::{Fault, Found, Group, fault_in_details, fault_in_path, find, open, streams_of};
use crate::join::Joining;
use crate::place;
use crate::placeholder::Renamed;
use crate::streams::StreamKey;
use crate::{ahead, aside};

/// The kind of a decision that somebody made by editing a report, and its reason.
const HAND_EDIT: &str = "hand-edit";

/// How reports are merged.
#[derive(Clone, Debug)]
pub struct Merging<'m> {
    /// The prefix of our ids.
    pub prefix: &'m str,
    /// The tree before the edits of which decisions are to be made; none where edits are left as they are.
    pub before: Option<&'m Snapshot>,
    /// Who made the edits.
    pub by: Option<&'m str>,
    /// Files that are to be left as they are.
    pub left_out: &'m BTreeSet<TreePath>,
}

/// A plan of merges, and what the reports were before.
#[derive(Clone, Debug, Default)]
pub struct Merged {
    /// What would be written.
    pub plan: Plan,
    /// By the path of each report afterwards, the files that it was made of, but for the report that had an id.
    pub was: BTreeMap<TreePath, Vec<TreePath>>,
    /// How many reports became part of another one.
    pub merged: usize,
    /// How many that hold one delivery as it was sent, and stay alone on their package, were brought into our form.
    pub formed: usize,
    /// How many edits by hand became decisions.
    pub edits: usize,
}

/// A report that has no id, ready to be joined.
struct Unassigned {
    path: TreePath,
    joining: Joining,
    /// Whether it was brought into our form.
    is_formed: bool,
}

/// Plans what becomes of reports without an id, and of edits by hand. One that cannot be merged is rejected, and the rest
/// goes on.
pub fn merge(base: &Snapshot, merging: &Merging<'_>, now: Timestamp) -> Merged {
    let mut merged = Merged::default();
    let mut changes = ChangeSet::default();
    let mut edited = hand_edits(base, merging, &mut merged);
    let (groups, mut unassigned) = grouped(base, merging, now, &mut merged);
    for ((group, found), reports) in groups.iter().zip(find(base, &groups, merging.prefix)).zip(&mut unassigned) {
        let mut reports = std::mem::take(reports);
        if found.as_ref().is_ok_and(|found| found.report.is_some()) {
            let others = found.as_ref().map(|found| found.others.as_slice()).unwrap_or_default();
            let first = found.as_ref().ok().and_then(|found| found.report.as_ref());
            let elsewhere: BTreeSet<StreamKey> = others.iter().flat_map(|(.., record)| streams_of(record)).collect();
            let here = first.map(|(.., record)| streams_of(record)).unwrap_or_default();
            let elsewhere: BTreeSet<StreamKey> = elsewhere.difference(&here).cloned().collect();
            reports.retain(|report| {
                match fault_in_decisions(report).or_else(|| fault_in_streams(report, &elsewhere)) {
                    None => true,
                    Some(fault) => {
                        merged.plan.rejected.push(fault.at(&report.path));
                        false
                    }
                }
            });
        }
        if reports.is_empty() {
            continue;
        }
        let paths: Vec<TreePath> = reports.iter().map(|report| report.path.clone()).collect();
        let done = found.and_then(|found| {
            let edit = found.report.as_ref().and_then(|(path, ..)| edited.remove(path));
            joined(group, found, edit, reports, merging.prefix, now)
        });
        match done.and_then(|done| done.map(|done| done.put(&mut changes, &mut merged)).transpose()) {
            Ok(Some(0)) => merged.formed += 1,
            Ok(_) => {}
            Err(fault) => merged.plan.rejected.extend(paths.iter().map(|path| fault.clone().at(path))),
        }
    }
    for (path, joining) in edited {
        let package = joining.package.clone();
        let done = joining.finish(now).map_err(|error| fault_in_details(&error.to_string()));
        let done = done.map(|record| Joined { package, target: path.clone(), record, parts: Vec::new() });
        if let Err(fault) = done.and_then(|done| done.put(&mut changes, &mut merged)) {
            merged.plan.rejected.push(fault.at(&path));
        }
    }
    merged.plan.changes = changes;
    merged.plan.rejected.sort_by(|a, b| a.delivery.cmp(&b.delivery));
    merged
}

/// The reports without an id, by package.
fn grouped(
    base: &Snapshot,
    merging: &Merging<'_>,
    now: Timestamp,
    merged: &mut Merged,
) -> (Vec<Group>, Vec<Vec<Unassigned>>) {
    let is_wanted = |place: Place<'_>, path: &TreePath| {
        ReportId::is_unassigned(place.stem, merging.prefix) && !merging.left_out.contains(path)
    };
    let wanted: Vec<&Entry> =
        base.reports().filter(|(place, entry)| is_wanted(*place, &entry.path)).map(|(_, entry)| entry).collect();
    let read = base.map(&wanted, |entry, bytes| read(entry, bytes.map_err(|error| error.reason), now));
    let (mut groups, mut unassigned): (Vec<Group>, Vec<Vec<Unassigned>>) = Default::default();
    let mut by_key: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (entry, read) in wanted.into_iter().zip(read) {
        match read {
            Ok((joining, folder, is_formed)) => {
                let package = joining.package.clone();
                let key = (package.ecosystem().as_str().to_owned(), package.merge_name().into_owned());
                let number = *by_key.entry(key).or_insert(groups.len());
                let one = Unassigned { path: entry.path.clone(), joining, is_formed };
                match unassigned.get_mut(number) {
                    Some(group) => group.push(one),
                    None => {
                        groups.push(Group::new(package, folder, Vec::new()));
                        unassigned.push(vec![one]);
                    }
                }
            }
            Err(fault) => merged.plan.rejected.push(fault.at(&entry.path)),
        }
    }
    (groups, unassigned)
}

/// Reads a report without an id, and says in which folder it belongs and whether it was brought into our form.
fn read(entry: &Entry, bytes: Result<&[u8], String>, now: Timestamp) -> Result<(Joining, String, bool), Fault> {
    let (package, mut record) = open(entry, bytes)?;
    if let Some(fault) = ahead::fault_in_origins(&record, now) {
        return Err(fault);
    }
    let folder = package.folder().map_err(|error| Fault {
        rule: if error.is_about_direction() { "text-direction-codepoint" } else { "path-mismatch" },
        pointer: Pointer::from("/affected/0/package/name"),
        message: error.to_string(),
        remedy: error.remedy().to_owned(),
    })?;
    let folder = folder.as_str().to_owned();
    let is_formed = bring_into_form(&mut record, &package)?;
    record.id = Member::Absent;
    let joining = Joining::found(package, record).map_err(|error| fault_in_details(&error.to_string()))?;
    let is_by_hand = |decision: &Decision| decision.kind.as_str() == Some("withdraw");
    if joining.record.is_withdrawn() && joining.record.decisions().iter().any(is_by_hand) {
        return Err(Fault {
            rule: "misplaced-withdrawn",
            pointer: Pointer::from("/withdrawn"),
            message: "a report without an id is withdrawn, and no source took it back".to_owned(),
            remedy: "delete the file; a published report is taken back with `malpkg withdraw`".to_owned(),
        });
    }
    Ok((joining, folder, is_formed))
}

/// What a report without an id brings into a published one is what sources say, and what it lists besides: what somebody
/// decided about that one is not told by whoever sends another.
fn fault_in_decisions(report: &Unassigned) -> Option<Fault> {
    let is_found = |decision: &Decision| matches!(decision.kind.as_str(), Some("as-found" | "hand-edit"));
    let at = report.joining.record.decisions().iter().position(|decision| !is_found(decision))?;
    Some(Fault {
        rule: "outside-contribution",
        pointer: Pointer::root().member("database_specific").member("malpkg").member("decisions").item(at),
        message: "a report without an id decides something about a published one".to_owned(),
        remedy: "take the decision away, merge, and decide it of the published report: `malpkg withdraw`, `narrow` or \
                 `approve`"
            .to_owned(),
    })
}

/// Until several reports on a package are one, a stream stays with the one that has it: people may have taken it back.
fn fault_in_streams(report: &Unassigned, elsewhere: &BTreeSet<StreamKey>) -> Option<Fault> {
    let streams = streams_of(&report.joining.record);
    (!streams.is_disjoint(elsewhere)).then(|| Fault {
        rule: "duplicate-package",
        pointer: Pointer::from("/affected/0/package/name"),
        message: "another report on the package than the one that it would join has a stream of its deliveries"
            .to_owned(),
        remedy: "make one of the reports on the package first: `malpkg dedupe`".to_owned(),
    })
}

/// Brings a report that holds one delivery as it was sent into our form: the words of the source become a section, and the
/// summary takes its standard form. Says whether there was anything to do.
fn bring_into_form(record: &mut Record, package: &Package) -> Result<bool, Fault> {
    let origins = record.origins();
    let [origin] = origins.as_slice() else { return Ok(false) };
    let text = record.details.as_str().unwrap_or_default();
    let mut details = Details::parse(text).map_err(|error| fault_in_details(&error.to_string()))?;
    if details.written.is_empty() || text.contains(SEPARATOR.trim_end()) {
        return Ok(false);
    }
    let written = std::mem::take(&mut details.written);
    let (source, sha256) = (origin.source.as_str(), origin.sha256.as_str());
    details.put(source.unwrap_or_default(), sha256.unwrap_or_default(), &written);
    record.details = details.to_string().into();
    record.summary = crate::join::summary(package).into();
    Ok(true)
}

/// What became of one package.
struct Joined {
    package: Package,
    /// The report that stays.
    target: TreePath,
    /// What it says now; none where it says no more than before.
    record: Option<Record>,
    /// The files that it takes in.
    parts: Vec<TreePath>,
}

/// Joins the reports on one package; none where there is but one, and nothing to do about it.
fn joined(
    group: &Group,
    found: Found,
    edit: Option<Joining>,
    reports: Vec<Unassigned>,
    prefix: &str,
    now: Timestamp,
) -> Result<Option<Joined>, Fault> {
    let wrong = |error: database::InvalidDetails| fault_in_details(&error.to_string());
    let mut parts: Vec<TreePath> = reports.iter().map(|report| report.path.clone()).collect();
    if let ([only], None, None) = (reports.as_slice(), &found.report, &found.remembered) {
        let formed = only.is_formed.then(|| only.joining.record.clone());
        let (package, target) = (group.package.clone(), only.path.clone());
        return Ok(formed.map(|record| Joined { package, target, record: Some(record), parts: Vec::new() }));
    }
    let mut reports = reports.into_iter();
    let (target, mut joining) = match (found.report, edit) {
        (Some((path, ..)), Some(edit)) => (path, edit),
        (Some((path, package, record)), None) => (path, Joining::found(package, record).map_err(wrong)?),
        (None, _) => match reports.next() {
            Some(first) => {
                parts.remove(0);
                (first.path, first.joining)
            }
            None => return Ok(None),
        },
    };
    let id = joining.record.id.as_str().unwrap_or_default().to_owned();
    let is_settled = found.remembered.is_some()
        || joining.record.is_withdrawn()
        || fold(&in_order(joining.record.decisions())).narrowed.is_some();
    let mut by_hand: BTreeSet<String> = if id.is_empty() { listed_beside(&joining) } else { BTreeSet::new() };
    for mut report in reports {
        by_hand.append(&mut listed_beside(&report.joining));
        derive(&mut report.joining.record, &id);
        joining.unite(report.joining);
    }
    parts.extend(aside::unite(&mut joining, found.remembered)?);
    if is_settled {
        found_since(&mut joining, by_hand, now);
    }
    let package = joining.package.clone();
    let mut record = joining.finish(now).map_err(wrong)?;
    if let Some(record) = &mut record {
        let name = if id.is_empty() { Place::of(&target).map_or("", |place| place.stem) } else { &id };
        for part in parts.iter().filter_map(Place::of) {
            Renamed { prefix, own: [part.stem; 2], id: name, others: &BTreeMap::new() }.apply_to_texts(record);
        }
    }
    Ok(Some(Joined { package, target, record, parts }))
}

/// The versions that a report lists beside what its sources say.
fn listed_beside(joining: &Joining) -> BTreeSet<String> {
    fold(&in_order(joining.record.decisions())).found.versions
}

/// What somebody found by hand of a package on which something was settled is said now, whenever it was written: as of a source
/// that is new, the versions count that nobody cleared. What was taken back stays so, and `triage` tells of it.
fn found_since(joining: &mut Joining, mut versions: BTreeSet<String>, now: Timestamp) {
    let decisions = in_order(joining.record.decisions());
    let decided = fold(&decisions);
    let ecosystem = joining.package.ecosystem().base();
    let none = BTreeSet::new();
    let by_narrowing = decided.narrowed.as_ref().map_or(&none, |narrowed| &narrowed.cleared);
    for cleared in [by_narrowing, &decided.found.cleared].map(|all| Cleared::of(all, &none, ecosystem)) {
        versions.retain(|version| !cleared.has(version));
    }
    if !versions.is_empty() {
        joining.decide(vec![Decision {
            kind: HAND_EDIT.into(),
            time: after(&decisions, now).to_string().into(),
            reason: HAND_EDIT.into(),
            versions: Member::Value(versions.into_iter().collect()),
            ..Decision::default()
        }]);
    }
}

/// Who names a report among its aliases has it from there, and says nothing new about versions.
fn derive(record: &mut Record, id: &str) {
    if record.aliases.items().iter().any(|alias| alias == id) {
        let mut origins = record.origins();
        origins.iter_mut().for_each(|origin| origin.derived_from = id.into());
        record.set_origins(&origins);
    }
}

impl Joined {
    /// Puts the report, and says how many files it takes in.
    fn put(self, changes: &mut ChangeSet, merged: &mut Merged) -> Result<usize, Fault> {
        let Joined { package, target, record, parts } = self;
        let path = match &record {
            Some(record) => {
                let kind = place::kind(&target, record);
                place::put(changes, &target, record, &package, kind).map_err(fault_in_path)?
            }
            None => target.clone(),
        };
        parts.iter().for_each(|part| changes.remove_file(part.clone()));
        let count = parts.len();
        merged.merged += count;
        let mut was = parts;
        was.push(target);
        merged.was.insert(path, was);
        Ok(count)
    }
}

/// The reports with an id that were edited by hand since `before`: what they list otherwise than they did is a decision.
fn hand_edits(base: &Snapshot, merging: &Merging<'_>, merged: &mut Merged) -> BTreeMap<TreePath, Joining> {
    let Some(before) = merging.before else { return BTreeMap::new() };
    let is_wanted = |place: Place<'_>, entry: &Entry| {
        let there = before.entry(entry.path.as_str()).or_else(|| elsewhere(before, place));
        let is_edited = there.is_some_and(|there| there.content != entry.content);
        is_edited && !ReportId::is_unassigned(place.stem, merging.prefix) && !merging.left_out.contains(&entry.path)
    };
    let edited: Vec<&Entry> =
        base.reports().filter(|(place, entry)| is_wanted(*place, entry)).map(|(_, entry)| entry).collect();
    let opened = base.map(&edited, |entry, bytes| open(entry, bytes.map_err(|error| error.reason)));
    let mut found = BTreeMap::new();
    for (entry, opened) in edited.into_iter().zip(opened) {
        let was = before.entry(entry.path.as_str()).or_else(|| elsewhere(before, Place::of(&entry.path)?));
        let was = was.and_then(|was| {
            let bytes = before.read(was);
            open(was, bytes.as_deref().map_err(|error| error.reason.clone())).ok()
        });
        let joining = opened.and_then(|(package, record)| edit(package, record, was, merging));
        match joining {
            Ok(Some(joining)) => {
                merged.edits += 1;
                found.insert(entry.path.clone(), joining);
            }
            Ok(None) => {}
            Err(fault) => merged.plan.rejected.push(fault.at(&entry.path)),
        }
    }
    found
}

/// The report of the same name among those that stand or those that were taken back.
fn elsewhere<'s>(before: &'s Snapshot, place: Place<'_>) -> Option<&'s Entry> {
    database::Base::ALL.into_iter().find_map(|base| before.entry(Place { base, ..place }.path().ok()?.as_str()))
}

/// An edited report with a decision that says what was edited; none where nothing of what is affected was.
fn edit(
    package: Package,
    record: Record,
    was: Option<(Package, Record)>,
    merging: &Merging<'_>,
) -> Result<Option<Joining>, Fault> {
    let mut known = record.decisions();
    if let Some((was_on, was)) = was.filter(|(was_on, _)| was_on.is_same_as(&package)) {
        // What was found before the edit is nobody's edit.
        known.extend(was.decisions().into_iter().chain(as_found(&was, &was_on)));
    }
    let mut judged = record.clone();
    judged.set_decisions(&known);
    let edits = as_found(&judged, &package);
    if edits.is_empty() {
        return Ok(None);
    }
    for edit in edits {
        let time = edit.time.as_str().and_then(|text| text.parse().ok()).unwrap_or(Timestamp::EPOCH);
        let kind = if edit.kind.as_str() == Some("as-found") { HAND_EDIT.into() } else { edit.kind.clone() };
        let decision = Decision {
            kind,
            time: after(&known, time).to_string().into(),
            reason: HAND_EDIT.into(),
            by: merging.by.map(str::to_owned).into(),
            ..edit
        };
        known.push(decision);
    }
    let joining = Joining::with_decisions(package, record, known);
    joining.map(Some).map_err(|error| fault_in_details(&error.to_string()))
}
