//! Landing: a plan becomes files of the working tree or one commit; where the base moved meanwhile, it is planned again.

pub(crate) mod view;

use std::collections::BTreeMap;

use rules::Admitted;
use store::{CommitError, CommitId, RefName, Store};

use crate::change::Held;
use crate::config::Config;
use crate::context::{Context, Reading};
use crate::failure::Failure;
use crate::progress::Progress;

/// How often a plan is made again because the base moved.
const TRIES_MAX: usize = 8;

/// Where a plan goes; every command that changes the database takes these.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Landing {
    /// Write the plan to the working tree
    #[arg(long, conflicts_with = "commit")]
    pub(crate) write: bool,

    /// Commit the plan to the current branch
    #[arg(long)]
    pub(crate) commit: bool,

    /// Commit to this branch; needed in a bare repository
    #[arg(long = "ref", value_name = "REF", requires = "commit", conflicts_with = "write")]
    pub(crate) reference: Option<String>,
}

/// What a command plans.
pub(crate) trait Planned {
    /// What would be written, as the rules let it through.
    fn admitted(&self) -> &Admitted;
    /// The message of the commit.
    fn message(&self) -> String;
    /// The files of the working tree that the plan was made from, with what they held: their edits are in it.
    fn read(&self) -> &Held {
        static NOTHING: Held = BTreeMap::new();
        &NOTHING
    }
}

/// The tree that a command plans over.
pub(crate) struct Ground<'s> {
    landing: &'s Landing,
    store: &'s Store,
    branch: Option<RefName>,
    pub(crate) reading: Reading,
    /// The configuration: of the base in a bare repository, else of the working tree.
    pub(crate) config: Config,
}

/// A plan that has landed, or needed not.
pub(crate) struct Landed<P> {
    pub(crate) planned: P,
    /// The commit that it was planned over, in hex.
    pub(crate) base: Option<String>,
    /// The commit that was made, in hex.
    pub(crate) commit: Option<String>,
}

impl Landing {
    /// The tree to plan over. What a run that was killed left undone is done first.
    pub(crate) fn ground<'s>(&'s self, store: &'s Store, context: &Context<'_>) -> Result<Ground<'s>, Failure> {
        if (self.commit || self.write) && store.is_git() && !store.is_bare() {
            store.finish()?;
        }
        let branch = self.branch(store)?;
        let reading = self.read(branch.as_ref(), store, context)?;
        let config = configuration(store, &reading, context)?;
        Ok(Ground { landing: self, store, branch, reading, config })
    }

    /// The branch to commit to; none where nothing is committed.
    fn branch(&self, store: &Store) -> Result<Option<RefName>, Failure> {
        if !self.commit {
            return Ok(None);
        }
        match &self.reference {
            Some(reference) => existing_branch(reference, store).map(Some),
            None if store.is_bare() => {
                let failure = Failure::new("a bare repository has no branch checked out");
                Err(failure.remedy("name the branch to commit to, for example `--ref main`"))
            }
            None => Ok(Some(store.current_branch()?)),
        }
    }

    fn read(&self, branch: Option<&RefName>, store: &Store, context: &Context<'_>) -> Result<Reading, Failure> {
        match branch {
            Some(branch) => context.at_branch(store, branch),
            None if self.write => context.at_working_tree(store),
            None => context.at_head(store),
        }
    }
}

impl Ground<'_> {
    /// Plans, and writes or commits the plan where that was asked for. Where the branch moved meanwhile, the plan is made
    /// again over where it is now.
    pub(crate) fn land<P: Planned>(
        mut self,
        context: &Context<'_>,
        progress: &Progress,
        plan: impl Fn(&Reading, &Config) -> Result<P, Failure>,
    ) -> Result<Landed<P>, Failure> {
        let mut tries = 0;
        let (planned, commit) = loop {
            progress.say("planning");
            let planned = plan(&self.reading, &self.config)?;
            let is_empty = planned.admitted().changes().is_empty();
            if is_empty || !(self.landing.commit || self.landing.write) {
                break (planned, None);
            }
            progress.say("writing");
            let Some(branch) = self.branch.clone() else {
                self.store.write_over(planned.admitted(), planned.read())?;
                break (planned, None);
            };
            match self.commit(&planned, &branch, context) {
                Ok(commit) => break (planned, Some(commit)),
                Err(CommitError::BaseMoved { .. }) if tries < TRIES_MAX => {
                    tries += 1;
                    self.reading = self.landing.read(Some(&branch), self.store, context)?;
                    self.config = configuration(self.store, &self.reading, context)?;
                }
                Err(error) => return Err(Failure::from(error)),
            }
        };
        Ok(Landed { planned, base: self.reading.commit_id(), commit: commit.map(|commit| commit.to_string()) })
    }

    fn commit(&self, planned: &impl Planned, branch: &RefName, context: &Context<'_>) -> Result<CommitId, CommitError> {
        let base = self.reading.commit.as_ref().map(|commit| commit.id);
        self.store.commit(planned.admitted(), branch, base, &planned.message(), context.now())
    }
}

/// A branch that was named. One that does not exist is made only where there is no commit at all: a name with a typo
/// would begin a history of its own.
fn existing_branch(name: &str, store: &Store) -> Result<RefName, Failure> {
    let branch = RefName::new(name)?;
    let is_name = !name.starts_with('-') && !["HEAD", "@"].contains(&name);
    if !is_name || !branch.as_str().starts_with("refs/heads/") {
        return Err(Failure::new("this is no branch").place(name).remedy("name a branch, for example `--ref main`"));
    }
    if store.tip(&branch)?.is_none() && store.head()?.is_some() {
        let failure = Failure::new("there is no such branch").place(name);
        return Err(failure.remedy(format!("`git branch {name}` makes one; `git branch` shows those there are")));
    }
    Ok(branch)
}

fn configuration(store: &Store, reading: &Reading, context: &Context<'_>) -> Result<Config, Failure> {
    if store.is_bare() { Ok(reading.config.clone()) } else { context.config_of_working_tree(store) }
}
