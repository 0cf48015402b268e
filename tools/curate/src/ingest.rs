//! Ingest: what sources sent becomes a plan.

use std::collections::{BTreeMap, HashMap};

use database::{
    Base, Change, ChangeKind, ChangeSet, Entry, IDS_FILE, InvalidPath, Place, Plan, Rejected, Report, ReportId,
    Skipped, Snapshot, TreePath, subject,
};
use ecosystem::Package;
use osv_schema::{Pointer, Record, Timestamp, write};

use crate::delivery::content_sha256;
use crate::ids::{Ids, IdsError, Numbering};
use crate::{Delivery, join};

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
    /// A report knows it already.
    Unchanged(TreePath),
    /// It is left alone on purpose.
    Skipped,
    /// It cannot be taken.
    Rejected,
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
    let ids = Ids::read(base, &numbering)?;
    let mut run = Run { base, batch, now, ids, reports: BTreeMap::new(), paths: HashMap::new(), plan: Plan::default() };
    let mut fates = vec![Ingested::Rejected; batch.deliveries.len()];
    for index in in_order(&batch.deliveries) {
        let delivery = &batch.deliveries[index];
        fates[index] = match run.take(delivery) {
            Ok(fate) => fate,
            Err(fault) => {
                run.plan.rejected.push(fault.of(delivery));
                Ingested::Rejected
            }
        };
    }
    Ok((run.finish(), fates))
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

/// A fault of a delivery, before it is known whose.
struct Fault {
    rule: &'static str,
    pointer: Pointer,
    message: String,
    remedy: String,
}

impl Fault {
    fn of(self, delivery: &Delivery) -> Rejected {
        Rejected {
            source: delivery.source.clone(),
            delivery: delivery.name.clone(),
            rule: self.rule,
            pointer: self.pointer.to_string(),
            message: self.message,
            remedy: self.remedy,
        }
    }
}

/// A report that this run reads or makes.
struct Open {
    package: Package,
    record: Record,
    change: Option<Change>,
}

struct Run<'r> {
    base: &'r Snapshot,
    batch: &'r Batch,
    now: Timestamp,
    ids: Ids,
    /// The reports of this run, by path.
    reports: BTreeMap<TreePath, Open>,
    /// Where they are, by the package.
    paths: HashMap<String, TreePath>,
    plan: Plan,
}

impl Run<'_> {
    fn take(&mut self, delivery: &Delivery) -> Result<Ingested, Fault> {
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
        self.check_time(delivery)?;
        check_statement(&delivery.record)?;
        let known = self.find(&about.package, folder.as_str())?;
        if delivery.record.is_withdrawn() && known.is_none() {
            let reason = "its source took it back before we had a report on the package".to_owned();
            return Ok(self.skip(delivery, reason));
        }
        if delivery.record.is_withdrawn() {
            let reason = "its source took it back; withdraw the report if nobody else speaks for it".to_owned();
            return Ok(self.skip(delivery, reason));
        }
        match known {
            Some(path) => self.join(delivery, path),
            None => self.create(delivery, about.package, folder.as_str()),
        }
    }

    fn skip(&mut self, delivery: &Delivery, reason: String) -> Ingested {
        let (source, delivery) = (delivery.source.clone(), delivery.name.clone());
        self.plan.skipped.push(Skipped { source, delivery, reason });
        Ingested::Skipped
    }

    fn check_time(&self, delivery: &Delivery) -> Result<(), Fault> {
        match delivery.record.modified_at() {
            Some(modified) if modified.unix() - self.now.unix() <= AHEAD_SECONDS_MAX => Ok(()),
            Some(modified) => Err(Fault {
                rule: "modified-in-future",
                pointer: Pointer::from("/modified"),
                message: format!("{modified} is more than a day ahead of {}", self.now),
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

    /// The report on a package: one that stands before one that was taken back, and then the first by path.
    fn find(&mut self, package: &Package, folder: &str) -> Result<Option<TreePath>, Fault> {
        if let Some(path) = self.paths.get(&key_of(package)) {
            return Ok(Some(path.clone()));
        }
        let base = self.base;
        let folders = [folder.to_owned()].into_iter().chain(old_folders(package, folder));
        for folder in folders.collect::<Vec<_>>() {
            for part in Base::ALL {
                for entry in base.in_folder(&format!("{}/{folder}", part.folder())) {
                    let is_ours = Place::of(&entry.path)
                        .is_some_and(|place| !ReportId::is_unassigned(place.stem, &self.batch.prefix));
                    if is_ours && self.open(entry, package)? {
                        return Ok(Some(entry.path.clone()));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Opens the report in a file, and says whether it is on the package.
    fn open(&mut self, entry: &Entry, package: &Package) -> Result<bool, Fault> {
        let unusable = |message: String| Fault {
            rule: "unreadable-report",
            pointer: Pointer::root(),
            message: format!("the report {} cannot be added to: {message}", entry.path),
            remedy: "mend that report (`malpkg validate` says how) and send the record again".into(),
        };
        let bytes = self.base.read(entry).map_err(|error| unusable(error.reason))?;
        let report = Report::read(&entry.path, &bytes);
        let document = report.document.as_ref().map_err(|error| unusable(error.to_string()))?;
        if let Some(duplicate) = document.duplicates().next() {
            return Err(unusable(format!("the member `{}` stands twice", duplicate.name())));
        }
        let record = report.record.ok_or_else(|| unusable("it is no JSON object".into()))?;
        let about = subject(&record).map_err(|error| unusable(error.to_string()))?;
        if !about.package.is_same_as(package) {
            return Ok(false);
        }
        if let Some(misfit) = record.misfit() {
            return Err(unusable(format!("{misfit} has a type that the OSV schema does not allow")));
        }
        self.paths.insert(key_of(&about.package), entry.path.clone());
        self.reports.insert(entry.path.clone(), Open { package: about.package, record, change: None });
        Ok(true)
    }

    fn join(&mut self, delivery: &Delivery, path: TreePath) -> Result<Ingested, Fault> {
        let (aliases, now) = (self.batch.takes_ids_as_aliases, self.now);
        let Some(open) = self.reports.get_mut(&path) else {
            return Err(fault_in_details("it was not read"));
        };
        if join::is_known(&open.record, delivery, &content_sha256(&delivery.record)) {
            return Ok(Ingested::Unchanged(path));
        }
        join::join(&mut open.record, delivery, aliases, now).map_err(|error| fault_in_details(&error.to_string()))?;
        let id = open.record.id.as_str().unwrap_or_default().to_owned();
        let package = open.package.to_string();
        open.change.get_or_insert(Change { path: path.clone(), kind: ChangeKind::Join, id, package });
        Ok(Ingested::Joined(path))
    }

    fn create(&mut self, delivery: &Delivery, package: Package, folder: &str) -> Result<Ingested, Fault> {
        let published = delivery.record.published_at().unwrap_or(self.now).min(self.now);
        // The number is kept only when the report is: a refused delivery uses none up.
        let no_number = |error: IdsError| fault_in_ids(&error);
        let id = self.ids.next(published.year()).map_err(no_number)?;
        let path = Place { base: Base::Malicious, folder, stem: &id }.path().map_err(fault_in_path)?;
        let mut record = join::empty(&package, &id, delivery);
        join::join(&mut record, delivery, self.batch.takes_ids_as_aliases, self.now)
            .map_err(|error| fault_in_details(&error.to_string()))?;
        self.ids.give(published.year(), folder).map_err(no_number)?;
        let change = Change { path: path.clone(), kind: ChangeKind::Create, id, package: package.to_string() };
        self.paths.insert(key_of(&package), path.clone());
        self.reports.insert(path.clone(), Open { package, record, change: Some(change) });
        Ok(Ingested::Created(path))
    }

    fn finish(mut self) -> Plan {
        let mut changes = ChangeSet::default();
        for mut open in self.reports.into_values() {
            if let Some(change) = open.change {
                join::touch(&mut open.record, self.now);
                changes.put_report(change, write::canonical(&open.record).into_bytes());
            }
        }
        if let (Some(file), Ok(path)) = (self.ids.to_file(), IDS_FILE.parse()) {
            changes.put_file(path, file.into_bytes());
        }
        self.plan.changes = changes;
        self.plan.rejected.sort_by(|a, b| (&a.source, &a.delivery).cmp(&(&b.source, &b.delivery)));
        self.plan.skipped.sort_by(|a, b| (&a.source, &a.delivery).cmp(&(&b.source, &b.delivery)));
        self.plan
    }
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

/// What reports on one package have in common.
fn key_of(package: &Package) -> String {
    format!("{}/{}", package.ecosystem().as_str(), package.merge_name())
}

/// The folders in which the report may lie under an older name of its ecosystem.
pub(crate) fn old_folders(package: &Package, folder: &str) -> Vec<String> {
    let rest = folder.split_once('/').map_or("", |(_, rest)| rest);
    package.ecosystem().directory_aliases().iter().map(|old| format!("{old}/{rest}")).collect()
}

fn fault_in_details(message: &str) -> Fault {
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

fn fault_in_path(error: InvalidPath) -> Fault {
    Fault {
        rule: "path-mismatch",
        pointer: Pointer::from("/affected/0/package/name"),
        message: error.to_string(),
        remedy: "check the name of the package".into(),
    }
}
