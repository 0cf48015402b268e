//! Landing in another repository: fetch, commit on top of what is there, push; what moved meanwhile is planned again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use osv_schema::Timestamp;
use rules::Admitted;
use store::{CommitError, CommitId, Pushed, RefName, Store};

use crate::display::shell_word;
use crate::exit::Exit;
use crate::failure::Failure;

/// How often a plan is made again because the branch moved there. Of many writers one gets through each time.
pub(super) const TRIES_MAX: usize = 100;

/// The longest wait between two tries grows up to this.
const WAIT_MAX: Duration = Duration::from_millis(1_500);

/// A branch in another repository.
pub(super) struct There<'t> {
    pub(super) store: &'t Store,
    pub(super) remote: &'t str,
    pub(super) branch: &'t RefName,
    /// Where it was when it was fetched.
    pub(super) tip: Option<CommitId>,
}

/// Brings a branch here forward to where it is in another repository, and says where that is. Commits that are not there yet
/// stay on top.
pub(super) fn meet(store: &Store, remote: &str, branch: &RefName) -> Result<Option<CommitId>, Failure> {
    let there = store.fetch(remote, branch)?;
    let here = store.tip(branch)?;
    let Some(tip) = there.filter(|tip| here != Some(*tip)) else { return Ok(there) };
    let common = match here {
        Some(here) => store.merge_base(here, tip)?.map(|commit| commit.id),
        None => None,
    };
    if common == Some(tip) {
        return Ok(there);
    }
    if common != here {
        let failure = Failure::new(format!("{branch} has commits that `{remote}` has not, and that has others"));
        return Err(failure.remedy(bring_together(remote, branch)));
    }
    store.advance(branch, here, tip, &format!("fetched from {remote}"))?;
    Ok(there)
}

/// What to type where both sides have commits. A rebase stops where both gave ids, and is no more under way afterwards.
fn bring_together(remote: &str, branch: &RefName) -> String {
    let name = branch.as_str().trim_start_matches("refs/heads/");
    let (remote, name) = (shell_word(remote), shell_word(name));
    format!(
        "bring them together with `git pull --rebase {remote} {name}`; each time it stops, `malpkg merge --write`, \
         `malpkg dedupe --write`, `malpkg assign --renumber --base HEAD --write`, `git add --all osv` and \
         `git -c core.editor=true rebase --continue`"
    )
}

/// Waits for a while that is another one for each writer, and longer each time.
pub(super) fn wait(tries: usize) {
    let longest = Duration::from_millis(20).saturating_mul(1 << tries.min(10)).min(WAIT_MAX);
    let dice = RandomState::new().build_hasher().finish();
    std::thread::sleep(longest.mul_f64(dice as f64 / u64::MAX as f64));
}

impl There<'_> {
    /// Commits a change on top of `base`, there and then here.
    pub(super) fn push(
        &self,
        admitted: &Admitted,
        base: Option<CommitId>,
        message: &str,
        now: Timestamp,
    ) -> Result<CommitId, Failure> {
        let commit = self.store.prepare(admitted, self.branch, base, message, now)?;
        self.publish(commit)?;
        let subject = message.lines().next().unwrap_or_default();
        match self.store.advance(self.branch, base, commit, subject) {
            Ok(()) => Ok(commit),
            // Planning it again would be wrong: it is in.
            Err(error @ CommitError::BaseMoved { .. }) => {
                let failure = Failure::new(format!("{commit} is pushed to `{}`, but {error}", self.remote));
                Err(failure.remedy(bring_together(self.remote, self.branch)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Pushes the commits that are here alone.
    pub(super) fn push_what_there_is(&self, here: Option<CommitId>) -> Result<(), Failure> {
        match here.filter(|here| self.tip != Some(*here)) {
            Some(here) => self.publish(here),
            None => Ok(()),
        }
    }

    fn publish(&self, commit: CommitId) -> Result<(), Failure> {
        match self.store.push(self.remote, commit, self.branch, self.tip)? {
            Pushed::Done => Ok(()),
            Pushed::Moved => {
                let message = format!("{} in `{}` moved while this worked, again and again", self.branch, self.remote);
                Err(Failure::new(message).remedy("try again").exits(Exit::BaseMoved))
            }
        }
    }
}
