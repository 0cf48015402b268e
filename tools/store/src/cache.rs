//! What is kept for speed, below `malpkg` in the git directory that all work trees share. It may go away at any time.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use database::Bytes;
use git2::Repository;
use tempfile::NamedTempFile;

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
        let sharing = Sharing::of(&self.repository()?);
        fs::create_dir_all(&dir).map_err(Error::disk("make the folder", &dir))?;
        sharing.share(&dir);
        remove_left_over(&dir);
        let path = dir.join(name);
        let write = || -> std::io::Result<()> {
            let mut file = temporary_file(&dir)?;
            file.write_all(bytes)?;
            sharing.share(file.path());
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
                let name = found.file_name().into_string().ok().filter(|name| !name.starts_with('.'))?;
                Some((time, name))
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

/// What begins the name of a file that is being written.
const TEMPORARY: &str = ".tmp";
/// After how long nobody writes a file any more.
const LEFT_OVER: Duration = Duration::from_secs(24 * 60 * 60);

/// A file that everybody may read whom the umask lets: what others cannot read is of no use to them.
fn temporary_file(dir: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(dir)
}

/// Removes what runs left that were killed while they wrote.
fn remove_left_over(dir: &Path) {
    for found in fs::read_dir(dir).into_iter().flatten().flatten() {
        let modified = found.metadata().and_then(|found| found.modified());
        let is_old = modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > LEFT_OVER));
        if is_old && found.file_name().to_string_lossy().starts_with(TEMPORARY) {
            // Where it cannot be removed it does no harm.
            let _ = fs::remove_file(found.path());
        }
    }
}

/// With whom git shares the files of a repository, as `core.sharedRepository` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sharing {
    /// With whom the umask says.
    Umask,
    /// These may do so too, besides.
    Also(u32),
    /// These may, and nobody else.
    Only(u32),
}

impl Sharing {
    fn of(repository: &Repository) -> Sharing {
        let value = repository.config().and_then(|config| config.get_string("core.sharedRepository"));
        let value = value.unwrap_or_default().to_lowercase();
        match (value.as_str(), u32::from_str_radix(&value, 8)) {
            ("group" | "true" | "yes" | "on" | "1", _) => Sharing::Also(0o660),
            ("all" | "world" | "everybody" | "2", _) => Sharing::Also(0o664),
            // git takes no mode that keeps the owner out.
            (_, Ok(mode)) if mode & 0o600 == 0o600 => Sharing::Only(mode & 0o666),
            _ => Sharing::Umask,
        }
    }

    /// Gives a file or a folder the permissions. They are not worth failing for: it may be somebody else's folder.
    #[cfg(unix)]
    fn share(self, path: &Path) {
        use std::os::unix::fs::PermissionsExt;
        let Ok(found) = fs::symlink_metadata(path) else { return };
        let before = found.permissions().mode() & 0o7777;
        // Who may read a folder may go into it, and what is made there belongs to the group that may do anything here.
        let of_group = |mode: u32| if mode & 0o060 != 0 { 0o2000 } else { 0 };
        let of_kind = |mode: u32| if found.is_dir() { mode | (mode & 0o444) >> 2 | of_group(mode) } else { mode };
        let after = match self {
            Sharing::Umask => before,
            Sharing::Also(mode) => of_kind(before | mode),
            Sharing::Only(mode) => of_kind(before & !0o777 | mode),
        };
        if after != before {
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(after));
        }
    }

    #[cfg(not(unix))]
    fn share(self, _: &Path) {}
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
