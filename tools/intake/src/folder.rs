//! Documents from a folder, or a single file.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::{DOCUMENT_SIZE_MAX, Document, Unread};

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
    let fault = |path: &Path, reason: String| FolderError { path: path.to_owned(), reason };
    let about = fs::metadata(from).map_err(|error| fault(from, error.to_string()))?;
    if !about.is_dir() {
        let name = from.file_name().map_or_else(|| from.to_string_lossy(), |name| name.to_string_lossy()).into_owned();
        return Ok(vec![Document { name, bytes: read(from) }]);
    }
    let mut documents = Vec::new();
    for entry in WalkDir::new(from).follow_root_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(from).to_owned();
            fault(&path, error.io_error().map_or_else(|| error.to_string(), ToString::to_string))
        })?;
        let file_name = entry.file_name().to_string_lossy();
        if entry.file_type().is_dir() || file_name.starts_with('.') || !file_name.ends_with(".json") {
            continue;
        }
        let below = entry.path().strip_prefix(from).unwrap_or(entry.path());
        documents.push(Document { name: below.to_string_lossy().into_owned(), bytes: read(entry.path()) });
    }
    Ok(documents)
}

fn read(path: &Path) -> Result<Vec<u8>, Unread> {
    let system = |error: std::io::Error| Unread::System(error.to_string());
    let about = fs::symlink_metadata(path).map_err(system)?;
    if !about.is_file() {
        return Err(Unread::NoFile);
    }
    if about.len() > DOCUMENT_SIZE_MAX {
        return Err(Unread::TooLarge { size: about.len() });
    }
    // The file may grow while it is read; the limit holds all the same.
    let mut bytes = Vec::new();
    fs::File::open(path).and_then(|file| file.take(DOCUMENT_SIZE_MAX + 1).read_to_end(&mut bytes)).map_err(system)?;
    if bytes.len() as u64 > DOCUMENT_SIZE_MAX {
        return Err(Unread::TooLarge { size: bytes.len() as u64 });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

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
