//! What is kept for speed, below `malpkg` in the git directory that all work trees share. It may go away at any time.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::time::SystemTime;

use database::Bytes;

use crate::{Error, Store};

impl Store {
    /// The folder of what is kept; none for a plain folder.
    pub fn cache_dir(&self) -> Option<PathBuf> {
        self.common_dir().map(|common| common.join("malpkg"))
    }

    /// Keeps some bytes under a name: all of them or none.
    ///
    /// # Errors
    ///
    /// They cannot be written, as in a repository that may only be read.
    pub fn keep(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let Some(dir) = self.cache_dir() else { return Err(self.no_git()) };
        fs::create_dir_all(&dir).map_err(Error::disk("make the folder", &dir))?;
        let path = dir.join(name);
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&dir)?;
            file.write_all(bytes)?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(Error::disk("write", &path))
    }

    /// What is kept under a name, if it is there and can be read.
    pub fn kept(&self, name: &str) -> Option<Box<dyn Bytes>> {
        let file = File::open(self.cache_dir()?.join(name)).ok()?;
        let length = file.metadata().ok()?.len();
        Some(Box::new(FileBytes { file, length }))
    }

    /// The names of what is kept, the newest first.
    pub fn kept_names(&self) -> Vec<String> {
        let Some(Ok(found)) = self.cache_dir().map(fs::read_dir) else { return Vec::new() };
        let mut names: Vec<(SystemTime, String)> = found
            .filter_map(|found| {
                let found = found.ok()?;
                let time = found.metadata().ok()?.modified().ok()?;
                Some((time, found.file_name().into_string().ok()?))
            })
            .collect();
        names.sort_by(|a, b| b.cmp(a));
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// Forgets what is kept under a name. What cannot be forgotten stays, and does no harm.
    pub fn forget(&self, name: &str) {
        if let Some(dir) = self.cache_dir() {
            let _ = fs::remove_file(dir.join(name));
        }
    }
}

/// A file that is read at any place.
struct FileBytes {
    file: File,
    length: u64,
}

impl Bytes for FileBytes {
    fn len(&self) -> u64 {
        self.length
    }

    #[cfg(unix)]
    fn read_at(&self, offset: u64, into: &mut [u8]) -> std::io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.file, into, offset)
    }

    #[cfg(not(unix))]
    fn read_at(&self, offset: u64, into: &mut [u8]) -> std::io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(into)
    }
}
