//! Packages: a name in an ecosystem, its canonical form, and its folder.

use std::borrow::Cow;
use std::fmt;

use crate::ecosystem::Ecosystem;
use crate::folder::{PackageFolder, PlaceError};
use crate::name;
use crate::repository::Repository;
use crate::spelling::lower;

/// A package: a name as it is written, in an ecosystem.
///
/// Two values are equal when both are spelled alike. Whether they are one package is
/// [`is_same_as`](Self::is_same_as) for reports, and [`answers_to`](Self::answers_to) for questions about packages.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    ecosystem: Ecosystem,
    name: String,
}

impl Package {
    /// A package of this name. Any name is one; whether it has a place is for [`folder`](Self::folder) to say.
    ///
    /// Where names are git repositories, a remote is brought to its storage form (as [`Repository::storage`]), and what
    /// is no remote is kept as it is.
    pub fn new(ecosystem: Ecosystem, name: impl Into<String>) -> Self {
        let mut name = name.into();
        if ecosystem.names_repositories() {
            name = match Repository::parse(&name) {
                Ok(repository) => repository.storage().to_owned(),
                Err(_) => Repository::parse_storage(&name).unwrap_or(name),
            };
        }
        Self { ecosystem, name }
    }

    /// A package whose name needs no more care.
    pub(crate) fn of_storage(ecosystem: Ecosystem, storage: String) -> Self {
        Self { ecosystem, name: storage }
    }

    /// The package that stands for a git repository, in [`Ecosystem::git`].
    pub fn of_repository(repository: &Repository) -> Self {
        Self { ecosystem: Ecosystem::git(), name: repository.storage().to_owned() }
    }

    /// Its ecosystem.
    pub fn ecosystem(&self) -> &Ecosystem {
        &self.ecosystem
    }

    /// Its name as it is written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its canonical name. A suffix of the ecosystem changes nothing about it.
    pub fn canonical_name(&self) -> Cow<'_, str> {
        name::canonical(self.ecosystem.row().naming, &self.name)
    }

    /// The name by which packages are compared: of one ecosystem, those with an equal one are one. Reports on them belong
    /// together, and a question about one is answered by the report on the other.
    pub fn merge_name(&self) -> Cow<'_, str> {
        if self.merges_case() { lower_cow(self.canonical_name()) } else { self.canonical_name() }
    }

    /// Whether names that differ in letter case alone are one package, though their canonical form keeps the case.
    pub fn merges_case(&self) -> bool {
        self.ecosystem.row().merges_case
    }

    /// Whether reports on the two are on one package and belong together.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.ecosystem == other.ecosystem && self.merge_name() == other.merge_name()
    }

    /// Whether this package, the one of a report, is meant by a question about `asked`.
    ///
    /// As in osv.dev's API, a report with a suffix answers to the ecosystem without one too.
    pub fn answers_to(&self, asked: &Self) -> bool {
        self.ecosystem.base() == asked.ecosystem.base()
            && (asked.ecosystem.suffix().is_none() || asked.ecosystem.suffix() == self.ecosystem.suffix())
            && self.merge_name() == asked.merge_name()
    }

    /// The folder of its reports, below a base of the tree.
    ///
    /// # Errors
    /// When the name would lead elsewhere, cannot be shown as it is, or no file system takes it.
    pub fn folder(&self) -> Result<PackageFolder, PlaceError> {
        PackageFolder::new(&self.ecosystem.directory(), &self.canonical_name())
    }
}

fn lower_cow(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => lower(text),
        Cow::Owned(text) => Cow::Owned(lower(&text).into_owned()),
    }
}

impl fmt::Display for Package {
    /// `ecosystem/name`, as people write it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.ecosystem, self.name)
    }
}
