//! The packages of each report of an ecosystem, found without a copy of them.

use crate::collect::Item;
use crate::material::Material;
use crate::rows::{Extent, Row};

/// The rows of one ecosystem by report.
pub(crate) struct ByItem {
    /// Places among the rows, by their report, and for one report in the order of the rows.
    order: Vec<u32>,
}

impl ByItem {
    pub(crate) fn new(material: &Material<'_>) -> ByItem {
        let count = u32::try_from(material.rows.len()).unwrap_or(u32::MAX);
        let mut order: Vec<u32> = (0..count).collect();
        order.sort_by_key(|&at| material.rows[at as usize].item);
        ByItem { order }
    }

    /// What a report says of packages, in whatever ecosystem.
    pub(crate) fn all<'m>(&'m self, material: &'m Material<'_>, item: usize) -> impl Iterator<Item = &'m Row> {
        let row = move |at: &u32| &material.rows[*at as usize];
        let from = self.order.partition_point(|at| row(at).item < item);
        self.order[from..].iter().map(row).take_while(move |row| row.item == item)
    }

    /// What a report says of packages of one ecosystem.
    pub(crate) fn of<'m>(
        &'m self,
        material: &'m Material<'_>,
        item: usize,
        folder: &'m str,
    ) -> impl Iterator<Item = &'m Row> {
        // Reports on repositories are in the folder `GIT`, whatever spelling the report has.
        self.all(material, item).filter(move |row| row.folder.eq_ignore_ascii_case(folder))
    }
}

/// The reports of an ecosystem that are told of, each with its place among all.
pub(crate) fn reports<'m>(material: &'m Material<'_>, folder: &'m str) -> impl Iterator<Item = (usize, &'m Item<'m>)> {
    let all = material.items.iter().enumerate();
    all.filter(move |(_, item)| !item.facts.told().is_test && item.facts.folders.contains(folder))
}

/// The ecosystems that have reports which are told of, by name.
pub(crate) fn ecosystems(material: &Material<'_>) -> Vec<&'static str> {
    let told = material.items.iter().filter(|item| !item.facts.told().is_test);
    let mut folders: Vec<&str> = told.flat_map(|item| item.facts.folders.iter()).collect();
    folders.sort_unstable();
    folders.dedup();
    // What names no ecosystem says nothing that anybody could look for.
    folders.retain(|folder| *folder != crate::folders::EMPTY);
    folders
}

impl Row {
    /// The package URL without a version.
    pub(crate) fn purl(&self) -> Option<String> {
        self.package()?.purl_as_written()
    }

    /// The versions that are listed; none where every version is meant.
    pub(crate) fn versions(&self) -> &[Box<str>] {
        match &self.extent {
            Extent::Every => &[],
            Extent::These { versions, .. } => versions,
        }
    }

    /// What is meant beside listed versions, as `vers:`.
    pub(crate) fn ranges(&self) -> Vec<String> {
        match &self.extent {
            Extent::Every => self.package().map(|package| every(&package)).into_iter().collect(),
            Extent::These { ranges, .. } => ranges.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Every version of a package, as `vers:`.
fn every(package: &ecosystem::Package) -> String {
    let ecosystem = package.ecosystem();
    let scheme = ecosystem.purl_types().next().map_or_else(|| ecosystem.base().to_lowercase(), str::to_owned);
    format!("vers:{scheme}/*")
}
