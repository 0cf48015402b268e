//! `malpkg ingest`: what a source sent, into the database.

mod plan;
mod view;

use std::time::Instant;

use store::{CommitError, RefName, Store};

use crate::config::Config;
use crate::context::{Context, Reading};
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;

/// How often a plan is made again because the base moved.
const TRIES_MAX: usize = 8;

/// Take in what a source sent: new packages, and news on known ones
///
/// Prints the plan; nothing is written without `--write` or `--commit`. What cannot be taken is listed with rule,
/// place and remedy, and the rest goes on. Sending the same again changes nothing.
///
/// A source is declared in `malpkg.toml` with two lines: `[source.example]` and `format = "osv"`. Of a folder every file
/// that ends in `.json` is read.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The source, as `malpkg.toml` declares it
    #[arg(long, value_name = "ID")]
    source: String,

    /// Folders and files with its documents, or `-` for standard input; without any, the source's own place
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,

    /// Write the plan to the working tree
    #[arg(long, conflicts_with = "commit")]
    write: bool,

    /// Commit the plan to the current branch
    #[arg(long)]
    commit: bool,

    /// Commit to this branch; needed in a bare repository
    #[arg(long = "ref", value_name = "REF", requires = "commit", conflicts_with = "write")]
    reference: Option<String>,

    /// End with exit code 1 if a delivery was rejected
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let store = context.store()?;
    let now = context.now();
    let progress = context.progress("reading what was sent");
    if (arguments.commit || arguments.write) && store.is_git() && !store.is_bare() {
        // What a run that was killed left undone is done first.
        store.finish()?;
    }
    let branch = branch(arguments, &store)?;
    let mut reading = read_base(arguments, branch.as_ref(), &store, context)?;
    let read = plan::read_deliveries(arguments, configured(arguments, &store, &reading, context)?)?;
    let mut tries = 0;
    let (planned, commit) = loop {
        let config = configured(arguments, &store, &reading, context)?;
        progress.say("planning");
        let planned = plan::plan(&reading, &config, read.clone(), now)?;
        let is_empty = planned.admitted.changes().is_empty();
        if is_empty || !(arguments.commit || arguments.write) {
            break (planned, None);
        }
        progress.say("writing");
        let Some(branch) = &branch else {
            store.write(&planned.admitted)?;
            break (planned, None);
        };
        let base = reading.commit.as_ref().map(|commit| commit.id);
        let message = message(&arguments.source, &planned.tally);
        match store.commit(&planned.admitted, branch, base, &message, now) {
            Ok(commit) => break (planned, Some(commit)),
            Err(CommitError::BaseMoved { .. }) if tries < TRIES_MAX => {
                tries += 1;
                reading = read_base(arguments, Some(branch), &store, context)?;
            }
            Err(error) => return Err(Failure::from(error)),
        }
    };
    drop(progress);
    let base = reading.commit_id();
    let commit = commit.map(|commit| commit.to_string());
    if context.wants_json() {
        view::write_json(arguments, &planned, base, commit, started.elapsed().as_secs_f64(), context)?;
    } else {
        view::write_text(arguments, &planned, commit.as_deref(), context)?;
    }
    Ok(Exit::found(arguments.strict && planned.tally.rejected > 0))
}

/// The branch to commit to; none where nothing is committed.
fn branch(arguments: &Arguments, store: &Store) -> Result<Option<RefName>, Failure> {
    if !arguments.commit {
        return Ok(None);
    }
    match &arguments.reference {
        Some(reference) => existing_branch(reference, store).map(Some),
        None if store.is_bare() => {
            let failure = Failure::new("a bare repository has no branch checked out");
            Err(failure.remedy("name the branch to commit to, for example `--ref main`"))
        }
        None => Ok(Some(store.current_branch()?)),
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

fn read_base(
    arguments: &Arguments,
    branch: Option<&RefName>,
    store: &Store,
    context: &Context<'_>,
) -> Result<Reading, Failure> {
    match branch {
        Some(branch) => context.at_branch(store, branch),
        None if arguments.write => context.at_working_tree(store),
        None => context.at_head(store),
    }
}

/// The configuration: of the base in a bare repository, else of the working tree.
fn configured(
    arguments: &Arguments,
    store: &Store,
    reading: &Reading,
    context: &Context<'_>,
) -> Result<Config, Failure> {
    let config = if store.is_bare() { reading.config.clone() } else { context.config_of_working_tree(store)? };
    config.source(&arguments.source)?;
    Ok(config)
}

/// The commit's message: what came in, and trailers that a program can read.
fn message(source: &str, tally: &plan::Tally) -> String {
    let subject = match (tally.created, tally.joined) {
        (created, 0) => format!("{} created", count(created, "report")),
        (0, joined) => format!("{} joined", count(joined, "delivery").replace("deliverys", "deliveries")),
        (created, joined) => format!("{} created, {joined} joined", count(created, "report")),
    };
    format!(
        "ingest: {subject} from {source}\n\nDeliveries: {}\nSource: {source}\nTool: malpkg {}\n",
        tally.deliveries,
        env!("CARGO_PKG_VERSION")
    )
}
