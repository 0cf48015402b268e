//! Fetching from another repository and pushing to it, by the git program: it knows every transport and who may do so.

use std::process::{Command, Output, Stdio};

use crate::{CommitId, Error, RefName, Store};

/// Below this the branches lie as they were fetched. Nobody else looks there.
const FETCHED: &str = "refs/malpkg/fetched/";

/// What git says of a branch that moved, or is just moving: everything else is a refusal.
const MOVED: [&str; 8] = [
    "stale info",
    "fetch first",
    "non-fast-forward",
    "cannot lock ref",
    "failed to update ref",
    "failed to lock",
    "incorrect old value",
    "reference already exists",
];

/// How a push ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The branch there is at the commit.
    Done,
    /// The branch there is not where it was thought to be.
    Moved,
}

impl Store {
    /// Brings a branch of another repository here, and says where it is; none where there is no such branch. No branch of
    /// this repository moves.
    ///
    /// # Errors
    ///
    /// git cannot reach it.
    pub fn fetch(&self, remote: &str, branch: &RefName) -> Result<Option<CommitId>, Error> {
        let fetched = RefName::new(&format!("{FETCHED}{}", short(branch)))?;
        let refspec = format!("+{branch}:{fetched}");
        let options = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
        let output = self.git(remote, "fetch from", &options, &refspec)?;
        if output.status.success() {
            return self.tip(&fetched);
        }
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        if told.contains("couldn't find remote ref") {
            return Ok(None);
        }
        // Another run of ours may fetch the same at this moment.
        if told.contains("cannot lock ref") {
            return self.tip(&fetched);
        }
        Err(refused("fetch from", remote, &told))
    }

    /// Makes a commit the tip of a branch of another repository, if that is still at `expected` (none: if there is no such
    /// branch yet).
    ///
    /// # Errors
    ///
    /// git cannot reach it, or it does not take the commit.
    pub fn push(
        &self,
        remote: &str,
        commit: CommitId,
        branch: &RefName,
        expected: Option<CommitId>,
    ) -> Result<Pushed, Error> {
        let expected = expected.map(|id| id.to_string()).unwrap_or_default();
        let lease = format!("--force-with-lease={branch}:{expected}");
        let refspec = format!("{commit}:{branch}");
        let output = self.git(remote, "push to", &["push", "--porcelain", &lease], &refspec)?;
        if output.status.success() {
            return Ok(Pushed::Done);
        }
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let printed = String::from_utf8_lossy(&output.stdout);
        let refusal = printed.lines().find(|line| line.starts_with('!'));
        match refusal {
            Some(refusal) if MOVED.iter().any(|reason| refusal.contains(reason)) => Ok(Pushed::Moved),
            Some(refusal) => {
                let reason = refusal.rsplit('\t').next().unwrap_or(refusal);
                Err(refused("push to", remote, &format!("{reason}\n{told}")))
            }
            None => Err(refused("push to", remote, &told)),
        }
    }

    fn git(&self, remote: &str, doing: &'static str, options: &[&str], refspec: &str) -> Result<Output, Error> {
        if remote.is_empty() || remote.starts_with('-') {
            return Err(refused(doing, remote, "this is no name of a remote and no URL"));
        }
        let mut command = Command::new("git");
        // A hook that calls us has these set for a repository of its own.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"] {
            command.env_remove(name);
        }
        command.arg("--git-dir").arg(self.own_git_dir()?).args(options).args([remote, refspec]);
        // A relative path to a remote is meant from where its configuration lies.
        command.current_dir(self.work_tree().unwrap_or(self.own_git_dir()?));
        command.env("LC_ALL", "C").stdin(Stdio::null()).output().map_err(Error::disk("run", "git"))
    }
}

fn short(branch: &RefName) -> &str {
    branch.as_str().strip_prefix("refs/heads/").unwrap_or(branch.as_str())
}

fn refused(doing: &'static str, remote: &str, told: &str) -> Error {
    let lines = told.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("hint:"));
    let told = lines.collect::<Vec<_>>().join("; ");
    Error::Remote { doing, remote: remote.to_owned(), told }
}
