//! What a record is about: one package, or one git repository.

use ecosystem::{Ecosystem, Package, UnknownEcosystem};
use osv_schema::{Pointer, Record};

/// The package that a record is about, and where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The package; for a git repository the pseudo-ecosystem `Git` with the repository as the name.
    pub package: Package,
    /// The place of the name.
    pub pointer: Pointer,
}

/// Why a record is not about one package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// Nothing is affected.
    #[error("the record names no package and no repository")]
    None,
    /// More than one entry.
    #[error("the record has {0} entries in `affected`; a report is about one package")]
    Several(usize),
    /// The ecosystem is none that OSV knows.
    #[error("{source}")]
    Ecosystem {
        /// What is wrong with it.
        source: UnknownEcosystem,
    },
    /// The package has no name.
    #[error("the package has no name")]
    NoName,
}

impl SubjectError {
    /// The place of the fault.
    pub fn pointer(&self) -> Pointer {
        Pointer::from(match self {
            SubjectError::None => "",
            SubjectError::Several(_) => "/affected/1",
            SubjectError::Ecosystem { .. } => "/affected/0/package/ecosystem",
            SubjectError::NoName => "/affected/0/package",
        })
    }

    /// Whether the ecosystem is what is wrong.
    pub fn is_about_ecosystem(&self) -> bool {
        matches!(self, SubjectError::Ecosystem { .. })
    }

    /// What makes it right.
    pub fn remedy(&self) -> String {
        match self {
            SubjectError::None => "say in `affected` which package is meant, and which versions of it",
            SubjectError::Several(_) => "write one report a package",
            SubjectError::Ecosystem { .. } => "spell the ecosystem as the OSV schema does",
            SubjectError::NoName => "name the package as its registry spells it",
        }
        .to_owned()
    }
}

/// What a record is about.
///
/// # Errors
///
/// It is about nothing, about several packages, or about one in no known ecosystem.
pub fn subject(record: &Record) -> Result<Subject, SubjectError> {
    match record.affected.items() {
        [] => Err(SubjectError::None),
        [affected] => {
            let package = affected.package.value();
            let text = |name: Option<&str>| name.unwrap_or_default().to_owned();
            let ecosystem = text(package.and_then(|package| package.ecosystem.as_str()));
            let name = text(package.and_then(|package| package.name.as_str()));
            if ecosystem.is_empty() && name.is_empty() {
                return repository(record);
            }
            let ecosystem = Ecosystem::parse(&ecosystem).map_err(|source| SubjectError::Ecosystem { source })?;
            if name.is_empty() {
                return Err(SubjectError::NoName);
            }
            Ok(Subject { package: Package::new(ecosystem, name), pointer: "/affected/0/package/name".into() })
        }
        several => Err(SubjectError::Several(several.len())),
    }
}

/// Without a package the first range's repository is meant (upstream's reports on git repositories).
fn repository(record: &Record) -> Result<Subject, SubjectError> {
    let ranges = record.affected.items().first().map_or(&[][..], |affected| affected.ranges.items());
    let repo = ranges.first().and_then(|range| range.repo.as_str()).ok_or(SubjectError::None)?;
    let package = Package::new(Ecosystem::git(), repo);
    Ok(Subject { package, pointer: "/affected/0/ranges/0/repo".into() })
}
