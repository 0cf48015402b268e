//! Where a commit stands in the history of its branch.

use crate::{CommitId, Error, Store};

impl Store {
    /// How many commits there are from the first one to this, going by first parents, both counted.
    ///
    /// # Errors
    ///
    /// The history is not all here, as in a shallow clone: then the number would be another one than elsewhere.
    pub fn sequence(&self, commit: CommitId) -> Result<u64, Error> {
        let repository = self.repository()?;
        if repository.is_shallow() {
            return Err(Error::Shallow);
        }
        let doing = || format!("count the commits up to {commit}");
        let mut walk = repository.revwalk().map_err(Error::git(doing()))?;
        walk.push(commit.oid()?).map_err(Error::git(doing()))?;
        walk.simplify_first_parent().map_err(Error::git(doing()))?;
        walk.try_fold(0, |count, step| step.map(|_| count + 1)).map_err(Error::git(doing()))
    }
}
