//! Reports that were taken back beside one that stands on their package: asked of what is known of the tree, or of all its
//! reports.

use std::collections::{BTreeMap, BTreeSet};

use database::{Base, Entry, Facts, IndexError, Key, KeyKind, Place, Report, Snapshot, TreePath};
use rules::{Known, Standing};

/// By the path of each report with an id that was taken back, those that stand on its package.
pub(crate) fn beside(
    snapshot: &Snapshot,
    known: Option<&Standing>,
    prefix: &str,
) -> BTreeMap<TreePath, BTreeSet<TreePath>> {
    let withdrawn: Vec<(Place<'_>, &Entry)> =
        snapshot.reports().filter(|(place, _)| place.base == Base::Withdrawn).collect();
    if withdrawn.is_empty() {
        return BTreeMap::new();
    }
    // An index that is damaged is as good as none: the reports tell.
    known.and_then(|known| asked(known, &withdrawn).ok()).unwrap_or_else(|| read(snapshot, prefix))
}

/// Whether a report has an id, and was not taken back.
pub(crate) fn stands(facts: &Facts) -> bool {
    facts.id.is_some() && !facts.is_withdrawn
}

fn asked(
    known: &Standing,
    withdrawn: &[(Place<'_>, &Entry)],
) -> Result<BTreeMap<TreePath, BTreeSet<TreePath>>, IndexError> {
    let mut beside = BTreeMap::new();
    for (place, entry) in withdrawn {
        let named = known.holders(&Key { kind: KeyKind::Id, word: place.stem.into() })?;
        let package = named.into_iter().find(|facts| facts.path == entry.path).and_then(|facts| facts.package);
        let Some(word) = package else { continue };
        let holders = known.holders(&Key { kind: KeyKind::Package, word })?;
        let paths = others(&entry.path, holders.into_iter().filter(stands).map(|facts| facts.path));
        if !paths.is_empty() {
            beside.insert(entry.path.clone(), paths);
        }
    }
    Ok(beside)
}

fn read(snapshot: &Snapshot, prefix: &str) -> BTreeMap<TreePath, BTreeSet<TreePath>> {
    let entries: Vec<&Entry> = snapshot.reports().map(|(_, entry)| entry).collect();
    // What cannot be read is beside nothing; `validate` says what is wrong with it.
    let facts = snapshot.map_each(&entries, |entry, bytes| {
        bytes.ok().and_then(|bytes| Facts::of_report(&Report::read(&entry.path, bytes), prefix))
    });
    let (mut standing, mut withdrawn): (BTreeMap<Box<str>, BTreeSet<TreePath>>, Vec<_>) = Default::default();
    for facts in facts.flatten().filter(|facts| facts.id.is_some()) {
        let is_standing = stands(&facts);
        match facts.package {
            Some(package) if is_standing => drop(standing.entry(package).or_default().insert(facts.path)),
            Some(package) => withdrawn.push((facts.path, package)),
            None => {}
        }
    }
    let beside = |(path, package): (TreePath, Box<str>)| {
        let paths = others(&path, standing.get(&package)?.iter().cloned());
        (!paths.is_empty()).then_some((path, paths))
    };
    withdrawn.into_iter().filter_map(beside).collect()
}

/// Those that are not the same report, which `malpkg merge` makes one where branches met.
fn others(path: &TreePath, standing: impl Iterator<Item = TreePath>) -> BTreeSet<TreePath> {
    standing.filter(|other| other.file_name() != path.file_name()).collect()
}
