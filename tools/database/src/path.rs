//! Paths in a tree, checked at the door: a path that exists cannot leave the tree.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The path of a file, from the root of its tree, with slashes. Every component is one that git would write. A clone
/// costs a reference count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TreePath(Arc<str>);

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
    /// What should be one name is a path.
    #[error("a name holds a slash")]
    Slash,
}

const LENGTH_MAX: usize = 4096;

impl TreePath {
    /// Checks a path.
    ///
    /// # Errors
    ///
    /// What no file system and no git tree would hold, or what would lead out of the tree.
    pub fn new(path: impl Into<Arc<str>>) -> Result<TreePath, InvalidPath> {
        let path = path.into();
        if path.len() > LENGTH_MAX {
            return Err(InvalidPath::Long);
        }
        path.split('/').try_for_each(check_part)?;
        Ok(TreePath(path))
    }

    /// The path of what is called `name` in this folder.
    ///
    /// # Errors
    ///
    /// The name is none of one file, or the path gets too long.
    pub fn join(&self, name: &str) -> Result<TreePath, InvalidPath> {
        if name.contains('/') {
            return Err(InvalidPath::Slash);
        }
        check_part(name)?;
        if self.0.len() + 1 + name.len() > LENGTH_MAX {
            return Err(InvalidPath::Long);
        }
        // Nearly all paths are short enough to be put together without asking for memory.
        let mut short = [0; 256];
        let length = self.0.len() + 1 + name.len();
        if let Some(room) = short.get_mut(..length) {
            let (folder, rest) = room.split_at_mut(self.0.len());
            folder.copy_from_slice(self.0.as_bytes());
            rest[0] = b'/';
            rest[1..].copy_from_slice(name.as_bytes());
            if let Ok(path) = std::str::from_utf8(room) {
                return Ok(TreePath(path.into()));
            }
        }
        Ok(TreePath(format!("{}/{name}", self.0).into()))
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
    fn a_folder_and_a_name_make_the_same_path() {
        let folder = TreePath::new("osv/malicious").unwrap();
        assert_eq!(folder.join("npm"), TreePath::new("osv/malicious/npm"));
        for (name, expected) in [
            ("", InvalidPath::Empty),
            ("..", InvalidPath::Dots),
            (".git", InvalidPath::Git),
            ("a/b", InvalidPath::Slash),
            ("a\0", InvalidPath::Nul),
            (&"x".repeat(256), InvalidPath::LongPart),
        ] {
            assert_eq!(folder.join(name), Err(expected), "{name}");
        }
        let deep = TreePath::new("x/".repeat(2040) + "x").unwrap();
        assert_eq!(deep.join(&"y".repeat(20)), Err(InvalidPath::Long));
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
