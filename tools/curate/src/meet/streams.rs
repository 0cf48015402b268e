//! Streams after branches met: each speaks of one package, and what was kept aside of a package joins the report on it.

use std::collections::{BTreeMap, BTreeSet};

use database::{ChangeSet, Edit, Place, ReportId, Snapshot, TreePath};
use ecosystem::Package;
use osv_schema::{Origin, Record, Timestamp};

use super::branches::Meeting;
use crate::decided::named;
use crate::ingest::{Fault, Found, Group, fault_in_details, fault_in_path, find, open};
use crate::join::Joining;
use crate::merge::Merging;
use crate::moved::{self, Holder, Name, Streams, own};
use crate::streams::{content_of, modified_of};
use crate::{aside, leads_to, place, remembered};

/// What came into the tree on one side: the files, and the streams that have deliveries there which they had not before.
#[derive(Clone, Debug, Default)]
pub struct News {
    files: BTreeSet<TreePath>,
    streams: BTreeSet<Name>,
    /// Those of them that may stand in any report: somebody has to look.
    anywhere: BTreeSet<Name>,
}

impl News {
    /// Adds a file: what it was before, and what it is.
    pub fn add(&mut self, path: &TreePath, before: Option<&Record>, after: &Record) {
        if !is_ours(path) {
            return;
        }
        self.files.insert(path.clone());
        let known: BTreeSet<_> = before.map(Record::origins).unwrap_or_default().iter().map(named).collect();
        for origin in after.origins().into_iter().filter(|origin| origin.moved_to.is_absent()) {
            let Some(name) = name(&origin).filter(|_| !known.contains(&named(&origin))) else { continue };
            // What was taken over from another tree has no such hash, and is no stream as long as nobody sends it.
            if origin.content_sha256.as_str().is_some() {
                self.anywhere.insert(name.clone());
            }
            self.streams.insert(name);
        }
    }

    /// The files that came in or changed.
    pub(super) fn files(&self) -> impl Iterator<Item = &TreePath> {
        self.files.iter()
    }

    /// The deliveries that lie in reports without an id, which belong to what there is like those that are ingested.
    pub fn placed(base: &Snapshot, prefix: &str) -> News {
        let is_placed = |place: &Place<'_>| ReportId::is_unassigned(place.stem, prefix);
        let wanted: Vec<_> = base.reports().filter(|(place, _)| is_placed(place)).map(|(_, entry)| entry).collect();
        let mut news = News::default();
        for read in base.map(&wanted, |entry, bytes| open(entry, bytes.map_err(|error| error.reason))) {
            // One that cannot be read is told where it is merged.
            let names = read.into_iter().flat_map(|(_, record)| record.origins()).filter_map(|origin| name(&origin));
            news.anywhere.extend(names);
        }
        news
    }

    /// The streams of which somebody has to know where they stand: those that came in, and those that both of two sides
    /// brought.
    fn names(sides: &[News]) -> BTreeSet<&Name> {
        let mut names: BTreeSet<&Name> = sides.iter().flat_map(|side| &side.anywhere).collect();
        for (at, side) in sides.iter().enumerate() {
            let others = || sides.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, other)| other);
            names.extend(side.streams.iter().filter(|name| others().any(|other| other.streams.contains(*name))));
        }
        names
    }

    /// The files of a tree that have deliveries of the streams of which somebody has to know where they stand.
    ///
    /// # Errors
    ///
    /// Nobody can say, and why.
    pub fn holders(sides: &[News], streams: &dyn Streams) -> Result<BTreeSet<TreePath>, String> {
        let mut holders = BTreeSet::new();
        for (source, id) in News::names(sides) {
            holders.append(&mut streams.holders(source, id)?);
        }
        Ok(holders)
    }

    /// Whether there is any such stream.
    pub fn has_streams(sides: &[News]) -> bool {
        !News::names(sides).is_empty()
    }
}

fn name(origin: &Origin) -> Option<Name> {
    let text = |member: &osv_schema::Member<String>| member.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some((text(&origin.source)?, text(&origin.id)?))
}

fn is_ours(path: &TreePath) -> bool {
    Place::of(path).is_some() || remembered::folder(path).is_some()
}

/// What there is on a package, as one report or one file aside of it.
struct OnPackage {
    found: Found,
    package: Package,
}

impl OnPackage {
    fn records(&self) -> impl Iterator<Item = &Record> {
        let report = self.found.report.as_ref().map(|(_, _, record)| record);
        report.into_iter().chain(self.found.remembered.as_ref().map(|(_, record)| record))
    }

    fn origins(&self) -> Vec<Origin> {
        self.records().flat_map(Record::origins).collect()
    }
}

/// Plans what the streams that came in say of the packages that they spoke of before, and joins what was kept aside to the
/// reports. `base` is the tree with all else that is planned, and `holders` are the files that may have their deliveries.
pub fn gather(
    (base, planned): (&Snapshot, &ChangeSet),
    sides: &[News],
    holders: &BTreeSet<TreePath>,
    merging: &Merging<'_>,
    now: Timestamp,
) -> Meeting {
    let names = News::names(sides);
    let mut paths: BTreeSet<TreePath> = sides.iter().flat_map(|side| side.files.clone()).collect();
    if !names.is_empty() {
        paths.extend(holders.iter().cloned());
        paths.extend(remembered::holders(base, |name| names.contains(name)).into_values().flatten());
        let puts = planned.edits().iter().filter(|(_, edit)| matches!(edit, Edit::Put(_)));
        paths.extend(puts.map(|(path, _)| path.clone()));
    }
    paths.retain(|path| is_ours(path) && !merging.left_out.contains(path));
    let on_packages = on_packages(base, &paths, merging.prefix);
    let mut holders: BTreeMap<Name, Vec<Holder>> = BTreeMap::new();
    for (work, one) in on_packages.iter().enumerate() {
        let origins = one.origins();
        let here: BTreeSet<Name> = origins.iter().filter_map(name).filter(|name| names.contains(name)).collect();
        for name in here {
            let origins = own(&origins, &name);
            if !origins.is_empty() {
                holders.entry(name).or_default().push(Holder {
                    work: Some(work),
                    package: moved::package(&one.package),
                    origins,
                });
            }
        }
    }
    let mut marks = moved::marks(holders);
    let mut meeting = Meeting::default();
    for (number, one) in on_packages.into_iter().enumerate() {
        let there = one.origins();
        let mut marks = marks.remove(&number).unwrap_or_default();
        marks.retain(|mark| !there.iter().any(|origin| knows(origin, mark)));
        let is_beside = one.found.report.is_some() && one.found.remembered.is_some();
        if marks.is_empty() && !is_beside {
            continue;
        }
        let path =
            one.found.report.as_ref().map(|(path, ..)| path).or(one.found.remembered.as_ref().map(|(path, _)| path));
        let Some(path) = path.cloned() else { continue };
        if let Err(fault) = told(one, marks, now, &mut meeting) {
            meeting.rejected.push(fault.at(&path));
        }
    }
    meeting
}

/// Whether an origin tells as much already.
fn knows(origin: &Origin, mark: &Origin) -> bool {
    let is_same = origin.sha256 == mark.sha256 || content_of(origin) == content_of(mark);
    origin.moved_to.is_absent() == mark.moved_to.is_absent()
        && origin.source == mark.source
        && is_same
        && modified_of(origin) >= modified_of(mark)
}

/// What there is on the packages of files: the reports, each with what is kept aside.
fn on_packages(base: &Snapshot, paths: &BTreeSet<TreePath>, prefix: &str) -> Vec<OnPackage> {
    let entries: Vec<_> = paths.iter().filter_map(|path| base.entry(path.as_str())).collect();
    let opened = base.map(&entries, |entry, bytes| open(entry, bytes.map_err(|error| error.reason)));
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut reports: BTreeMap<TreePath, (Package, Record)> = BTreeMap::new();
    // One that cannot be read cannot be told either; `validate` says what is wrong with it.
    for (entry, (package, record)) in entries.iter().zip(opened).filter_map(|(entry, read)| Some((entry, read.ok()?))) {
        let place = Place::of(&entry.path);
        let folder = place.map(|place| place.folder).or_else(|| remembered::folder(&entry.path));
        let Some(folder) = folder.map(str::to_owned) else { continue };
        let group = || Group::new(package.clone(), folder, Vec::new());
        groups.entry(moved::package(&package)).or_insert_with(group);
        if place.is_some() {
            reports.insert(entry.path.clone(), (package, record));
        }
    }
    let groups: Vec<Group> = groups.into_values().collect();
    let mut all = Vec::new();
    for (group, found) in groups.iter().zip(find(base, &groups, prefix)) {
        let Ok(mut found) = found else { continue };
        match &found.report {
            Some((path, ..)) => drop(reports.remove(path)),
            // What has no id yet is the report on its package, where it is the only one.
            None => {
                let is_on = |(_, (package, _)): &(&TreePath, &(Package, Record))| package.is_same_as(&group.package);
                let first = reports.iter().find(is_on).map(|(path, _)| path.clone());
                let report = first.and_then(|path| Some((path.clone(), reports.remove(&path)?)));
                found.report = report.map(|(path, (package, record))| (path, package, record));
            }
        }
        // What leads to another report speaks for itself no more.
        if found.report.as_ref().is_some_and(|(.., record)| leads_to(record).is_some()) {
            found.report = None;
        }
        all.push(OnPackage { found, package: group.package.clone() });
    }
    let rest = reports.into_iter().filter(|(_, (_, record))| leads_to(record).is_none());
    all.extend(rest.map(|(path, (package, record))| {
        let report = Some((path, package.clone(), record));
        OnPackage { found: Found { report, ..Found::default() }, package }
    }));
    all
}

/// Writes down in a report, or aside, what is known of its streams now.
fn told(one: OnPackage, marks: Vec<Origin>, now: Timestamp, meeting: &mut Meeting) -> Result<(), Fault> {
    let wrong = |error: database::InvalidDetails| fault_in_details(&error.to_string());
    let OnPackage { found: Found { report, mut remembered, .. }, package } = one;
    let (path, mut joining) = match report {
        Some((path, package, record)) => (path, Joining::found(package, record).map_err(wrong)?),
        None => match remembered.take() {
            Some((path, record)) => (path, Joining::found(package, record).map_err(wrong)?),
            None => return Ok(()),
        },
    };
    let gone = aside::unite(&mut joining, remembered)?;
    marks.into_iter().for_each(|mark| joining.add(mark));
    let (before, package) = (joining.affected_before(), joining.package.clone());
    let record = joining.finish(now).map_err(wrong)?;
    let mut was = vec![path.clone()];
    let mut to = path.clone();
    match record {
        Some(record) if Place::of(&path).is_some() => {
            let kind = place::kind_of_statements(&path, &record, before.as_ref(), package.ecosystem().base());
            to = place::put(&mut meeting.changes, &path, &record, &package, kind).map_err(fault_in_path)?;
        }
        Some(record) => meeting.changes.put_file(path, osv_schema::write::canonical(&record).into_bytes()),
        None => {}
    }
    if let Some(gone) = gone {
        meeting.changes.remove_file(gone.clone());
        was.push(gone);
    }
    meeting.was.insert(to, was);
    Ok(())
}
