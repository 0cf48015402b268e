//! What a published record says of each package that it is about: the rows that lists are made of.

use database::TreePath;
use database::verdict::Statement;
use ecosystem::{Ecosystem, Package};
use osv_schema::additions::malpkg;
use osv_schema::{Affected, Record};

/// What one record says of one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The record, by its place among the items.
    pub item: usize,
    /// The ecosystem as the record names it, with a suffix where it has one.
    pub ecosystem: Box<str>,
    /// The ecosystem without its suffix: the folder of the release.
    pub folder: &'static str,
    /// The package's name as it is published.
    pub name: Box<str>,
    /// Which versions it means.
    pub extent: Extent,
    /// What it is: malware, hijack …; none where the report does not say.
    pub kind: Option<Box<str>>,
    /// How sure that is; none where the report does not say.
    pub confidence: Option<Box<str>>,
}

/// Which versions a row means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Every one there is and will be.
    Every,
    /// These; both lists empty means none.
    These {
        /// The ones that are listed.
        versions: Box<[Box<str>]>,
        /// Ranges, as the [version range specifier](https://github.com/package-url/vers-spec) writes them.
        ranges: Box<[Box<str>]>,
    },
}

impl Row {
    /// The rows of a published record, in the order of its packages. A part that names no package has none.
    pub(crate) fn each(path: &TreePath, record: &Record) -> Vec<Row> {
        let word = |member: &str| malpkg(record)?.get(member)?.as_str().map(Box::from);
        let (kind, confidence): (Option<Box<str>>, Option<Box<str>>) = (word("kind"), word("confidence"));
        // What is said beside it is of no use here, and would be copied for each package.
        let affected = Record { affected: record.affected.clone(), ..Record::default() };
        let statements = Statement::each(path, &affected).unwrap_or_default();
        let row = |said: &Statement| Row {
            item: 0,
            ecosystem: said.package.ecosystem().to_string().into(),
            folder: said.package.ecosystem().base(),
            name: said.package.name().into(),
            extent: Extent::of(said),
            kind: kind.clone(),
            confidence: confidence.clone(),
        };
        statements.iter().map(row).collect()
    }
}

impl Row {
    /// The package.
    pub(crate) fn package(&self) -> Option<Package> {
        Some(Package::new(Ecosystem::parse(&self.ecosystem).ok()?, &*self.name))
    }

    /// Whether a part of a record is on the package.
    pub(crate) fn is_on(&self, affected: &Affected) -> bool {
        affected.package.value().is_some_and(|package| {
            (package.ecosystem.as_str(), package.name.as_str()) == (Some(&*self.ecosystem), Some(&*self.name))
        })
    }
}

impl Extent {
    fn of(said: &Statement) -> Extent {
        if said.covers_all() {
            return Extent::Every;
        }
        Extent::These {
            versions: said.versions().iter().map(|version| version.as_str().into()).collect(),
            ranges: said.vers().into_iter().map(Into::into).collect(),
        }
    }
}
