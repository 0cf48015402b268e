//! What the path of a report says: which base, which folder, which id.

use crate::{InvalidPath, TreePath};

/// The part of the database in which a report lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Base {
    /// Reports that stand.
    Malicious,
    /// Reports that were taken back.
    Withdrawn,
}

impl Base {
    /// Both bases.
    pub const ALL: [Base; 2] = [Base::Malicious, Base::Withdrawn];

    /// The folder, from the root of the tree.
    pub fn folder(self) -> &'static str {
        match self {
            Base::Malicious => "osv/malicious",
            Base::Withdrawn => "osv/withdrawn",
        }
    }
}

/// The folders below `osv` beside the bases: ours, and the one into which upstream puts what it could not merge.
const KNOWN_FOLDERS: [&str; 4] = ["cursors", "quarantine", "remembered", "unmergable"];

/// Where a report lies. Upstream's words: any file of a base is taken for a report, but for names that begin with a
/// dot and `README.md`; a report's name ends in `.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'p> {
    /// The base.
    pub base: Base,
    /// The folder below the base, for example `npm/@scope/name`.
    pub folder: &'p str,
    /// The file's name without `.json`.
    pub stem: &'p str,
}

impl<'p> Place<'p> {
    /// The place that a path names; none where it is not one of a report.
    pub fn of(path: &'p TreePath) -> Option<Place<'p>> {
        let (base, rest) = below_base(path)?;
        let rest = rest.strip_suffix(".json")?;
        let (folder, stem) = match memchr::memrchr(b'/', rest.as_bytes()) {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => ("", rest),
        };
        // A name that is nothing but the ending begins with a dot.
        let is_hidden = stem.is_empty() || stem.starts_with('.');
        (!is_hidden).then_some(Place { base, folder, stem })
    }

    /// Whether the path is a file that has no business where it lies: in a base and no report, or below `osv` in a
    /// folder that nobody knows, where a report would never be found.
    pub fn is_stray(path: &TreePath) -> bool {
        if Place::of(path).is_some() {
            return false;
        }
        let name = path.file_name();
        let is_free = name.starts_with('.') || name == "README.md";
        match path.as_str().strip_prefix("osv/") {
            Some(rest) if rest.contains('/') && below_base(path).is_none() => {
                !is_free && !KNOWN_FOLDERS.contains(&rest.split('/').next().unwrap_or_default())
            }
            Some(_) => below_base(path).is_some() && !is_free,
            None => false,
        }
    }

    /// The path of a report.
    ///
    /// # Errors
    ///
    /// A folder or stem that no path can hold.
    pub fn path(self) -> Result<TreePath, InvalidPath> {
        let slash = if self.folder.is_empty() { "" } else { "/" };
        TreePath::new(format!("{}/{}{slash}{}.json", self.base.folder(), self.folder, self.stem))
    }
}

fn below_base(path: &TreePath) -> Option<(Base, &str)> {
    Base::ALL.into_iter().find_map(|base| {
        let rest = path.as_str().strip_prefix(base.folder())?.strip_prefix('/')?;
        Some((base, rest))
    })
}

/// An id of ours: a prefix, a year and a number, as in `MAL-2026-17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportId<'i> {
    /// The prefix, for example `MAL`.
    pub prefix: &'i str,
    /// The year; zero in the name of an unassigned report.
    pub year: u16,
    /// The number.
    pub number: u64,
}

impl<'i> ReportId<'i> {
    /// Reads `[A-Z]+-[0-9]{4}-[0-9]+`; none for anything else, and for numbers beyond 64 bits.
    pub fn parse(id: &'i str) -> Option<ReportId<'i>> {
        let (prefix, rest) = id.split_once('-')?;
        let (year, number) = rest.split_once('-')?;
        let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_prefix = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_uppercase());
        if !is_prefix || year.len() != 4 || !is_digits(year) || !is_digits(number) {
            return None;
        }
        Some(ReportId { prefix, year: year.parse().ok()?, number: number.parse().ok()? })
    }

    /// Whether a file's stem is that of a report without an id: the prefix, `-0000-`, and anything.
    pub fn is_unassigned(stem: &str, prefix: &str) -> bool {
        stem.strip_prefix(prefix).is_some_and(|rest| rest.starts_with("-0000-"))
    }
}

impl std::fmt::Display for ReportId<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{:04}-{}", self.prefix, self.year, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<(Base, &str, &str)>, is_stray: bool) {
        let path = TreePath::new(path).unwrap();
        assert_eq!(Place::of(&path).map(|place| (place.base, place.folder, place.stem)), expected, "{path}");
        assert_eq!(Place::is_stray(&path), is_stray, "{path}");
        assert!(Place::of(&path).is_none_or(|place| place.path().as_ref() == Ok(&path)), "{path}");
    }

    #[test]
    fn a_path_names_a_place() {
        check("osv/malicious/npm/@a/b/MAL-2026-1.json", Some((Base::Malicious, "npm/@a/b", "MAL-2026-1")), false);
        check("osv/withdrawn/npm/a/MAL-2026-1.json", Some((Base::Withdrawn, "npm/a", "MAL-2026-1")), false);
        check("osv/malicious/npm/x.json/y.json", Some((Base::Malicious, "npm/x.json", "y")), false);
        check("osv/malicious/MAL-2026-1.json", Some((Base::Malicious, "", "MAL-2026-1")), false);
        check("osv/malicious/npm/README.md", None, false);
        check("osv/malicious/.id-allocator", None, false);
        check("osv/malicious/npm/.x.json", None, false);
        check("osv/malicious/npm/x/notes.txt", None, true);
        check("osv/malicious/npm/x/MAL-2026-1.JSON", None, true);
        check("osv/ids.json", None, false);
        check("osv/maliciousness/x.json", None, true);
        check("osv/malicious.json", None, false);
        check("osv/quarantine/feed/x.raw", None, false);
        check("config/x/y.json", None, false);
    }

    #[test]
    fn an_id_has_three_parts() {
        let parts = |id| ReportId::parse(id).map(|id| (id.prefix, id.year, id.number));
        assert_eq!(parts("MAL-2026-17"), Some(("MAL", 2026, 17)));
        for id in ["MAL-26-1", "mal-2026-1", "MAL-2026-", "MAL-2026-1a", "MAL2026-1", "-2026-1", "MAL-2026-1-2", ""] {
            assert_eq!(parts(id), None, "{id}");
        }
        assert!(ReportId::is_unassigned("MAL-0000-x", "MAL"));
        assert!(!ReportId::is_unassigned("MAL-2026-1", "MAL"));
        assert!(!ReportId::is_unassigned("MALX-0000-1", "MAL"));
    }
}
