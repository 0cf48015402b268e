//! What sources took back from the start: kept aside, without an id, until something live on the package comes.

use std::collections::{BTreeMap, BTreeSet};

use database::{Entry, Report, Snapshot, TreePath};
use ecosystem::Package;

use crate::moved::Name;
use crate::sha256_hex;

const FOLDER: &str = "osv/remembered";
const FILE: &str = "remembered";
const ENDING: &str = ".json";

/// So much of a hash tells names apart.
const HASH: usize = 12;

/// The file in which what is known of a package is kept aside, by the folder of its reports. Packages whose names differ in the
/// case of letters alone share a folder, and have a file each.
pub(crate) fn path(package: &Package, folder: &str) -> String {
    path_by(&package.merge_name(), folder)
}

fn path_by(name: &str, folder: &str) -> String {
    let is_folder = folder.split_once('/').is_some_and(|(_, rest)| rest == name);
    let of_name = if is_folder { String::new() } else { format!("-{}", &sha256_hex(name.as_bytes())[..HASH]) };
    format!("{FOLDER}/{folder}/{FILE}{of_name}{ENDING}")
}

/// Every file in which something may be known of a package: also where it was written before each had its own, and where
/// that was named by a spelling which made it another package.
pub(crate) fn paths(package: &Package, folder: &str) -> BTreeSet<String> {
    let spelled = path_by(&package.canonical_name(), folder);
    BTreeSet::from([path(package, folder), spelled, format!("{FOLDER}/{folder}/{FILE}{ENDING}")])
}

/// Whether such a file could be in the way of the folder of a package, or the folder in its way.
pub(crate) fn is_in_the_way(folder: &str) -> bool {
    folder.split('/').map(str::to_ascii_lowercase).any(|part| part.starts_with(FILE) && part.ends_with(ENDING))
}

/// The folder of the reports on the package of which such a file knows.
pub(crate) fn folder(path: &TreePath) -> Option<&str> {
    let (folder, file) = path.as_str().strip_prefix(FOLDER)?.strip_prefix('/')?.rsplit_once('/')?;
    (file.starts_with(FILE) && file.ends_with(ENDING)).then_some(folder)
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
