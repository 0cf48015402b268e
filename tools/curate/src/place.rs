//! Where a report goes that was changed: among those that stand, or among those that were taken back.

use database::{Base, Change, ChangeKind, ChangeSet, InvalidPath, Place, TreePath};
use ecosystem::Package;
use osv_schema::{Affected, Record, write};

use crate::ranges;

/// Puts a changed report where it belongs; the file that it had goes away where that is another place. Gives its path.
///
/// # Errors
///
/// No path can hold it.
pub(crate) fn put(
    changes: &mut ChangeSet,
    was: &TreePath,
    record: &Record,
    package: &Package,
    kind: ChangeKind,
) -> Result<TreePath, InvalidPath> {
    let (folder, stem) = Place::of(was).map_or(("", ""), |place| (place.folder, place.stem));
    let base = if record.is_withdrawn() { Base::Withdrawn } else { Base::Malicious };
    let path = Place { base, folder, stem }.path()?;
    if path != *was {
        changes.remove_file(was.clone());
    }
    let id = record.id.as_str().filter(|id| !id.is_empty()).unwrap_or(stem).to_owned();
    let change = Change { path: path.clone(), kind, id, package: package.to_string() };
    changes.put_report(change, write::canonical(record).into_bytes());
    Ok(path)
}

/// What a change means to a report that lay somewhere.
pub(crate) fn kind(was: &TreePath, record: &Record) -> ChangeKind {
    let was_withdrawn = Place::of(was).is_some_and(|place| place.base == Base::Withdrawn);
    match (was_withdrawn, record.is_withdrawn()) {
        (false, true) => ChangeKind::Withdraw,
        (true, false) => ChangeKind::Reinstate,
        _ => ChangeKind::Join,
    }
}

/// What a change means that sources made: what takes something away counts as that, whoever says so.
pub(crate) fn kind_of_statements(
    was: &TreePath,
    record: &Record,
    before: Option<&Affected>,
    ecosystem: &str,
) -> ChangeKind {
    let is_less = |before: &Affected| {
        record.affected.items().first().is_none_or(|after| ranges::is_less(before, after, ecosystem))
    };
    match kind(was, record) {
        ChangeKind::Join if !record.is_withdrawn() && before.is_some_and(is_less) => ChangeKind::Narrow,
        kind => kind,
    }
}
