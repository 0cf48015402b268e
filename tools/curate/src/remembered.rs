//! What sources took back from the start: kept aside, without an id, until something live on the package comes.

use std::collections::{BTreeMap, BTreeSet};

use database::{Entry, Report, Snapshot, TreePath};

use crate::moved::Name;

const FOLDER: &str = "osv/remembered";
const FILE: &str = "remembered.json";

/// The file in which what is known of a package is kept aside, by the folder of its reports.
pub(crate) fn path(folder: &str) -> String {
    format!("{FOLDER}/{folder}/{FILE}")
}

/// Whether such a file could be in the way of the folder of a package, or the folder in its way.
pub(crate) fn is_in_the_way(folder: &str) -> bool {
    folder.split('/').any(|part| part.eq_ignore_ascii_case(FILE))
}

/// The folder of the reports on the package of which such a file knows.
pub(crate) fn folder(path: &TreePath) -> Option<&str> {
    path.as_str().strip_prefix(FOLDER)?.strip_prefix('/')?.strip_suffix(FILE)?.strip_suffix('/')
}

/// Which of these files have deliveries of which streams, of those that are wanted. There are few of them, and no index
/// knows what is in them.
pub(crate) fn holders(base: &Snapshot, is_wanted: impl Fn(&Name) -> bool + Sync) -> BTreeMap<Name, BTreeSet<TreePath>> {
    let entries: Vec<&Entry> = base.below(FOLDER).map(|(entry, _)| entry).collect();
    let found = base.map(&entries, |entry, bytes| -> BTreeSet<Name> {
        // One that cannot be read is told where something joins it.
        let record = bytes.ok().and_then(|bytes| Report::read(&entry.path, bytes).record);
        let origins = record.map(|record| record.origins()).unwrap_or_default();
        let names = origins.iter().filter_map(|o| Some((o.source.as_str()?.to_owned(), o.id.as_str()?.to_owned())));
        names.filter(&is_wanted).collect()
    });
    let mut holders: BTreeMap<Name, BTreeSet<TreePath>> = BTreeMap::new();
    for (entry, names) in entries.into_iter().zip(found) {
        for name in names {
            holders.entry(name).or_default().insert(entry.path.clone());
        }
    }
    holders
}
