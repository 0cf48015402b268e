//! Ecosystems: the names of the OSV schema, with or without a suffix.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::LazyLock;

use thiserror::Error;

use crate::spelling::dashed;
use crate::table::{self, Naming, ROWS, Row, SuffixRule};

/// A known ecosystem with its suffix, such as `npm`, `Debian:12` or `VSCode:https://open-vsx.org`.
#[derive(Clone)]
pub struct Ecosystem {
    row: &'static Row,
    /// Name, colon and suffix; absent where the name is all.
    suffixed: Option<Box<str>>,
}

/// A text that names no ecosystem.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnknownEcosystem {
    /// Nothing of this name is known.
    #[error("unknown ecosystem {text:?}{}", hint(*.nearest))]
    Unknown {
        /// The text as it was given, without suffix.
        text: String,
        /// The known name that is most like it.
        nearest: Option<&'static str>,
    },
    /// A purl type that several ecosystems share.
    #[error("{text:?} is the package format of {}; name one of them", .candidates.join(", "))]
    Ambiguous {
        /// The text as it was given, without suffix.
        text: String,
        /// The ecosystems that it may mean.
        candidates: Vec<&'static str>,
    },
    /// A colon with nothing behind it, or with a line break in what is behind it.
    #[error("the suffix of ecosystem {text:?} is empty or has a line break; leave out the colon or write one line")]
    Suffix {
        /// The text as it was given.
        text: String,
    },
}

fn hint(nearest: Option<&'static str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// A suffix that the prose of the OSV schema does not know for this ecosystem (section "Defined ecosystems"); the
/// schema itself allows any suffix anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SuffixError {
    /// The ecosystem has no suffixes.
    #[error("{0} has no suffixes; write the name alone")]
    Unexpected(&'static str),
    /// The release is missing.
    #[error("{0} needs a release behind a colon")]
    Missing(&'static str),
    /// The suffix has to be a registry's URL, without a slash at the end.
    #[error("the suffix of {0} is the https:// URL of a registry, without a slash at the end")]
    NoRegistry(&'static str),
}

impl Ecosystem {
    /// Reads a name as reports spell it: letter by letter that of the OSV schema, with or without a suffix.
    ///
    /// The pseudo-ecosystem of git repositories has no spelling in reports; see [`Ecosystem::git`].
    ///
    /// # Errors
    /// When the schema's pattern would refuse the text.
    pub fn parse(text: &str) -> Result<Self, UnknownEcosystem> {
        let base = text.split_once(':').map_or(text, |(base, _)| base);
        match table::find(base) {
            Some(row) if row.in_schema => Self::with_row(row, text),
            _ => Err(UnknownEcosystem::Unknown { text: base.to_owned(), nearest: nearest(base) }),
        }
    }

    /// Reads a name as people write it: without regard to letter case, spaces and punctuation, by purl type
    /// (`cargo`, `gem`, `golang`), or as the name of a directory in the tree (`crates-io`, `github-actions`).
    ///
    /// Every [`Ecosystem::as_str`] reads as what it was taken from.
    ///
    /// # Errors
    /// When nothing known is meant, or several ecosystems are.
    pub fn from_user(text: &str) -> Result<Self, UnknownEcosystem> {
        let base = text.split_once(':').map_or(text, |(base, _)| base);
        if let Some(row) = table::find(base) {
            return Self::with_row(row, text);
        }
        let key = key(base);
        // `Git` is last in the table and `GIT` is known by its exact spelling alone: people mean repositories.
        if let Some(row) = ROWS.iter().rev().find(|row| self::key(row.name) == key || row.nicknames.contains(&&*key)) {
            return Self::with_row(row, text);
        }
        let candidates: Vec<_> =
            ROWS.iter().filter(|row| row.purls.iter().any(|purl| self::key(purl.kind) == key)).collect();
        match candidates.as_slice() {
            [] => Err(UnknownEcosystem::Unknown { text: base.to_owned(), nearest: nearest(base) }),
            [row] => Self::with_row(row, text),
            rows => Err(UnknownEcosystem::Ambiguous {
                text: base.to_owned(),
                candidates: rows.iter().map(|row| row.name).collect(),
            }),
        }
    }

    /// The pseudo-ecosystem of reports on git repositories: those that name no package.
    pub fn git() -> Self {
        // The table ends with it, which a test holds.
        Self { row: &ROWS[ROWS.len() - 1], suffixed: None }
    }

    /// Every known ecosystem, without suffix, in the schema's order, and [`Ecosystem::git`] last.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| Self { row, suffixed: None })
    }

    pub(crate) fn from_row(row: &'static Row) -> Self {
        Self { row, suffixed: None }
    }

    /// The ecosystem of a row with whatever follows the first colon of `text`.
    fn with_row(row: &'static Row, text: &str) -> Result<Self, UnknownEcosystem> {
        let Some((_, suffix)) = text.split_once(':') else {
            return Ok(Self::from_row(row));
        };
        // What a `.` of the schema's pattern does not match.
        if suffix.is_empty() || suffix.contains(['\n', '\r', '\u{2028}', '\u{2029}']) {
            return Err(UnknownEcosystem::Suffix { text: text.to_owned() });
        }
        Ok(Self { row, suffixed: Some(format!("{}:{suffix}", row.name).into_boxed_str()) })
    }

    pub(crate) fn row(&self) -> &'static Row {
        self.row
    }

    /// The whole name, as reports spell it.
    pub fn as_str(&self) -> &str {
        self.suffixed.as_deref().unwrap_or(self.row.name)
    }

    /// The name without suffix.
    pub fn base(&self) -> &'static str {
        self.row.name
    }

    /// What follows the first colon.
    pub fn suffix(&self) -> Option<&str> {
        self.suffixed.as_deref().map(|text| &text[self.row.name.len() + 1..])
    }

    /// The same ecosystem without its suffix.
    #[must_use]
    pub fn without_suffix(&self) -> Self {
        Self::from_row(self.row)
    }

    /// Whether this is the pseudo-ecosystem of reports on git repositories.
    pub fn is_git(&self) -> bool {
        self.row.name == table::GIT
    }

    /// Whether names in it are git repositories: the pseudo-ecosystem, and the schema's `GIT`.
    pub fn names_repositories(&self) -> bool {
        self.row.naming == Naming::Repository
    }

    /// Whether upstream's repository takes reports on it.
    pub fn is_supported(&self) -> bool {
        self.row.supported
    }

    /// Whether it has packages that somebody could publish with malice; not so a kernel or a compiler.
    pub fn has_packages(&self) -> bool {
        self.row.has_packages
    }

    /// Whether it enforces SemVer, so that ranges of type SEMVER are allowed (OSV schema, `affected[].ranges[].type`).
    pub fn allows_semver(&self) -> bool {
        self.row.semver
    }

    /// The purl types that mean this ecosystem, the preferred one first.
    pub fn purl_types(&self) -> impl Iterator<Item = &'static str> {
        self.row.purls.iter().map(|purl| purl.kind)
    }

    /// What a suffix means here.
    pub fn suffix_rule(&self) -> SuffixRule {
        self.row.suffix
    }

    /// Whether the suffix is as the prose of the OSV schema wants it.
    ///
    /// # Errors
    /// When there is one too many, one is missing, or a registry is no URL.
    pub fn check_suffix(&self) -> Result<(), SuffixError> {
        let name = self.row.name;
        match (self.row.suffix, self.suffix()) {
            (SuffixRule::None, Some(_)) => Err(SuffixError::Unexpected(name)),
            (SuffixRule::Required, None) => Err(SuffixError::Missing(name)),
            (SuffixRule::Registry, Some(url))
                if url.ends_with('/') || !(url.starts_with("https://") || url.starts_with("http://")) =>
            {
                Err(SuffixError::NoRegistry(name))
            }
            _ => Ok(()),
        }
    }

    /// The directory of its reports in the tree, as upstream names it since 2026.
    pub fn directory(&self) -> String {
        let mut text = self.as_str();
        let shortened;
        if self.row.bare_registry
            && let Some(registry) = self.suffix().and_then(|suffix| suffix.strip_prefix("https://"))
        {
            shortened = format!("{}:{registry}", self.row.name);
            text = &shortened;
        }
        dashed(text, &[' ', '/', '_', '-'])
    }

    /// Other directories in which reports on it may lie: the one that upstream used until 2025, when dots became
    /// dashes too (`crates-io`).
    pub fn directory_aliases(&self) -> Vec<String> {
        let directory = self.directory();
        let old = dashed(&directory, &['.', '-']);
        if old == directory { Vec::new() } else { vec![old] }
    }
}

/// Today's spelling of a directory that upstream named differently until 2025: `crates.io` for `crates-io`.
pub fn current_directory(old: &str) -> Option<&'static str> {
    // Asked about each report of a database, so the few answers are found once.
    static RENAMED: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
        let renamed = |one: Ecosystem| one.directory_aliases().into_iter().map(move |old| (old, one.directory()));
        ROWS.iter().map(Ecosystem::from_row).flat_map(renamed).collect()
    });
    RENAMED.iter().find(|(renamed, _)| renamed == old).map(|(_, current)| current.as_str())
}

/// What is left of a name when case, spaces and punctuation do not count.
fn key(text: &str) -> String {
    text.chars().filter(|character| !matches!(character, ' ' | '-' | '_' | '.')).flat_map(char::to_lowercase).collect()
}

/// The known name or purl type that is most like the text, if one is.
fn nearest(text: &str) -> Option<&'static str> {
    let text = key(text);
    // Longer than any name that is known: another word, and not worth the time.
    if text.len() > 64 {
        return None;
    }
    let spellings = ROWS.iter().filter(|row| row.in_schema).flat_map(|row| {
        std::iter::once(row.name)
            .chain(row.purls.iter().map(|purl| purl.kind))
            .chain(row.nicknames.iter().copied())
            .map(move |spelling| (row.name, spelling))
    });
    spellings
        .map(|(name, spelling)| (strsim::damerau_levenshtein(&text, &key(spelling)), name))
        .min_by_key(|(distance, _)| *distance)
        // More slips than a third of the word is another word.
        .filter(|(distance, _)| *distance <= text.chars().count().div_ceil(3))
        .map(|(_, name)| name)
}

impl FromStr for Ecosystem {
    type Err = UnknownEcosystem;

    /// As [`Ecosystem::parse`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Debug for Ecosystem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Ecosystem({:?})", self.as_str())
    }
}

impl PartialEq for Ecosystem {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Ecosystem {}

impl PartialOrd for Ecosystem {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ecosystem {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Ecosystem {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}
