//! Landing: a plan becomes files of the working tree, one commit here, or one of another repository too; where the base
//! moved meanwhile, it is planned again.

mod meant;
mod remote;
pub(crate) mod view;

use std::collections::BTreeMap;

use curate::{Taken, Turn};
use database::TreePath;
use rules::{Admitted, By};
use store::{CommitId, Read, RefName, Store};

use crate::change::{self, Judging};
use crate::config::Config;
use crate::context::{Context, Reading};
use crate::exit::Exit;
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

    /// Plan for this branch, and commit to it; needed in a bare repository
    #[arg(long = "ref", value_name = "REF", conflicts_with = "write")]
    pub(crate) reference: Option<String>,

    /// Commit, and push to the branch of this name in another repository: a remote's name or a URL
    ///
    /// Fetches first and plans from where the branch is there. When that moves meanwhile, the plan is made again.
    #[arg(long, value_name = "REMOTE", conflicts_with = "write")]
    pub(crate) push: Option<String>,

    /// Let a plan land that takes so many reports away, as in `withdraw=1736`: the exact number, which the plan tells
    #[arg(long, value_name = "KIND=COUNT", value_parser = allowed)]
    pub(crate) allow: Vec<Taken>,
}

/// What a command plans.
pub(crate) trait Planned {
    /// What would be written, as the rules let it through.
    fn admitted(&self) -> &Admitted;
    /// The message of the commit.
    fn message(&self) -> String;
    /// The files of the working tree that the plan was made from, with what they held: their edits are in it.
    fn read(&self) -> &Read {
        static NOTHING: Read = BTreeMap::new();
        &NOTHING
    }
}

/// The tree that a command plans over.
pub(crate) struct Ground<'s> {
    landing: &'s Landing,
    store: &'s Store,
    branch: Option<RefName>,
    /// Where the branch is in the other repository, when one is to be pushed to.
    there: Option<CommitId>,
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
    /// What it takes away beyond what may be taken without a word. Where there is anything, nothing was written.
    pub(crate) guarded: Vec<Taken>,
    /// For people: what the first changes mean to their reports.
    meant: BTreeMap<TreePath, Vec<Turn>>,
}

impl Landing {
    fn commits(&self) -> bool {
        self.commit || self.push.is_some()
    }

    /// The tree to plan over. What a run that was killed left undone is done first.
    pub(crate) fn ground<'s>(&'s self, store: &'s Store, context: &Context<'_>) -> Result<Ground<'s>, Failure> {
        if (self.commits() || self.write) && store.is_git() && !store.is_bare() {
            store.finish()?;
        }
        let branch = self.branch(store)?;
        let there = self.meet(branch.as_ref(), store)?;
        let (reading, config) = self.read_known(branch.as_ref(), store, context)?;
        Ok(Ground { landing: self, store, branch, there, reading, config })
    }

    /// The tree to plan over, its configuration, and what is known of it.
    fn read_known(
        &self,
        branch: Option<&RefName>,
        store: &Store,
        context: &Context<'_>,
    ) -> Result<(Reading, Config), Failure> {
        let mut reading = self.read(branch, store, context)?;
        let config = configuration(store, &reading, context)?;
        if let Some(commit) = &reading.commit {
            let judging = Judging { store, settings: &config.settings, by: By::Maintainer };
            reading.known = Some(change::standing(&judging, commit)?);
        }
        Ok((reading, config))
    }

    /// Brings the branch here to where it is in the other repository, and says where that is.
    fn meet(&self, branch: Option<&RefName>, store: &Store) -> Result<Option<CommitId>, Failure> {
        match (&self.push, branch) {
            (Some(remote), Some(branch)) => remote::meet(store, remote, branch),
            _ => Ok(None),
        }
    }

    /// The branch to plan for; none where the working tree or what is checked out is meant.
    fn branch(&self, store: &Store) -> Result<Option<RefName>, Failure> {
        match &self.reference {
            Some(reference) => existing_branch(reference, store).map(Some),
            None if !self.commits() => Ok(None),
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
    /// Plans, and writes, commits or pushes the plan where that was asked for. Where the branch moved meanwhile, the plan is
    /// made again over where it is now.
    pub(crate) fn land<P: Planned>(
        mut self,
        context: &Context<'_>,
        progress: &Progress,
        plan: impl Fn(&Reading, &Config) -> Result<P, Failure>,
    ) -> Result<Landed<P>, Failure> {
        let tries_max = if self.landing.push.is_some() { remote::TRIES_MAX } else { TRIES_MAX };
        let mut tries = 0;
        loop {
            progress.say("planning");
            let planned = plan(&self.reading, &self.config)?;
            let guarded = self.guarded(planned.admitted());
            let meant = match context.wants_json() {
                true => BTreeMap::new(),
                false => meant::meant(&self.reading.snapshot, planned.admitted().changes()),
            };
            if !guarded.is_empty() {
                return Ok(Landed { planned, base: self.reading.commit_id(), commit: None, guarded, meant });
            }
            let moved = match self.put(&planned, context, progress) {
                Ok(commit) => {
                    let commit = commit.map(|commit| commit.to_string());
                    return Ok(Landed { planned, base: self.reading.commit_id(), commit, guarded, meant });
                }
                Err(moved) => moved,
            };
            tries += 1;
            if moved.exit() != Exit::BaseMoved || tries > tries_max {
                return Err(moved);
            }
            if self.landing.push.is_some() {
                remote::wait(tries);
            }
            progress.say("the branch moved: planning again");
            self.there = self.landing.meet(self.branch.as_ref(), self.store)?;
            (self.reading, self.config) = self.landing.read_known(self.branch.as_ref(), self.store, context)?;
        }
    }

    fn guarded(&self, admitted: &Admitted) -> Vec<Taken> {
        let kinds = admitted.changes().changes().map(|change| change.kind);
        self.config.guard.beyond(kinds, self.reading.reports(), &self.landing.allow)
    }

    /// Puts a plan where it is to be, and gives the commit, if one was made.
    fn put(
        &self,
        planned: &impl Planned,
        context: &Context<'_>,
        progress: &Progress,
    ) -> Result<Option<CommitId>, Failure> {
        let (admitted, store) = (planned.admitted(), self.store);
        let base = self.reading.commit.as_ref().map(|commit| commit.id);
        let is_empty = admitted.changes().is_empty();
        match (&self.branch, &self.landing.push) {
            (Some(branch), Some(remote)) => {
                progress.say("pushing");
                let there = remote::There { store, remote, branch, tip: self.there };
                if is_empty {
                    return there.push_what_there_is(base).map(|()| None);
                }
                there.push(admitted, base, &planned.message(), context.now()).map(Some)
            }
            (Some(branch), None) if self.landing.commit && !is_empty => {
                progress.say("committing");
                Ok(Some(store.commit(admitted, branch, base, &planned.message(), context.now())?))
            }
            (None, _) if self.landing.write && !is_empty => {
                progress.say("writing");
                store.write_over(admitted, planned.read())?;
                Ok(None)
            }
            _ => Ok(None),
        }
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

fn allowed(text: &str) -> Result<Taken, String> {
    Taken::parse(text).ok_or_else(|| "write withdraw, narrow or remove, `=`, and the number of reports".to_owned())
}

fn configuration(store: &Store, reading: &Reading, context: &Context<'_>) -> Result<Config, Failure> {
    let mut config = reading.config.clone();
    if !store.is_bare() {
        let base = config;
        config = context.config_of_working_tree(store)?;
        // The lists of names are the base's: nobody plans around them.
        config.take_names(base);
    }
    Ok(config)
}
