//! What a folder has that Windows cannot check out.

use thiserror::Error;

use crate::folder::PackageFolder;

/// A reason why a component of a path cannot exist on Windows.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unportable {
    /// The name of a device, with or without an extension.
    #[error("Windows takes {component:?} for the device {device}")]
    Device {
        /// The component.
        component: String,
        /// The device, in upper case.
        device: String,
    },
    /// A character that no name on Windows has.
    #[error("Windows has no {character:?} in names, as in {component:?}")]
    Character {
        /// The component.
        component: String,
        /// Its first such character.
        character: char,
    },
    /// Windows drops dots and spaces at the end of a name.
    #[error("Windows drops the dot or space at the end of {component:?}")]
    End {
        /// The component.
        component: String,
    },
}

/// Everything that keeps a folder from being checked out on Windows; empty where nothing does.
///
/// The rules are those of "Naming Files, Paths, and Namespaces" in the documentation of Win32.
pub fn portability(folder: &PackageFolder) -> Vec<Unportable> {
    portability_of(folder.components())
}

/// The same of any path, by its parts.
pub fn portability_of<'p>(parts: impl Iterator<Item = &'p str>) -> Vec<Unportable> {
    let mut found = Vec::new();
    for component in parts {
        if let Some(device) = device(component) {
            found.push(Unportable::Device { component: component.to_owned(), device });
        }
        let forbidden =
            |character| matches!(character, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\\' | '\0'..='\u{1f}');
        if let Some(character) = component.chars().find(|character| forbidden(*character)) {
            found.push(Unportable::Character { component: component.to_owned(), character });
        }
        if component.ends_with(['.', ' ']) {
            found.push(Unportable::End { component: component.to_owned() });
        }
    }
    found
}

/// The device that a name stands for, whatever its extension.
fn device(component: &str) -> Option<String> {
    let stem = component.split(['.', ':']).next().unwrap_or(component).trim_end_matches(' ').to_uppercase();
    let numbered = |name: &str| {
        stem.strip_prefix(name).is_some_and(|number| {
            matches!(number, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
        })
    };
    let reserved =
        matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") || numbered("COM") || numbered("LPT");
    reserved.then_some(stem)
}
