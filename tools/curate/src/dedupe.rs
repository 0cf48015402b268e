//! Dedupe: of several reports on one package one stays, with all that the others know, and the others lead to it.

use std::collections::{BTreeMap, BTreeSet};

use database::{Base, Change, ChangeKind, ChangeSet, Entry, Place, Plan, Snapshot, TreePath};
use ecosystem::Package;
use osv_schema::additions::Decision;
use osv_schema::{Record, Timestamp, write};

use crate::computed::as_found;
use crate::decide::after;
use crate::decided::{fold, in_order};
use crate::ingest::{Fault, fault_in_details, fault_in_path, open};
use crate::join::Joining;
use crate::meet::absorb;

/// The reason of a withdrawal that leads to another report.
pub(crate) const DUPLICATE: &str = "duplicate";

/// A plan that makes one of what is one.
#[derive(Clone, Debug, Default)]
pub struct Deduped {
    /// What would be written.
    pub plan: Plan,
    /// By the path of each report afterwards, the files of all that became one with it.
    pub was: BTreeMap<TreePath, Vec<TreePath>>,
    /// How many reports stay that others lead to.
    pub survivors: usize,
    /// How many lead to another one now.
    pub duplicates: usize,
}

/// The id of the report that this one leads to, where it was withdrawn as a duplicate of it.
pub fn leads_to(record: &Record) -> Option<String> {
    if !record.is_withdrawn() {
        return None;
    }
    // Whatever else was said against it: what is left of that is in the other one.
    let decisions = in_order(record.decisions());
    let since = decisions.into_iter().rev().take_while(|one| one.kind.as_str() != Some("reinstate"));
    let mut withdrawals = since.filter(|one| one.kind.as_str() == Some("withdraw"));
    withdrawals.find_map(|one| one.survivor.value().cloned())
}

/// One of several reports on a package.
struct One {
    path: TreePath,
    package: Package,
    record: Record,
}

impl One {
    fn id(&self) -> &str {
        self.record.id.as_str().unwrap_or_default()
    }

    /// One that stands stays, and of those the one that was published first.
    fn key(&self) -> (bool, bool, Option<Timestamp>, &str) {
        let published = self.record.published_at();
        (self.record.is_withdrawn(), published.is_none(), published, self.id())
    }
}

/// Plans to make one report of those that are one. `ties` are reports that have something in common: the package as reports
/// are compared, or an alias. Of those the ones on one package are one, where one of them stands; different packages that
/// share an alias stay as they are. `left_out` are files of which nothing is made.
pub fn dedupe(
    base: &Snapshot,
    ties: &[BTreeSet<TreePath>],
    by: Option<&str>,
    left_out: &BTreeSet<TreePath>,
    now: Timestamp,
) -> Deduped {
    let mut deduped = Deduped::default();
    let paths: BTreeSet<&TreePath> = ties.iter().flatten().filter(|path| !left_out.contains(*path)).collect();
    let entries: Vec<&Entry> = paths.into_iter().filter_map(|path| base.entry(path.as_str())).collect();
    let read = base.map(&entries, |entry, bytes| open(entry, bytes.map_err(|error| error.reason)));
    let mut reports: BTreeMap<&TreePath, One> = BTreeMap::new();
    for (entry, read) in entries.iter().zip(read) {
        match read {
            Ok((package, record)) if may_join(&package, &record) => {
                reports.insert(&entry.path, One { path: entry.path.clone(), package, record });
            }
            Ok(_) => {}
            Err(fault) => deduped.plan.rejected.push(fault.at(&entry.path)),
        }
    }
    let mut changes = ChangeSet::default();
    for group in groups(ties, reports) {
        let first = group[0].path.clone();
        let files: Vec<TreePath> = group.iter().map(|one| one.path.clone()).collect();
        match united(group, by, now) {
            Ok(done) => {
                deduped.survivors += 1;
                deduped.duplicates += done.len() - 1;
                for (was, change, bytes) in done {
                    if was != change.path {
                        changes.remove_file(was);
                    }
                    deduped.was.insert(change.path.clone(), files.clone());
                    changes.put_report(change, bytes);
                }
            }
            Err(fault) => deduped.plan.rejected.push(fault.at(&first)),
        }
    }
    deduped.plan.changes = changes;
    deduped.plan.rejected.sort_by(|a, b| a.delivery.cmp(&b.delivery));
    deduped
}

/// Whether a report can become one with another: what leads to one is part of it already. And of one that its sources alone
/// took back, nothing that people wrote down must count again.
fn may_join(package: &Package, record: &Record) -> bool {
    if !record.is_withdrawn() {
        return true;
    }
    let decisions = [record.decisions(), as_found(record, package)].concat();
    let is = |one: &Decision, kinds: &[&str]| one.kind.as_str().is_some_and(|kind| kinds.contains(&kind));
    let is_by_people = fold(&in_order(decisions.clone())).withdrawn.is_some();
    leads_to(record).is_none()
        && (is_by_people || !decisions.iter().any(|one| is(one, &["as-found", "hand-edit", "narrow"])))
}

/// The reports that are one, group by group, the one that stays in front. What is tied to one of a group is of the group.
fn groups(ties: &[BTreeSet<TreePath>], reports: BTreeMap<&TreePath, One>) -> Vec<Vec<One>> {
    let mut group_of: BTreeMap<&TreePath, usize> = BTreeMap::new();
    let mut groups: Vec<BTreeSet<&TreePath>> = Vec::new();
    for tie in ties {
        let mut by_package: BTreeMap<(String, String), Vec<&TreePath>> = BTreeMap::new();
        for (path, one) in tie.iter().filter_map(|path| reports.get_key_value(path)) {
            let key = (one.package.ecosystem().as_str().to_owned(), one.package.merge_name().into_owned());
            by_package.entry(key).or_default().push(path);
        }
        for same in by_package.into_values().filter(|same| same.len() > 1) {
            let known: BTreeSet<usize> = same.iter().filter_map(|path| group_of.get(path).copied()).collect();
            let mut all: BTreeSet<&TreePath> = same.into_iter().collect();
            known.iter().for_each(|&number| all.append(&mut groups[number]));
            group_of.extend(all.iter().map(|path| (*path, groups.len())));
            groups.push(all);
        }
    }
    let mut reports = reports;
    let mut found: Vec<Vec<One>> =
        groups.into_iter().map(|paths| paths.iter().filter_map(|path| reports.remove(path)).collect()).collect();
    for group in &mut found {
        // The same report, as two branches left it, is made one where they meet.
        let standing: BTreeSet<String> =
            group.iter().filter(|one| !one.record.is_withdrawn()).map(|one| one.id().to_owned()).collect();
        group.retain(|one| !one.record.is_withdrawn() || !standing.contains(one.id()));
    }
    // Where none stands, nobody is flagged, and each stays as people know it.
    found.retain(|group: &Vec<One>| group.len() > 1 && group.iter().any(|one| !one.record.is_withdrawn()));
    for group in &mut found {
        group.sort_by(|a, b| a.key().cmp(&b.key()));
    }
    found.sort_by(|a, b| a[0].path.cmp(&b[0].path));
    found
}

/// A file that goes, and the report that it becomes.
type Done = (TreePath, Change, Vec<u8>);

/// What reports that are one become, the one that stays in front.
fn united(group: Vec<One>, by: Option<&str>, now: Timestamp) -> Result<Vec<Done>, Fault> {
    let wrong = |error: database::InvalidDetails| fault_in_details(&error.to_string());
    // Whoever has one of the ids or aliases knows them all.
    let all = group.iter().flat_map(|one| one.record.aliases.items().iter().cloned().chain([one.id().to_owned()]));
    let all: BTreeSet<String> = all.filter(|id| !id.is_empty()).collect();
    let survivor = group[0].id().to_owned();
    let package = group[0].package.clone();
    let mut joining = Joining::found(package.clone(), group[0].record.clone()).map_err(wrong)?;
    joining.alias(&all);
    let mut done = Vec::with_capacity(group.len());
    for other in &group[1..] {
        let found = Joining::found(other.package.clone(), other.record.clone()).map_err(wrong)?;
        if other.record.is_withdrawn() {
            absorb(&mut joining, found.package, found.record).map_err(wrong)?;
        } else {
            joining.unite(found);
        }
        let mut duplicate = Joining::found(other.package.clone(), other.record.clone()).map_err(wrong)?;
        duplicate.alias(&all);
        let decisions = duplicate.record.decisions();
        duplicate.decide(vec![Decision {
            kind: "withdraw".into(),
            time: after(&decisions, now).to_string().into(),
            reason: DUPLICATE.into(),
            by: by.map(str::to_owned).into(),
            survivor: survivor.as_str().into(),
            ..Decision::default()
        }]);
        let record = duplicate.finish(now).map_err(wrong)?.unwrap_or_else(|| other.record.clone());
        done.push(one(&other.path, &record, &other.package)?);
    }
    let record = joining.finish(now).map_err(wrong)?.unwrap_or_else(|| group[0].record.clone());
    let spelled = database::subject(&record).map_or(package, |subject| subject.package);
    done.insert(0, one(&group[0].path, &record, &spelled)?);
    Ok(done)
}

/// Each lies where reports on its package are looked for, wherever it was.
fn one(was: &TreePath, record: &Record, package: &Package) -> Result<Done, Fault> {
    let folder = package.folder().ok().map(|folder| folder.as_str().to_owned());
    let place = Place::of(was).unwrap_or(Place { base: Base::Malicious, folder: "", stem: "" });
    let (base, kind) = if record.is_withdrawn() {
        (Base::Withdrawn, ChangeKind::Withdraw)
    } else {
        (Base::Malicious, ChangeKind::Join)
    };
    let path = Place { base, folder: folder.as_deref().unwrap_or(place.folder), stem: place.stem }
        .path()
        .map_err(fault_in_path)?;
    let id = record.id.as_str().filter(|id| !id.is_empty()).unwrap_or(place.stem).to_owned();
    let change = Change { path, kind, id, package: package.to_string() };
    Ok((was.clone(), change, write::canonical(record).into_bytes()))
}
