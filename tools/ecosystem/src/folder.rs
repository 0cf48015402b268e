//! Folders of packages: a checked list of path components that every git can hold.

use std::fmt;

use thiserror::Error;

use crate::spelling::lower;

/// The most parts that a package's name may have: Go modules and repositories have a handful.
const MAX_PARTS: usize = 64;

/// The longest component that common file systems take.
pub const MAX_COMPONENT_BYTES: usize = 255;

/// The longest path that Linux takes.
pub const MAX_PATH_BYTES: usize = 4096;

/// What a folder's path is preceded and followed by at the most: `osv/withdrawn/`, a slash and a file name.
const ROOM: usize = "osv/withdrawn/".len() + 1 + MAX_COMPONENT_BYTES;

/// The folder of a package below one of the bases of the tree: the ecosystem's directory, then the package's path.
///
/// It has two components or more. None is empty, `.`, `..`, or a name that git keeps for itself; none has a slash,
/// a back-slash, a control character or a mark that changes the direction of text. So neither joining them nor showing
/// them can lead elsewhere than it seems to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageFolder {
    /// The components, joined by slashes, which no component has.
    path: Box<str>,
}

/// Why a package can have no folder.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// There is no name.
    #[error("a package needs a name")]
    NoName,
    /// The path begins or ends with a slash, or has two in a row.
    #[error("the name {name:?} has a slash too many: a part of it is empty")]
    EmptyComponent {
        /// The whole name.
        name: String,
    },
    /// A component that stands for another place.
    #[error("the name {name:?} leads elsewhere: `{component}` is not the name of a folder")]
    Dots {
        /// The whole name.
        name: String,
        /// `.` or `..`.
        component: String,
    },
    /// A component that git keeps for itself, or that a file system takes for one.
    #[error("git keeps {component:?} for itself, so no folder of a repository has this name")]
    GitName {
        /// The component.
        component: String,
    },
    /// White space at the beginning or the end of a component.
    #[error("there is white space at the beginning or the end of {component:?}")]
    OuterSpace {
        /// The component.
        component: String,
    },
    /// A back-slash, which is a separator elsewhere.
    #[error("the name {name:?} has a back-slash")]
    BackSlash {
        /// The whole name.
        name: String,
    },
    /// A control character (C0, DEL, C1) or a line separator.
    #[error("the name {name:?} has the control character U+{:04X}", u32::from(*character))]
    Control {
        /// The whole name.
        name: String,
        /// The first such character.
        character: char,
    },
    /// A mark that changes the direction of text.
    #[error("the name {name:?} has U+{:04X}, which changes the direction in which text is shown", u32::from(*character))]
    Direction {
        /// The whole name.
        name: String,
        /// The first such character.
        character: char,
    },
    /// A component is longer than file systems take.
    #[error("a part of the name has {bytes} bytes; file systems take {MAX_COMPONENT_BYTES}")]
    LongComponent {
        /// How many bytes it has.
        bytes: usize,
    },
    /// More components than any registry's names have, and than trees are read deep.
    #[error("the name has {parts} parts; at most {MAX_PARTS} are taken")]
    Deep {
        /// How many parts it has.
        parts: usize,
    },
    /// The path is longer than the operating system takes.
    #[error("the folder's path would have {bytes} bytes; with a report in it, Linux takes {}", MAX_PATH_BYTES - ROOM)]
    LongPath {
        /// How many bytes it has.
        bytes: usize,
    },
}

impl PlaceError {
    /// Whether a mark that changes the direction of text is what is wrong.
    pub fn is_about_direction(&self) -> bool {
        matches!(self, Self::Direction { .. })
    }

    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NoName => "write the name under which the registry has the package",
            Self::EmptyComponent { .. } => {
                "remove the slash at the beginning or the end, or the second of two in a row"
            }
            Self::Dots { .. } => "write the package's own name, without `.` and `..`",
            Self::GitName { .. } => "check the name: no registry has a package whose folder would be git's own",
            Self::OuterSpace { .. } => "remove the white space",
            Self::BackSlash { .. } => "check the name: registries separate with a slash",
            Self::Control { .. } | Self::Direction { .. } => {
                "copy the name from the registry again, as plain text; it is probably meant to deceive"
            }
            Self::LongComponent { .. } | Self::LongPath { .. } | Self::Deep { .. } => {
                "check the name: no registry takes one of this length"
            }
        }
    }
}

impl PackageFolder {
    /// The folder of this canonical name in the ecosystem's directory: lower case, a slash begins a new component.
    pub(crate) fn new(directory: &str, name: &str) -> Result<Self, PlaceError> {
        if name.is_empty() {
            return Err(PlaceError::NoName);
        }
        check_characters(directory)?;
        check_component(directory, directory)?;
        check_characters(name)?;
        let name = lower(name);
        let parts = name.split('/').count();
        if parts > MAX_PARTS {
            return Err(PlaceError::Deep { parts });
        }
        for component in name.split('/') {
            check_component(&name, component)?;
        }
        let bytes = directory.len() + 1 + name.len();
        if bytes > MAX_PATH_BYTES - ROOM {
            return Err(PlaceError::LongPath { bytes });
        }
        Ok(Self { path: format!("{directory}/{name}").into_boxed_str() })
    }

    /// Reads a folder's path as it stands in a tree, below a base: `npm/@scope/name`.
    ///
    /// The letters are kept as they are: a tree that somebody else made may have upper case, which no package's folder
    /// equals.
    ///
    /// # Errors
    /// When it has one component only, or one that no package's folder has.
    pub fn parse(path: &str) -> Result<Self, PlaceError> {
        let (_, name) = path.split_once('/').ok_or(PlaceError::NoName)?;
        if name.is_empty() {
            return Err(PlaceError::NoName);
        }
        check_characters(path)?;
        for component in path.split('/') {
            check_component(path, component)?;
        }
        if path.len() > MAX_PATH_BYTES - ROOM {
            return Err(PlaceError::LongPath { bytes: path.len() });
        }
        Ok(Self { path: path.into() })
    }

    /// The components in order: the ecosystem's directory, then the package's path.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.path.split('/')
    }

    /// The first component: the ecosystem's directory.
    pub fn ecosystem_directory(&self) -> &str {
        self.path.split_once('/').map_or(&*self.path, |(directory, _)| directory)
    }

    /// The components after the first, joined by slashes: the package's path.
    pub fn package_path(&self) -> &str {
        self.path.split_once('/').map_or("", |(_, path)| path)
    }

    /// The components joined by slashes.
    pub fn as_str(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for PackageFolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Whether text is shown in another direction behind this character (Unicode, property `Bidi_Control`).
fn changes_direction(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn check_characters(name: &str) -> Result<(), PlaceError> {
    // Nearly all names are these letters, which need no closer look.
    if name.bytes().all(|byte| matches!(byte, b' '..=b'[' | b']'..=b'~')) {
        return Ok(());
    }
    for character in name.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            return Err(PlaceError::Control { name: name.to_owned(), character });
        }
        if changes_direction(character) {
            return Err(PlaceError::Direction { name: name.to_owned(), character });
        }
        if character == '\\' {
            return Err(PlaceError::BackSlash { name: name.to_owned() });
        }
    }
    Ok(())
}

fn check_component(name: &str, component: &str) -> Result<(), PlaceError> {
    if component.is_empty() {
        return Err(PlaceError::EmptyComponent { name: name.to_owned() });
    }
    if matches!(component, "." | "..") {
        return Err(PlaceError::Dots { name: name.to_owned(), component: component.to_owned() });
    }
    if component.trim() != component {
        return Err(PlaceError::OuterSpace { component: component.to_owned() });
    }
    if component.len() > MAX_COMPONENT_BYTES {
        return Err(PlaceError::LongComponent { bytes: component.len() });
    }
    if is_git_name(component) {
        return Err(PlaceError::GitName { component: component.to_owned() });
    }
    Ok(())
}

/// Whether `git fsck` refuses a folder of this name: `.git`, `.gitmodules` and `.gitattributes`, and what HFS+ and NTFS
/// take for them. One such folder, and no host that checks what it receives takes the repository any more.
fn is_git_name(component: &str) -> bool {
    let begins_alike = component.starts_with(['.', 'g', 'G']);
    if component.is_ascii() && !begins_alike {
        return false;
    }
    // HFS+ does not see these characters.
    let unseen = |character| matches!(character, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let visible: String = component.chars().filter(|character| !unseen(*character)).collect();
    let visible = lower(&visible);
    // NTFS drops dots and spaces at the end, and what follows a colon is another stream of the same file.
    let ntfs = visible.split(':').next().unwrap_or(&visible).trim_end_matches(['.', ' ']);
    matches!(ntfs, ".git" | ".gitmodules" | ".gitattributes" | "git~1")
        || short_name(ntfs, "gitmod", "gi7eba")
        || short_name(ntfs, "gitatt", "gi7d29")
}

/// Whether this is one of the short names that NTFS gives a file: the name's start and a number, or a hash.
fn short_name(component: &str, start: &str, hash: &str) -> bool {
    let numbered = component
        .strip_prefix(start)
        .and_then(|rest| rest.strip_prefix('~'))
        .is_some_and(|number| matches!(number, "1" | "2" | "3" | "4"));
    let hashed = component
        .strip_prefix(hash)
        .and_then(|rest| rest.strip_prefix('~'))
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    numbered || hashed
}
