//! Paths in a tree, checked at the door: a path that exists cannot leave the tree.

use std::borrow::Borrow;
use std::fmt;

/// The path of a file, from the root of its tree, with slashes. Every component is one that git would write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Box<str>);

/// Why a text is no path in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// The path, or a part of it, is empty.
    #[error("a part of the path is empty")]
    Empty,
    /// A part is `.` or `..`.
    #[error("a part of the path is `.` or `..`")]
    Dots,
    /// A part is `.git`, in any spelling of case.
    #[error("a part of the path is `.git`")]
    Git,
    /// A NUL byte.
    #[error("the path holds a NUL byte")]
    Nul,
    /// A part of more bytes than file systems take.
    #[error("a part of the path is longer than 255 bytes")]
    LongPart,
    /// A path of more bytes than file systems take.
    #[error("the path is longer than 4096 bytes")]
    Long,
}

impl TreePath {
    /// Checks a path.
    ///
    /// # Errors
    ///
    /// What no file system and no git tree would hold, or what would lead out of the tree.
    pub fn new(path: impl Into<Box<str>>) -> Result<TreePath, InvalidPath> {
        let path = path.into();
        if path.len() > 4096 {
            return Err(InvalidPath::Long);
        }
        path.split('/').try_for_each(check_part)?;
        Ok(TreePath(path))
    }

    /// The path with slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts from the root on.
    pub fn parts(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Everything before the last part; empty for a file at the root.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether the path is `folder` or lies in it.
    pub fn is_in(&self, folder: &str) -> bool {
        self.0.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

fn check_part(part: &str) -> Result<(), InvalidPath> {
    match part {
        "" => Err(InvalidPath::Empty),
        "." | ".." => Err(InvalidPath::Dots),
        _ if part.eq_ignore_ascii_case(".git") => Err(InvalidPath::Git),
        _ if part.contains('\0') => Err(InvalidPath::Nul),
        _ if part.len() > 255 => Err(InvalidPath::LongPart),
        _ => Ok(()),
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for TreePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for TreePath {
    type Err = InvalidPath;

    fn from_str(path: &str) -> Result<TreePath, InvalidPath> {
        TreePath::new(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Result<(), InvalidPath>) {
        assert_eq!(TreePath::new(path).map(|_| ()), expected, "{path}");
    }

    #[test]
    fn a_path_stays_in_its_tree() {
        check("osv/malicious/npm/x/MAL-2026-1.json", Ok(()));
        check("osv/malicious/npm/x.json/MAL-2026-1.json", Ok(()));
        check("a b/:c/\u{430}", Ok(()));
        check("..a/b..", Ok(()));
        check("", Err(InvalidPath::Empty));
        check("/etc/passwd", Err(InvalidPath::Empty));
        check("a//b", Err(InvalidPath::Empty));
        check("a/", Err(InvalidPath::Empty));
        check("a/../b", Err(InvalidPath::Dots));
        check("./a", Err(InvalidPath::Dots));
        check("a/.GIT/config", Err(InvalidPath::Git));
        check("a\0b", Err(InvalidPath::Nul));
        check(&"x".repeat(256), Err(InvalidPath::LongPart));
        check(&"x/".repeat(2049), Err(InvalidPath::Long));
    }

    #[test]
    fn folders_are_whole_parts() {
        let path = TreePath::new("osv/malicious/npm/x").unwrap();
        assert!(path.is_in("osv/malicious"));
        assert!(path.is_in("osv/malicious/npm/x"));
        assert!(!path.is_in("osv/mal"));
        assert_eq!((path.folder(), path.file_name()), ("osv/malicious/npm", "x"));
    }
}
