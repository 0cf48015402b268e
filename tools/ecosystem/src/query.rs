//! Packages as people write them: `npm/left-pad`, `npm/@scope/name@1.2.3`, or a package URL.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::ecosystem::{Ecosystem, UnknownEcosystem};
use crate::package::Package;
use crate::purl::PurlError;
use crate::repository::{Repository, RepositoryError};

/// A question about a package, or about one version of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageQuery {
    /// The package.
    pub package: Package,
    /// The version, to the letter; absent where all are meant.
    pub version: Option<String>,
}

/// Why a word is no package.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// There is no slash between an ecosystem and a name.
    #[error("{word:?} is no package: write ecosystem/name, ecosystem/name@version, or a purl")]
    NoEcosystem {
        /// The word.
        word: String,
    },
    /// The ecosystem is not known.
    #[error(transparent)]
    Ecosystem(#[from] UnknownEcosystem),
    /// A registry's URL before the slash, whose own slashes nobody can tell from the one before the name.
    #[error(
        "the suffix of an ecosystem has no place before a slash if it has slashes itself: write --ecosystem '{ecosystem}:<url>' NAME"
    )]
    SuffixWithSlashes {
        /// The ecosystem without its suffix.
        ecosystem: &'static str,
    },
    /// There is no name.
    #[error("{word:?} has no package name")]
    NoName {
        /// The word.
        word: String,
    },
    /// There is an `@` with nothing behind it.
    #[error("{word:?} has an `@` with no version behind it")]
    NoVersion {
        /// The word.
        word: String,
    },
    /// A package URL that cannot be read.
    #[error(transparent)]
    Purl(#[from] PurlError),
    /// A package URL where the ecosystem is said already.
    #[error("{word:?} is a purl and says its ecosystem itself; leave out one of the two")]
    PurlInEcosystem {
        /// The word.
        word: String,
    },
    /// A git remote that cannot be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

impl PackageQuery {
    /// Reads one word: an ecosystem, a slash and a name, or a package URL; with a version or without.
    ///
    /// # Errors
    /// When the ecosystem is not known or there is no name.
    pub fn parse(word: &str) -> Result<Self, QueryError> {
        if is_purl(word) {
            let (package, version) = Package::from_purl(word)?;
            return Ok(Self { package, version });
        }
        let (ecosystem, rest) =
            word.split_once('/').ok_or_else(|| QueryError::NoEcosystem { word: word.to_owned() })?;
        if ecosystem.is_empty() {
            return Err(QueryError::NoEcosystem { word: word.to_owned() });
        }
        if let Some((base, "http:" | "https:")) = ecosystem.split_once(':')
            && rest.starts_with('/')
        {
            let ecosystem = Ecosystem::from_user(base)?.base();
            return Err(QueryError::SuffixWithSlashes { ecosystem });
        }
        Self::of_name(Ecosystem::from_user(ecosystem)?, word, rest)
    }

    /// Reads a name, with a version or without, where the ecosystem is said separately.
    ///
    /// # Errors
    /// When there is no name, or the word is a package URL.
    pub fn in_ecosystem(ecosystem: Ecosystem, word: &str) -> Result<Self, QueryError> {
        if is_purl(word) {
            return Err(QueryError::PurlInEcosystem { word: word.to_owned() });
        }
        Self::of_name(ecosystem, word, word)
    }

    fn of_name(ecosystem: Ecosystem, word: &str, rest: &str) -> Result<Self, QueryError> {
        let (name, version) = match version_mark(&ecosystem, rest) {
            Some(at) => (&rest[..at], Some(&rest[at + 1..])),
            None => (rest, None),
        };
        if name.is_empty() {
            return Err(QueryError::NoName { word: word.to_owned() });
        }
        if version == Some("") {
            return Err(QueryError::NoVersion { word: word.to_owned() });
        }
        let package =
            if ecosystem.names_repositories() { repository(ecosystem, name)? } else { Package::new(ecosystem, name) };
        Ok(Self { package, version: version.map(str::to_owned) })
    }
}

fn is_purl(word: &str) -> bool {
    word.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("pkg:"))
}

/// Where the `@` before the version is.
///
/// The first one is, because versions may have more of them (`v1@rc`, the tag `@scope/name@1.0.0`), apart from what
/// cannot be: the one of an npm scope, and the one between user and host of a remote.
fn version_mark(ecosystem: &Ecosystem, rest: &str) -> Option<usize> {
    let from = if ecosystem.row().remote_names {
        match rest.find("://") {
            Some(at) => at + 3 + rest[at + 3..].find('/')?,
            None => rest.find(['/', ':'])?,
        }
    } else if rest.starts_with('@') {
        rest.find('/').unwrap_or(0)
    } else {
        0
    };
    rest[from..].find('@').map(|at| from + at)
}

/// A repository by its remote, or by its storage form (`github.com/owner/repo`).
fn repository(ecosystem: Ecosystem, name: &str) -> Result<Package, QueryError> {
    let storage = match (Repository::parse_storage(name), Repository::parse(name)) {
        (Ok(storage), _) => storage,
        (_, Ok(repository)) => repository.storage().to_owned(),
        (Err(fault), Err(RepositoryError::NoRemote(_))) | (_, Err(fault)) => return Err(fault.into()),
    };
    Ok(Package::of_storage(ecosystem, storage))
}

impl FromStr for PackageQuery {
    type Err = QueryError;

    /// As [`PackageQuery::parse`].
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::parse(word)
    }
}

impl fmt::Display for PackageQuery {
    /// `ecosystem/name` or `ecosystem/name@version`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.package.fmt(formatter)?;
        self.version.iter().try_for_each(|version| write!(formatter, "@{version}"))
    }
}
