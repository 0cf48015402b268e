//! A folder that is there as long as the test needs it.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder that goes away when it is dropped.
#[derive(Debug)]
pub struct Folder {
    dir: TempDir,
}

impl Folder {
    /// An empty folder.
    ///
    /// # Panics
    ///
    /// The disk does not give one.
    #[track_caller]
    pub fn empty() -> Folder {
        match tempfile::Builder::new().prefix("testkit-").tempdir() {
            Ok(dir) => Folder { dir },
            Err(error) => panic!("cannot make a folder for a test: {error}"),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where a file in it lies, whether or not there is one.
    pub fn place(&self, path: &str) -> PathBuf {
        path.split('/').fold(self.path().to_owned(), |place, part| place.join(part))
    }

    /// Whether something lies there; a link counts whatever it names.
    pub fn has(&self, path: &str) -> bool {
        self.place(path).symlink_metadata().is_ok()
    }

    /// Writes a file, with the folders it needs.
    ///
    /// # Panics
    ///
    /// The disk refuses.
    #[track_caller]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let place = self.place(path);
        let folder = place.parent().unwrap_or(self.path());
        if let Err(error) = fs::create_dir_all(folder).and_then(|()| fs::write(&place, content)) {
            panic!("cannot write {}: {error}", place.display());
        }
    }

    /// The content of a file.
    ///
    /// # Panics
    ///
    /// There is none, or it is no text.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        match fs::read_to_string(self.place(path)) {
            Ok(content) => content,
            Err(error) => panic!("cannot read `{path}`: {error}"),
        }
    }

    /// Removes a file, or a folder with all that is in it.
    ///
    /// # Panics
    ///
    /// There is nothing.
    #[track_caller]
    pub fn remove(&self, path: &str) {
        let place = self.place(path);
        let is_folder = place.symlink_metadata().is_ok_and(|found| found.is_dir());
        let removed = if is_folder { fs::remove_dir_all(&place) } else { fs::remove_file(&place) };
        if let Err(error) = removed {
            panic!("cannot remove `{path}`: {error}");
        }
    }

    /// The paths of all files in it, sorted; `.git` is passed over, and links are listed, not followed.
    pub fn list(&self) -> Vec<String> {
        let mut paths = Vec::new();
        list(self.path(), "", &mut paths);
        paths.sort();
        paths
    }
}

fn list(folder: &Path, path: &str, paths: &mut Vec<String>) {
    for found in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = found.file_name().to_string_lossy().into_owned();
        let full = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        if name == ".git" {
            continue;
        }
        if found.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(&found.path(), &full, paths);
        } else {
            paths.push(full);
        }
    }
}
