//! The reports in which two trees differ, and what is kept aside of packages: what each said before, and says after.

use std::collections::BTreeMap;

use database::{Content, Entry, Place, Report, TreeId, TreePath};
use osv_schema::Record;
use store::Store;

use crate::failure::Failure;

/// One of them, by where it lies after.
pub(crate) struct Differing {
    pub(crate) path: TreePath,
    pub(crate) before: Option<Record>,
    pub(crate) after: Record,
}

/// All that are there after, and those that are gone. What cannot be understood says nothing.
pub(crate) fn differing(
    store: &Store,
    before: TreeId,
    after: TreeId,
) -> Result<(Vec<Differing>, Vec<Record>), Failure> {
    let differences = store.difference(before, after)?;
    let entry =
        |path: &TreePath, content: &Option<Content>| Some(Entry { path: path.clone(), content: content.clone()? });
    let side = |entries: Vec<Entry>| -> Result<Vec<(TreePath, Record)>, Failure> {
        let is_wanted = |path: &TreePath| Place::of(path).is_some() || path.is_in("osv/remembered");
        let wanted: Vec<&Entry> = entries.iter().filter(|entry| is_wanted(&entry.path)).collect();
        let read =
            store.blobs()?.map(&wanted, |entry, bytes| bytes.map(|bytes| Report::read(&entry.path, bytes).record));
        let mut records = Vec::new();
        for (entry, read) in wanted.iter().zip(read) {
            records.extend(read?.map(|record| (entry.path.clone(), record)));
        }
        Ok(records)
    };
    let before = side(differences.iter().filter_map(|one| entry(&one.path, &one.before)).collect())?;
    let after = side(differences.iter().filter_map(|one| entry(&one.path, &one.after)).collect())?;
    // A report that moved is the same under its name.
    let name = |path: &TreePath| Place::of(path).map_or_else(|| path.to_string(), |place| place.stem.to_owned());
    let mut before: BTreeMap<String, Record> = before.into_iter().map(|(path, record)| (name(&path), record)).collect();
    let one = |(path, after): (TreePath, Record)| Differing { before: before.remove(&name(&path)), path, after };
    let differing = after.into_iter().map(one).collect();
    Ok((differing, before.into_values().collect()))
}
