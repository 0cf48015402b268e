//! What a plan means to the reports that it changes, for people: so much of it as one reads.

use std::collections::BTreeMap;

use curate::Turn;
use database::{ChangeKind, ChangeSet, Edit, Place, Report, Snapshot, TreePath};
use osv_schema::Record;

use crate::turned::one;

/// Of so many reports it is shown what changes in them.
const REPORTS_MAX: usize = 25;

/// What the first changes of a plan mean, by the path of each report afterwards.
pub(super) fn meant(base: &Snapshot, changes: &ChangeSet) -> BTreeMap<TreePath, Vec<Turn>> {
    // Where reports lay that lie elsewhere afterwards.
    let gone = changes.edits().iter().filter(|(_, edit)| matches!(edit, Edit::Remove)).map(|(path, _)| path);
    let gone: BTreeMap<&str, &TreePath> = gone.filter_map(|path| Some((Place::of(path)?.stem, path))).collect();
    let mut meant = BTreeMap::new();
    for change in changes.changes().take(REPORTS_MAX) {
        let path = &change.path;
        let moved = || Place::of(path).and_then(|place| gone.get(place.stem).copied());
        // One that got another id is still in its folder.
        let named = || gone.values().copied().find(|was| was.folder() == path.folder());
        let was = base.entry(path.as_str()).map(|entry| &entry.path).or_else(moved);
        let was = was.or_else(|| (change.kind == ChangeKind::Move).then(named).flatten());
        // What cannot be read is told by the rules, and means nothing.
        let before = was.and_then(|was| Some((was.clone(), record(was, &base.read_path(was.as_str()).ok()??))));
        let after = match changes.get(path.as_str()) {
            Some(Edit::Put(bytes)) => Some((path.clone(), record(path, bytes))),
            Some(Edit::Remove) | None => None,
        };
        meant.insert(path.clone(), one(before, after).turns);
    }
    meant
}

fn record(path: &TreePath, bytes: &[u8]) -> Option<Record> {
    Report::read(path, bytes).record
}
