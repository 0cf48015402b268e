//! What git is told of a repository: settings of its own, attributes of its files, and branches that are being merged.

use std::io::Write;

use git2::RepositoryState;

use crate::{CommitId, Error, Store};

/// The file that says how git treats files.
const ATTRIBUTES: &str = ".gitattributes";

impl Store {
    /// A setting of this repository alone.
    ///
    /// # Errors
    ///
    /// It is a plain folder, or git cannot read its settings.
    pub fn setting(&self, key: &str) -> Result<Option<String>, Error> {
        let config = self.repository()?.config().map_err(Error::git("read the settings"))?;
        let local = config.open_level(git2::ConfigLevel::Local).map_err(Error::git("read the settings"))?;
        match local.get_string(key) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(Error::git(format!("read the setting {key}"))(error)),
        }
    }

    /// Sets a setting of this repository.
    ///
    /// # Errors
    ///
    /// It is a plain folder, or git cannot write its settings.
    pub fn set(&self, key: &str, value: &str) -> Result<(), Error> {
        let config = self.repository()?.config().map_err(Error::git("read the settings"))?;
        let mut local = config.open_level(git2::ConfigLevel::Local).map_err(Error::git("read the settings"))?;
        local.set_str(key, value).map_err(Error::git(format!("set {key}")))
    }

    /// The attributes of the files as they lie on the disk; none in a bare repository.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be read.
    pub fn attributes(&self) -> Result<Option<String>, Error> {
        let Some(root) = self.work_tree() else { return Ok(None) };
        let file = root.join(ATTRIBUTES);
        match std::fs::read(&file) {
            Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Some(String::new())),
            Err(error) => Err(Error::disk("read", file)(error)),
        }
    }

    /// Writes the attributes of the files: all of them or none.
    ///
    /// # Errors
    ///
    /// There is no work tree, or the disk refuses.
    pub fn set_attributes(&self, text: &str) -> Result<(), Error> {
        let root = self.work_tree().ok_or_else(|| self.no_work_tree())?;
        let file = root.join(ATTRIBUTES);
        let write = || -> std::io::Result<()> {
            let mut beside = tempfile::NamedTempFile::new_in(root)?;
            beside.write_all(text.as_bytes())?;
            #[cfg(unix)]
            std::fs::set_permissions(beside.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
            beside.persist(&file)?;
            Ok(())
        };
        write().map_err(Error::disk("write", &file))
    }

    /// The commit that is being merged into the one that is checked out; none where no merge is under way, or one of several.
    ///
    /// # Errors
    ///
    /// git cannot say.
    pub fn merging(&self) -> Result<Option<CommitId>, Error> {
        let mut repository = self.repository()?;
        if repository.state() != RepositoryState::Merge {
            return Ok(None);
        }
        let mut heads = Vec::new();
        let told = repository.mergehead_foreach(|id| {
            heads.extend(CommitId::of(*id));
            true
        });
        told.map_err(Error::git("find what is being merged"))?;
        Ok(if let [one] = heads[..] { Some(one) } else { None })
    }
}
