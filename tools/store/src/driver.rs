//! What git is told of a repository: settings of its own, attributes of its files, and branches that are being merged.

use std::io::Write;

use git2::{ErrorCode, RepositoryState};

use crate::revision::read_commit;
use crate::{Commit, Error, Store};

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
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
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

    /// The commit that is being joined to the one that is checked out, by a merge, a rebase or a cherry-pick that stopped;
    /// none where nothing is under way, or a merge of several.
    ///
    /// # Errors
    ///
    /// git cannot say.
    pub fn meeting(&self) -> Result<Option<Meeting>, Error> {
        let repository = self.repository()?;
        let (name, is_picked) = match repository.state() {
            RepositoryState::Merge => return Ok(self.merging()?.map(|other| Meeting { other, base: None })),
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => ("CHERRY_PICK_HEAD", true),
            RepositoryState::Rebase | RepositoryState::RebaseInteractive | RepositoryState::RebaseMerge => {
                ("REBASE_HEAD", false)
            }
            _ => return Ok(None),
        };
        let other = match repository.find_reference(name) {
            Ok(other) => other,
            // A rebase that was stopped to edit something joins nothing now.
            Err(error) if !is_picked && error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(Error::git(format!("read {name}"))(error)),
        };
        let other = other.peel_to_commit().map_err(Error::git(format!("find the commit that {name} names")))?;
        let base = other.parent(0).ok().map(|parent| read_commit(&repository, parent.id())).transpose()?;
        let other = read_commit(&repository, other.id())?;
        Ok(Some(Meeting { other, base }))
    }

    fn merging(&self) -> Result<Option<Commit>, Error> {
        let mut repository = self.repository()?;
        let mut heads = Vec::new();
        let told = repository.mergehead_foreach(|id| {
            heads.push(*id);
            true
        });
        told.map_err(Error::git("find what is being merged"))?;
        if let [one] = heads[..] { read_commit(&repository, one).map(Some) } else { Ok(None) }
    }
}

/// What is being joined to the commit that is checked out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// The commit that comes in.
    pub other: Commit,
    /// Where what it changed begins: the commit before the one that is picked or moved; none where whole branches meet.
    pub base: Option<Commit>,
}
