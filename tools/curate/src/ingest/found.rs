//! What the database has on the packages of a run.

use database::{Base, Entry, Place, Report, ReportId, Snapshot, TreePath, subject};
use ecosystem::Package;
use osv_schema::{Pointer, Record};

use super::fault::Fault;
use super::group::Group;
use crate::{leads_to, remembered};

/// What the database has on a package.
#[derive(Default)]
pub(crate) struct Found {
    /// The report, with its place: one that stands before one that was taken back, and then the first by path.
    pub(crate) report: Option<(TreePath, Package, Record)>,
    /// What else stands on it or was taken back, until somebody makes one of them all.
    pub(crate) others: Vec<(TreePath, Package, Record)>,
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
        let aside = remembered::paths(&group.package, &group.folder);
        wanted.extend(aside.iter().filter_map(|path| base.entry(path)).map(|entry| (number, entry)));
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
                } else if found_so_far.report.as_ref().is_none_or(|(.., record)| leads_to(record).is_some()) {
                    found_so_far.report = Some((entry.path.clone(), package, record));
                } else if leads_to(&record).is_none() {
                    found_so_far.others.push((entry.path.clone(), package, record));
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

/// The folders in which the report may lie under an older name of its ecosystem.
pub(crate) fn old_folders(package: &Package, folder: &str) -> Vec<String> {
    let rest = folder.split_once('/').map_or("", |(_, rest)| rest);
    package.ecosystem().directory_aliases().iter().map(|old| format!("{old}/{rest}")).collect()
}
