//! The folders of a release: one for each ecosystem, named as osv.dev names them.

use std::collections::BTreeSet;

use ecosystem::{Ecosystem, UnknownEcosystem};
use osv_schema::Record;

/// The folder of records with ranges of commits. The schema has an ecosystem of that name too.
const GIT: &str = "GIT";

/// The folder of records that name no ecosystem at all. It is there only when there are such records.
pub(crate) const EMPTY: &str = "[EMPTY]";

/// The folders that every release has, with records or without: a scanner that finds no archive of an ecosystem stops
/// looking at the packages behind the first one of it.
pub(crate) fn always() -> impl Iterator<Item = &'static str> {
    Ecosystem::all().filter(|ecosystem| !ecosystem.is_git()).map(|ecosystem| ecosystem.base())
}

/// The folders that a record belongs to, sorted. All of a large database are in memory at once, and almost all have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Folders {
    One(&'static str),
    Many(Box<[&'static str]>),
}

impl Folders {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static str> {
        let all = match self {
            Folders::One(folder) => std::slice::from_ref(folder),
            Folders::Many(folders) => folders,
        };
        all.iter().copied()
    }

    pub(crate) fn contains(&self, folder: &str) -> bool {
        self.iter().any(|known| known == folder)
    }
}

impl From<Vec<&'static str>> for Folders {
    fn from(folders: Vec<&'static str>) -> Folders {
        match folders.as_slice() {
            [folder] => Folders::One(folder),
            _ => Folders::Many(folders.into()),
        }
    }
}

/// The folders that a record belongs to, sorted. A suffix of an ecosystem makes no folder of its own.
pub(crate) fn of(record: &Record) -> Result<Folders, UnknownEcosystem> {
    let mut folders = Vec::new();
    for affected in record.affected.items() {
        let ecosystem = affected.package.value().and_then(|package| package.ecosystem.as_str());
        if let Some(ecosystem) = ecosystem.filter(|ecosystem| !ecosystem.is_empty()) {
            folders.push(Ecosystem::parse(ecosystem)?.base());
        }
        if affected.ranges.items().iter().any(|range| range.kind.as_str() == Some("GIT")) {
            folders.push(GIT);
        }
    }
    if folders.is_empty() {
        folders.push(EMPTY);
    }
    folders.sort_unstable();
    folders.dedup();
    Ok(folders.into())
}

/// The folders that a release can have.
pub(crate) fn every() -> BTreeSet<&'static str> {
    [GIT, EMPTY].into_iter().chain(always()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ecosystem_of_the_schema_has_a_folder_and_git_has_one() {
        assert_eq!(always().count(), 49);
        assert!(always().any(|folder| folder == GIT));
        assert!(always().all(|folder| folder != EMPTY && !folder.contains(['/', ':', '\\'])));
    }
}
