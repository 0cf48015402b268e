//! Documents from a folder, or a single file.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::{Document, Item, Unread};

/// A folder that cannot be listed.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {reason}", path.display())]
pub struct FolderError {
    /// The folder or file.
    pub path: PathBuf,
    /// What was wrong.
    pub reason: String,
}

/// The documents of a folder: every file below it whose name ends in `.json` and does not begin with a dot, by name.
/// A file that is named itself is one document, whatever its name.
///
/// # Errors
///
/// The folder or a part of it cannot be listed. What is wrong with one document is said in the document.
pub fn documents(from: &Path) -> Result<Vec<Document>, FolderError> {
    let mut documents = Vec::new();
    visit(from, |name| name.ends_with(".json"), &mut |item| documents.push(item.document()))?;
    Ok(documents)
}

/// Visits the files of a folder whose names are wanted, by name; of a file that is named itself, only it.
///
/// # Errors
///
/// The folder or a part of it cannot be listed.
pub(crate) fn visit(
    from: &Path,
    wants: impl Fn(&str) -> bool,
    visit: &mut dyn FnMut(Item<'_>),
) -> Result<(), FolderError> {
    let fault = |path: &Path, reason: String| FolderError { path: path.to_owned(), reason };
    let about = fs::metadata(from).map_err(|error| fault(from, error.to_string()))?;
    if !about.is_dir() {
        let name = from.file_name().map_or_else(|| from.to_string_lossy(), |name| name.to_string_lossy()).into_owned();
        give(name, from, visit);
        return Ok(());
    }
    for entry in WalkDir::new(from).follow_root_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(from).to_owned();
            fault(&path, error.io_error().map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        let below = entry.path().strip_prefix(from).unwrap_or(entry.path()).to_string_lossy().into_owned();
        if entry.file_type().is_dir() || is_hidden(&below) || !wants(&below) {
            continue;
        }
        give(below, entry.path(), visit);
    }
    Ok(())
}

/// Whether the name of a file begins with a dot, or it lies in what git keeps.
pub(crate) fn is_hidden(name: &str) -> bool {
    name.rsplit('/').next().is_some_and(|file| file.starts_with('.')) || name.split('/').any(|part| part == ".git")
}

/// Opens one file for a visitor.
fn give(name: String, path: &Path, visit: &mut dyn FnMut(Item<'_>)) {
    match open(path) {
        Ok((mut file, size)) => visit(Item { name, size: Some(size), bytes: Ok(&mut file) }),
        Err(unread) => visit(Item { name, size: None, bytes: Err(unread) }),
    }
}

fn open(path: &Path) -> Result<(impl Read + use<>, u64), Unread> {
    let system = |error: std::io::Error| Unread::System(error.to_string());
    let about = fs::symlink_metadata(path).map_err(system)?;
    if !about.is_file() {
        return Err(Unread::NoFile);
    }
    Ok((fs::File::open(path).map_err(system)?, about.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DOCUMENT_SIZE_MAX;

    #[test]
    fn documents_come_by_name_and_links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("b.json", "b");
        put("a.json/c.json", "c");
        put("notes.txt", "x");
        put(".hidden.json", "x");
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("z.json")).unwrap();
        let found: Vec<(String, bool)> =
            documents(folder.path()).unwrap().into_iter().map(|d| (d.name, d.bytes.is_ok())).collect();
        assert_eq!(found, [("a.json/c.json".into(), true), ("b.json".into(), true), ("z.json".into(), false)]);
    }

    #[test]
    fn a_large_document_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = fs::File::create(folder.path().join("huge.json")).unwrap();
        file.set_len(DOCUMENT_SIZE_MAX + 1).unwrap();
        let found = documents(folder.path()).unwrap();
        assert!(matches!(found[0].bytes, Err(Unread::TooLarge { .. })));
    }

    #[test]
    fn a_folder_that_is_none_is_an_error() {
        assert!(documents(Path::new("/nowhere/at/all")).is_err());
    }
}
