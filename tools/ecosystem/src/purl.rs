//! Package URLs: from packages, to packages, and whether one says what the report beside it says.

mod syntax;

use std::borrow::Cow;

use thiserror::Error;

use crate::ecosystem::Ecosystem;
use crate::name::pep503;
use crate::package::Package;
use crate::spelling::lower;
use crate::table::{Folding, PurlRule, PurlShape, ROWS, Row, SuffixRule};
use syntax::Purl;

/// Why a text is no package URL of a known ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PurlError {
    /// It does not begin with `pkg:`.
    #[error("a package URL begins with `pkg:`")]
    NoScheme,
    /// There is nothing between `pkg:` and a slash.
    #[error("a package URL has a type and a name: pkg:type/name")]
    NoType,
    /// The type has letters that no type has.
    #[error("{0:?} is not the type of a package URL: letters, digits, dots and dashes, a letter first")]
    Type(String),
    /// There is no name.
    #[error("the package URL has no name")]
    NoName,
    /// A percent sign without two hexadecimal digits, or octets that are not UTF-8.
    #[error("{0:?} is not percent-encoded UTF-8; write a percent sign as %25")]
    Escape(String),
    /// A qualifier whose key is none, or is there twice.
    #[error("{0:?} is not a qualifier: key=value, a key once, of letters, digits, dots, dashes and underscores")]
    Qualifier(String),
    /// No ecosystem has packages of this type.
    #[error("no ecosystem of OSV has package URLs of type {kind:?}{}", of(.namespace))]
    UnknownType {
        /// The type.
        kind: String,
        /// The namespace, where a type is told apart by it.
        namespace: Option<String>,
    },
    /// The type is written with a namespace.
    #[error("a package URL of type {0} has a namespace before its name")]
    NamespaceMissing(&'static str),
    /// The type has no namespace.
    #[error("a package URL of type {0} has no namespace")]
    NamespaceUnexpected(&'static str),
    /// The qualifier `repository_url` cannot be the suffix of an ecosystem.
    #[error("{0:?} is not the URL of a registry")]
    Registry(String),
}

fn of(namespace: &Option<String>) -> String {
    namespace.as_ref().map_or_else(String::new, |namespace| format!(" and namespace {namespace:?}"))
}

/// What a package URL in a report says differently from the package beside it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PurlMismatch {
    /// It cannot be read.
    #[error("the purl cannot be read: {0}")]
    Unreadable(#[from] PurlError),
    /// It means a package of another ecosystem.
    #[error("the purl is of {}, the package of {expected}", found.unwrap_or("an ecosystem that OSV does not know"))]
    Ecosystem {
        /// The purl's ecosystem, where its type is one that an ecosystem has.
        found: Option<&'static str>,
        /// The package's ecosystem.
        expected: &'static str,
    },
    /// It means a package of another name.
    #[error("the purl is of {found:?}, the package is {expected:?}")]
    Name {
        /// The purl's name.
        found: String,
        /// The package's name.
        expected: String,
    },
}

impl Package {
    /// The canonical package URL, without version, if there is one.
    ///
    /// There is none where the purl specification knows no type for the ecosystem, or where the type's normalization
    /// loses the name: mixed case in Go, an underscore in `PyPI` (purl specification, type definitions).
    pub fn purl(&self) -> Option<String> {
        self.written_purl(None, true)
    }

    /// As [`purl`](Self::purl), of this version.
    pub fn purl_with_version(&self, version: &str) -> Option<String> {
        self.written_purl(Some(version), true)
    }

    /// The package URL that keeps the letters of a name that the type's normalization would change, as osv.dev and the
    /// scanners that ask it spell mixed-case Go modules. Equal to [`purl`](Self::purl) where there is one.
    pub fn purl_as_written(&self) -> Option<String> {
        self.written_purl(None, false)
    }

    /// As [`purl_as_written`](Self::purl_as_written), of this version.
    pub fn purl_as_written_with_version(&self, version: &str) -> Option<String> {
        self.written_purl(Some(version), false)
    }

    fn written_purl(&self, version: Option<&str>, canonical: bool) -> Option<String> {
        let rule = self.ecosystem().row().purls.iter().find(|rule| rule.written)?;
        if canonical && fold(rule.folding, self.name()) != self.name() {
            return None;
        }
        let (namespace, name) = match rule.shape {
            PurlShape::Name => (None, self.name()),
            PurlShape::Distribution(distribution) => (Some(distribution), self.name()),
            PurlShape::Path => match self.name().rsplit_once('/') {
                Some((namespace, name)) => (Some(namespace), name),
                None => (None, self.name()),
            },
            PurlShape::LongPath => self.name().rsplit_once('/').map(|(namespace, name)| (Some(namespace), name))?,
            PurlShape::Joined(separator) => {
                self.name().split_once(separator).map(|(namespace, name)| (Some(namespace), name))?
            }
        };
        let repository_url = match self.ecosystem().suffix_rule() {
            SuffixRule::Registry if self.ecosystem().check_suffix().is_err() => return None,
            SuffixRule::Registry => self.ecosystem().suffix().map(str::to_owned),
            _ => None,
        };
        let purl = Purl {
            kind: rule.kind.to_owned(),
            namespace: namespace.map(|text| text.split('/').map(str::to_owned).collect()).unwrap_or_default(),
            name: name.to_owned(),
            version: version.filter(|version| !version.is_empty()).map(str::to_owned),
            repository_url,
        };
        let text = purl.format();
        // Names with empty or odd parts have no purl: what we write has to be read as what it was.
        let (kind, reread) = read(&Purl::parse(&text).ok()?).ok()?;
        (kind.name == self.ecosystem().base() && reread == self.name()).then_some(text)
    }

    /// The package that a package URL means, and the version it names.
    ///
    /// Letter case is kept as it stands, but for the types whose registries do not know it. The qualifier
    /// `repository_url` becomes the suffix of an ecosystem whose suffixes are registries; other qualifiers, and a
    /// subpath, do not say which package is meant.
    ///
    /// # Errors
    /// When the text is no package URL, or no ecosystem has its type.
    pub fn from_purl(purl: &str) -> Result<(Self, Option<String>), PurlError> {
        let purl = Purl::parse(purl)?;
        let (row, name) = read(&purl)?;
        let ecosystem = match &purl.repository_url {
            Some(url) if row.suffix == SuffixRule::Registry => with_registry(row, url)?,
            _ => Ecosystem::from_row(row),
        };
        let rule = rule(row, &purl);
        let name = match rule.map_or(Folding::Keep, |rule| rule.folding) {
            // The specification lowers Go modules too, and says beside it that case counts; to Go it does.
            _ if rule.is_some_and(|rule| rule.kind == "golang") => name,
            folding => fold(folding, &name).into_owned(),
        };
        Ok((Self::new(ecosystem, name), purl.version))
    }
}

/// Whether a package URL in a report means the package beside it; version, qualifiers, subpath and the ecosystem's
/// suffix aside.
///
/// Names are compared as the type's normalization leaves them, so that a mixed-case Go module or a name of `PyPI` with
/// an underscore can carry the only purl that it has.
///
/// # Errors
/// When the purl cannot be read, or means another package.
pub fn purl_matches(purl: &str, package: &Package) -> Result<(), PurlMismatch> {
    let purl = Purl::parse(purl)?;
    let expected = package.ecosystem().base();
    let (row, found) = match read(&purl) {
        Ok((row, _)) if row.name != expected => {
            return Err(PurlMismatch::Ecosystem { found: Some(row.name), expected });
        }
        Err(PurlError::UnknownType { .. }) => return Err(PurlMismatch::Ecosystem { found: None, expected }),
        read => read?,
    };
    let folding = rule(row, &purl).map_or(Folding::Keep, |rule| rule.folding);
    let comparable = |name: &str| match folding {
        Folding::PyPi => pep503(name).into_owned(),
        folding => fold(folding, name).into_owned(),
    };
    if comparable(&found) == comparable(package.name()) {
        Ok(())
    } else {
        Err(PurlMismatch::Name { found, expected: package.name().to_owned() })
    }
}

/// The rule of an ecosystem that reads this purl.
fn rule(row: &'static Row, purl: &Purl) -> Option<&'static PurlRule> {
    row.purls.iter().find(|rule| rule.kind == purl.kind)
}

/// The ecosystem and the OSV name that a purl's type, namespace and name mean.
fn read(purl: &Purl) -> Result<(&'static Row, String), PurlError> {
    let rules = || ROWS.iter().flat_map(|row| row.purls.iter().map(move |rule| (row, rule)));
    let namespace = purl.namespace.join("/");
    let (row, rule) = rules()
        .filter(|(_, rule)| rule.kind == purl.kind)
        .find(|(_, rule)| match rule.shape {
            PurlShape::Distribution(distribution) => distribution == lower(&namespace),
            _ => true,
        })
        .ok_or_else(|| PurlError::UnknownType {
            kind: purl.kind.clone(),
            namespace: rules().any(|(_, rule)| rule.kind == purl.kind).then(|| namespace.clone()),
        })?;
    let name = match (rule.shape, &*namespace) {
        (PurlShape::Name, "") | (PurlShape::Distribution(_), _) | (PurlShape::Path, "") => purl.name.clone(),
        // Go's own modules, such as `stdlib`, have one part only.
        (PurlShape::LongPath, "") if rule.kind == "golang" => purl.name.clone(),
        (PurlShape::Name, _) => return Err(PurlError::NamespaceUnexpected(rule.kind)),
        (PurlShape::LongPath | PurlShape::Joined(_), "") => return Err(PurlError::NamespaceMissing(rule.kind)),
        (PurlShape::Path | PurlShape::LongPath, namespace) => format!("{namespace}/{}", purl.name),
        (PurlShape::Joined(separator), namespace) => format!("{namespace}{separator}{}", purl.name),
    };
    Ok((row, name))
}

/// A name as the definition of its purl's type normalizes it.
fn fold(folding: Folding, name: &str) -> Cow<'_, str> {
    match folding {
        Folding::Keep => Cow::Borrowed(name),
        Folding::Lower => lower(name),
        Folding::PyPi => match lower(name) {
            name if name.contains('_') => Cow::Owned(name.replace('_', "-")),
            name => name,
        },
        Folding::Pub => {
            let fits = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
            Cow::Owned(lower(name).chars().map(|one| if fits(one) { one } else { '_' }).collect())
        }
    }
}

/// The ecosystem of a registry that a purl names.
fn with_registry(row: &'static Row, url: &str) -> Result<Ecosystem, PurlError> {
    let url = url.trim_end_matches('/');
    let (scheme, place) = url.split_once("://").unwrap_or(("https", url));
    let known = row.default_registries.iter().any(|default| default.eq_ignore_ascii_case(place));
    if known && (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http")) {
        return Ok(Ecosystem::from_row(row));
    }
    let suffixed = format!("{}:{}://{place}", row.name, scheme.to_ascii_lowercase());
    Ecosystem::parse(&suffixed)
        .ok()
        .filter(|ecosystem| !place.is_empty() && ecosystem.check_suffix().is_ok())
        .ok_or_else(|| PurlError::Registry(url.to_owned()))
}
