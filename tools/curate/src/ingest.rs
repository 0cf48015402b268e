//! Ingest: what sources sent becomes a plan.

use std::collections::{BTreeMap, BTreeSet};

use database::{
    Base, Change, ChangeKind, ChangeSet, Entry, IDS_FILE, InvalidPath, Place, Plan, Rejected, Report, ReportId,
    Skipped, Snapshot, TreePath, subject,
};
use ecosystem::Package;
use osv_schema::{Pointer, Record, Timestamp, write};
use rayon::prelude::*;

use crate::delivery::content_sha256;
use crate::ids::{Ids, IdsError, Numbering};
use crate::join::{self, Joining};
use crate::{Delivery, remembered};

/// A delivery may be this far ahead of our clock, in seconds.
const AHEAD_SECONDS_MAX: i64 = 24 * 60 * 60;

/// What a source sent in one run, and how it is to be taken.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// Whether the source's own ids become aliases.
    pub takes_ids_as_aliases: bool,
    /// The prefix of our ids.
    pub prefix: String,
    /// The first number we give each year.
    pub first_number: u64,
}

/// What becomes of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ingested {
    /// It makes a new report.
    Created(TreePath),
    /// It adds to a report.
    Joined(TreePath),
    /// It takes back what its source said, and a report knows it now.
    Withdrawn(TreePath),
    /// A report knows it already.
    Unchanged(TreePath),
    /// It is left alone on purpose.
    Skipped,
    /// It cannot be taken.
    Rejected,
}

impl Ingested {
    /// The report that it changes.
    pub fn changed(&self) -> Option<&TreePath> {
        match self {
            Ingested::Created(path) | Ingested::Joined(path) | Ingested::Withdrawn(path) => Some(path),
            Ingested::Unchanged(_) | Ingested::Skipped | Ingested::Rejected => None,
        }
    }
}

/// Why nothing can be planned at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IngestError {
    /// The ids given so far are not known.
    #[error(transparent)]
    Ids(#[from] IdsError),
}

/// Plans what deliveries change. The second part says of each delivery, in the order of the batch, what becomes of it.
///
/// # Errors
///
/// The ids that were given before cannot be read.
pub fn ingest(base: &Snapshot, batch: &Batch, now: Timestamp) -> Result<(Plan, Vec<Ingested>), IngestError> {
    let numbering = Numbering { prefix: batch.prefix.clone(), first_number: batch.first_number };
    let mut ids = Ids::read(base, &numbering)?;
    let mut plan = Plan::default();
    let mut fates = vec![Ingested::Rejected; batch.deliveries.len()];
    let groups = grouped(batch, now, &mut plan);
    let found = find(base, &groups, &batch.prefix);
    // Ids are given one after the other, and the rest of the work is done side by side.
    let mut work: Vec<Work<'_>> = Vec::with_capacity(groups.len());
    for (group, found) in groups.iter().zip(found) {
        let started = found.and_then(|found| group.start(found, batch, &mut ids, now));
        match started {
            Ok(started) => work.push(started),
            Err(fault) => plan.rejected.extend(group.deliveries.iter().map(|&at| fault.of(&batch.deliveries[at]))),
        }
    }
    let done: Vec<Result<Done, Vec<Rejected>>> = work.into_par_iter().map(|work| work.finish(batch, now)).collect();
    let mut changes = ChangeSet::default();
    for done in done {
        match done {
            Ok(done) => {
                done.fates.into_iter().for_each(|(at, fate)| fates[at] = fate);
                plan.skipped.extend(done.skipped);
                done.edits.into_iter().for_each(|edit| edit.put(&mut changes));
            }
            Err(rejected) => plan.rejected.extend(rejected),
        }
    }
    if let (Some(file), Ok(path)) = (ids.to_file(), IDS_FILE.parse()) {
        changes.put_file(path, file.into_bytes());
    }
    plan.changes = changes;
    plan.rejected.sort_by(|a, b| (&a.source, &a.delivery).cmp(&(&b.source, &b.delivery)));
    plan.skipped.sort_by(|a, b| (&a.source, &a.delivery).cmp(&(&b.source, &b.delivery)));
    Ok((plan, fates))
}

/// A fault of a delivery, before it is known whose.
#[derive(Clone)]
pub(crate) struct Fault {
    pub(crate) rule: &'static str,
    pub(crate) pointer: Pointer,
    pub(crate) message: String,
    pub(crate) remedy: String,
}

impl Fault {
    /// The fault as that of a report of the tree.
    pub(crate) fn at(self, path: &TreePath) -> Rejected {
        Rejected {
            source: String::new(),
            delivery: path.to_string(),
            rule: self.rule,
            pointer: self.pointer.to_string(),
            message: self.message,
            remedy: self.remedy,
        }
    }

    fn of(&self, delivery: &Delivery) -> Rejected {
        Rejected {
            source: delivery.source.clone(),
            delivery: delivery.name.clone(),
            rule: self.rule,
            pointer: self.pointer.to_string(),
            message: self.message.clone(),
            remedy: self.remedy.clone(),
        }
    }
}

/// The deliveries on one package.
pub(crate) struct Group {
    pub(crate) package: Package,
    pub(crate) folder: String,
    /// Their numbers, the oldest statement first.
    pub(crate) deliveries: Vec<usize>,
}

/// The deliveries by the package that they are on. Those that are no statement about one are rejected.
fn grouped(batch: &Batch, now: Timestamp, plan: &mut Plan) -> Vec<Group> {
    let placed: Vec<Result<(Package, String), Fault>> =
        batch.deliveries.par_iter().map(|delivery| placed(delivery, now)).collect();
    let mut groups: Vec<Group> = Vec::new();
    let mut by_key: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut placed: Vec<Option<Result<(Package, String), Fault>>> = placed.into_iter().map(Some).collect();
    for at in in_order(&batch.deliveries) {
        match placed[at].take() {
            Some(Ok((package, folder))) => {
                let key = (package.ecosystem().as_str().to_owned(), package.merge_name().into_owned());
                let number = *by_key.entry(key).or_insert(groups.len());
                match groups.get_mut(number) {
                    Some(group) => group.deliveries.push(at),
                    None => groups.push(Group { package, folder, deliveries: vec![at] }),
                }
            }
            Some(Err(fault)) => plan.rejected.push(fault.of(&batch.deliveries[at])),
            None => {}
        }
    }
    groups
}

/// Oldest statements first, and a total order behind that: the order in which files came decides nothing.
fn in_order(deliveries: &[Delivery]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..deliveries.len()).collect();
    order.sort_by_cached_key(|&index| {
        let delivery = &deliveries[index];
        (delivery.record.modified_at(), delivery.sha256.clone(), delivery.name.clone())
    });
    order
}

/// The package that a delivery is on, and the folder of its reports.
fn placed(delivery: &Delivery, now: Timestamp) -> Result<(Package, String), Fault> {
    let about = subject(&delivery.record).map_err(|error| Fault {
        rule: if error.is_about_ecosystem() { "unknown-ecosystem" } else { "affected-not-single" },
        pointer: error.pointer(),
        message: error.to_string(),
        remedy: error.remedy(),
    })?;
    let folder = about.package.folder().map_err(|error| Fault {
        rule: if error.is_about_direction() { "text-direction-codepoint" } else { "path-mismatch" },
        pointer: about.pointer.clone(),
        message: error.to_string(),
        remedy: error.remedy().to_owned(),
    })?;
    check_time(delivery, now)?;
    check_statement(&delivery.record)?;
    Ok((about.package, folder.as_str().to_owned()))
}

fn check_time(delivery: &Delivery, now: Timestamp) -> Result<(), Fault> {
    match delivery.record.modified_at() {
        Some(modified) if modified.unix() - now.unix() <= AHEAD_SECONDS_MAX => Ok(()),
        Some(modified) => Err(Fault {
            rule: "modified-in-future",
            pointer: Pointer::from("/modified"),
            message: format!("{modified} is more than a day ahead of {now}"),
            remedy: "mend the clock at the source and send the record again".into(),
        }),
        None => Err(Fault {
            rule: "schema-violation",
            pointer: Pointer::from("/modified"),
            message: "the record does not say when it was modified".into(),
            remedy: "say it as OSV does, for example 2026-01-31T12:00:00Z".into(),
        }),
    }
}

/// What the database has on a package.
#[derive(Default)]
pub(crate) struct Found {
    /// The report, with its place: one that stands before one that was taken back, and then the first by path.
    pub(crate) report: Option<(TreePath, Package, Record)>,
    /// What was kept aside because its sources took it back from the start.
    pub(crate) remembered: Option<(TreePath, Record)>,
}

/// Looks for the reports on all packages at once.
pub(crate) fn find(base: &Snapshot, groups: &[Group], prefix: &str) -> Vec<Result<Found, Fault>> {
    let mut wanted: Vec<(usize, &Entry)> = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let folders = std::iter::once(group.folder.clone()).chain(old_folders(&group.package, &group.folder));
        for (folder, part) in folders.flat_map(|folder| Base::ALL.map(|part| (folder.clone(), part))) {
            for entry in base.in_folder(&format!("{}/{folder}", part.folder())) {
                let is_ours = Place::of(&entry.path).is_some_and(|place| !ReportId::is_unassigned(place.stem, prefix));
                if is_ours {
                    wanted.push((number, entry));
                }
            }
        }
        wanted.extend(base.entry(&remembered::path(&group.folder)).map(|entry| (number, entry)));
    }
    let entries: Vec<&Entry> = wanted.iter().map(|(_, entry)| *entry).collect();
    let read = base.map(&entries, |entry, bytes| open(entry, bytes.map_err(|error| error.reason)));
    let mut found: Vec<Result<Found, Fault>> = groups.iter().map(|_| Ok(Found::default())).collect();
    for ((number, entry), read) in wanted.into_iter().zip(read) {
        let Ok(found_so_far) = &mut found[number] else { continue };
        match read {
            Err(fault) if found_so_far.report.is_none() => found[number] = Err(fault),
            Err(_) => {}
            Ok((package, record)) if package.is_same_as(&groups[number].package) => {
                if Place::of(&entry.path).is_none() {
                    found_so_far.remembered = Some((entry.path.clone(), record));
                } else if found_so_far.report.is_none() {
                    found_so_far.report = Some((entry.path.clone(), package, record));
                }
            }
            Ok(_) => {}
        }
    }
    found
}

/// Opens the report in a file.
pub(crate) fn open(entry: &Entry, bytes: Result<&[u8], String>) -> Result<(Package, Record), Fault> {
    let unusable = |message: String| Fault {
        rule: "unreadable-report",
        pointer: Pointer::root(),
        message: format!("the report {} cannot be added to: {message}", entry.path),
        remedy: "mend that report (`malpkg validate` says how) and send the record again".into(),
    };
    let report = Report::read(&entry.path, bytes.map_err(unusable)?);
    let document = report.document.as_ref().map_err(|error| unusable(error.to_string()))?;
    if let Some(duplicate) = document.duplicates().next() {
        return Err(unusable(format!("the member `{}` stands twice", duplicate.name())));
    }
    let record = report.record.ok_or_else(|| unusable("it is no JSON object".into()))?;
    let about = subject(&record).map_err(|error| unusable(error.to_string()))?;
    if let Some(misfit) = record.misfit() {
        return Err(unusable(format!("{misfit} has a type that the OSV schema does not allow")));
    }
    Ok((about.package, record))
}

/// The deliveries on one package, and what they are joined to.
struct Work<'g> {
    group: &'g Group,
    joining: Joining,
    /// Where the report lies now; none of one that is new.
    path: Option<TreePath>,
    /// The new report's id; none where it exists, or where nothing on the package was ever live.
    id: Option<String>,
    /// What is not kept aside any more.
    remembered: Option<TreePath>,
    /// What it knows of the deliveries already, by source and hash.
    known: BTreeSet<(String, String)>,
}

impl Group {
    fn start(&self, found: Found, batch: &Batch, ids: &mut Ids, now: Timestamp) -> Result<Work<'_>, Fault> {
        let wrong = |error: database::InvalidDetails| fault_in_details(&error.to_string());
        let remembered = found.remembered.map(|(path, record)| (path, known_to(&record), record));
        if let Some((path, package, record)) = found.report {
            let known = known_to(&record);
            let joining = Joining::found(package, record).map_err(wrong)?;
            // A report and what is kept aside meet only where two branches met.
            return Ok(Work { group: self, joining, path: Some(path), id: None, remembered: None, known });
        }
        let deliveries = || self.deliveries.iter().map(|&at| &batch.deliveries[at]);
        let is_live = deliveries().any(|delivery| !delivery.record.is_withdrawn());
        let first = deliveries().next().map(|delivery| &delivery.record);
        if let (false, Some((_, known, record))) = (is_live, &remembered) {
            let (joining, known) =
                (Joining::found(self.package.clone(), record.clone()).map_err(wrong)?, known.clone());
            return Ok(Work { group: self, joining, path: None, id: None, remembered: None, known });
        }
        let mut record = join::empty(&self.package, first);
        let mut known = BTreeSet::new();
        let mut id = None;
        if is_live {
            let claimed = deliveries().map(|delivery| delivery.record.published_at().unwrap_or(now).min(now));
            let before = remembered.as_ref().and_then(|(_, _, record)| record.published_at());
            let year = claimed.chain(before).min().unwrap_or(now).year();
            let no_number = |error: IdsError| fault_in_ids(&error);
            let next = ids.next(year).map_err(no_number)?;
            // The number is kept only when the report can be: a refused delivery uses none up.
            Place { base: Base::Malicious, folder: &self.folder, stem: &next }.path().map_err(fault_in_path)?;
            ids.give(year, &self.folder).map_err(no_number)?;
            record.id = next.as_str().into();
            id = Some(next);
        }
        let mut joining = Joining::new(self.package.clone(), record);
        let mut path_of_remembered = None;
        if let Some((path, known_before, record)) = remembered {
            joining.unite(Joining::found(self.package.clone(), record).map_err(wrong)?);
            known = known_before;
            path_of_remembered = Some(path);
        }
        Ok(Work { group: self, joining, path: None, id, remembered: path_of_remembered, known })
    }
}

/// The deliveries that a report knows, by source and hash of the bytes or of the content.
fn known_to(record: &Record) -> BTreeSet<(String, String)> {
    let hashes = |origin: osv_schema::Origin| {
        let source = origin.source.as_str().unwrap_or_default().to_owned();
        let hashes = [origin.sha256, origin.content_sha256].map(|hash| hash.value().cloned());
        hashes.into_iter().flatten().map(move |hash| (source.clone(), hash)).collect::<Vec<_>>()
    };
    record.origins().into_iter().filter(|origin| origin.moved_to.is_absent()).flat_map(hashes).collect()
}

/// What one group came to.
struct Done {
    fates: Vec<(usize, Ingested)>,
    skipped: Vec<Skipped>,
    edits: Vec<Edited>,
}

/// A file as it is to be.
enum Edited {
    Report(Change, Vec<u8>),
    File(TreePath, Vec<u8>),
    Gone(TreePath),
}

impl Edited {
    fn put(self, changes: &mut ChangeSet) {
        match self {
            Edited::Report(change, bytes) => changes.put_report(change, bytes),
            Edited::File(path, bytes) => changes.put_file(path, bytes),
            Edited::Gone(path) => changes.remove_file(path),
        }
    }
}

impl Work<'_> {
    fn finish(mut self, batch: &Batch, now: Timestamp) -> Result<Done, Vec<Rejected>> {
        let rejected =
            |fault: &Fault| self.group.deliveries.iter().map(|&at| fault.of(&batch.deliveries[at])).collect::<Vec<_>>();
        let wrong = |error: database::InvalidDetails| rejected(&fault_in_details(&error.to_string()));
        let mut news: Vec<(usize, bool)> = Vec::new();
        for &at in &self.group.deliveries {
            let delivery = &batch.deliveries[at];
            let content = content_sha256(&delivery.record);
            let name = |hash: &str| (delivery.source.clone(), hash.to_owned());
            let is_known = self.known.contains(&name(&delivery.sha256)) || self.known.contains(&name(&content));
            self.joining.take(delivery, &content, batch.takes_ids_as_aliases, now);
            self.known.extend([name(&delivery.sha256), name(&content)]);
            news.push((at, !is_known));
        }
        let (package, was_withdrawn) = (self.joining.package.to_string(), self.path.as_ref().map(is_in_withdrawn));
        let finished = self.joining.finish(now).map_err(wrong)?;
        let mut edits = Vec::new();
        let Some(record) = finished else {
            let path = self.path.clone();
            let fate = |at: usize| (at, path.clone().map_or(Ingested::Skipped, Ingested::Unchanged));
            return Ok(Done { fates: news.into_iter().map(|(at, _)| fate(at)).collect(), skipped: Vec::new(), edits });
        };
        let bytes = write::canonical(&record).into_bytes();
        // Nothing on the package was ever live: what is known is kept aside.
        if self.path.is_none() && self.id.is_none() {
            let path =
                remembered::path(&self.group.folder).parse().map_err(|e: InvalidPath| rejected(&fault_in_path(e)))?;
            edits.push(Edited::File(path, bytes));
            let skipped = self.group.deliveries.iter().map(|&at| Skipped {
                source: batch.deliveries[at].source.clone(),
                delivery: batch.deliveries[at].name.clone(),
                reason: "its source took it back before there was a report on the package; it is remembered".to_owned(),
            });
            let fates = news.iter().map(|&(at, _)| (at, Ingested::Skipped)).collect();
            return Ok(Done { fates, skipped: skipped.collect(), edits });
        }
        let part = if record.is_withdrawn() { Base::Withdrawn } else { Base::Malicious };
        let old = self.path.as_ref().and_then(Place::of);
        let folder = old.map_or(self.group.folder.as_str(), |place| place.folder);
        let stem = self.id.as_deref().or(old.map(|place| place.stem)).unwrap_or_default();
        let path = Place { base: part, folder, stem }.path().map_err(|error| rejected(&fault_in_path(error)))?;
        let kind = match (was_withdrawn, record.is_withdrawn()) {
            (None, _) => ChangeKind::Create,
            (Some(false), true) => ChangeKind::Withdraw,
            (Some(true), false) => ChangeKind::Reinstate,
            (Some(_), _) => ChangeKind::Join,
        };
        let id = record.id.as_str().unwrap_or(stem).to_owned();
        edits.extend(self.remembered.map(Edited::Gone));
        edits.extend(self.path.clone().filter(|old| *old != path).map(Edited::Gone));
        edits.push(Edited::Report(Change { path: path.clone(), kind, id, package }, bytes));
        let mut is_made = kind != ChangeKind::Create;
        let fates = news.into_iter().map(|(at, is_new)| {
            let is_withdrawn = batch.deliveries[at].record.is_withdrawn();
            let fate = match (is_new, is_withdrawn) {
                (false, _) => Ingested::Unchanged(path.clone()),
                (true, true) => Ingested::Withdrawn(path.clone()),
                (true, false) if is_made => Ingested::Joined(path.clone()),
                (true, false) => {
                    is_made = true;
                    Ingested::Created(path.clone())
                }
            };
            (at, fate)
        });
        Ok(Done { fates: fates.collect(), skipped: Vec::new(), edits })
    }
}

fn is_in_withdrawn(path: &TreePath) -> bool {
    Place::of(path).is_some_and(|place| place.base == Base::Withdrawn)
}

/// A statement must name something: without a version and a range, readers take it for nothing or for everything.
fn check_statement(record: &Record) -> Result<(), Fault> {
    let says_something = record
        .affected
        .items()
        .first()
        .is_some_and(|affected| !affected.versions.items().is_empty() || !affected.ranges.items().is_empty());
    if says_something || record.is_withdrawn() {
        return Ok(());
    }
    Err(Fault {
        rule: "nothing-affected",
        pointer: Pointer::from("/affected/0"),
        message: "the record lists no version and no range".into(),
        remedy: "list the versions, or say with a range from `introduced: \"0\"` that all are malicious".into(),
    })
}

/// The folders in which the report may lie under an older name of its ecosystem.
pub(crate) fn old_folders(package: &Package, folder: &str) -> Vec<String> {
    let rest = folder.split_once('/').map_or("", |(_, rest)| rest);
    package.ecosystem().directory_aliases().iter().map(|old| format!("{old}/{rest}")).collect()
}

pub(crate) fn fault_in_details(message: &str) -> Fault {
    Fault {
        rule: "malformed-details",
        pointer: Pointer::from("/details"),
        message: format!("the report on this package cannot be added to: {message}"),
        remedy: "mend the details of that report and send the record again".into(),
    }
}

fn fault_in_ids(error: &IdsError) -> Fault {
    Fault {
        rule: "invalid-id",
        pointer: Pointer::root(),
        message: error.to_string(),
        remedy: "mend the file, and send the record again".into(),
    }
}

pub(crate) fn fault_in_path(error: InvalidPath) -> Fault {
    Fault {
        rule: "path-mismatch",
        pointer: Pointer::from("/affected/0/package/name"),
        message: error.to_string(),
        remedy: "check the name of the package".into(),
    }
}
