//! `malpkg validate`: is this database right, or is this change?

mod github;
mod json;
mod record;
mod sarif;
mod text;
mod told;

use std::path::PathBuf;

use database::Snapshot;
use rules::{By, Finding};
use store::{Commit, Store};

use crate::arguments::Format;
use crate::change::{self, Head, Judging};
use crate::context::{Context, Reading};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::tree_path;
use told::{Status, Told};

/// Check the reports of the database, and say what is wrong and how to mend it
///
/// Checks the working tree where there is one, else the newest commit. All findings come at once, sorted, each with
/// its place. The exit code is 1 if one of them is an error; `malpkg explain RULE` tells more about a rule.
///
/// With `--base` a change is judged: only what it brings counts, and what was there before is counted beside it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Show only what is found at these files and folders; everything is checked all the same
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// Check this revision
    #[arg(long, value_name = "REV", group = "judged")]
    rev: Option<String>,

    /// Check what is staged in git's index
    #[arg(long, group = "judged")]
    index: bool,

    /// Check the files as they lie in the working tree
    #[arg(long, group = "judged")]
    working_tree: bool,

    /// Judge the change since this revision and what is checked parted
    #[arg(long, value_name = "REV")]
    base: Option<String>,

    /// Judge the change from exactly this revision
    #[arg(long, value_name = "REV", conflicts_with = "base")]
    base_exact: Option<String>,

    /// Judge it as a stranger's change: reports and texts, and nothing that the tools write
    #[arg(long)]
    contribution: bool,

    /// Check records on their own: files, folders, or `-` for standard input
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["judged", "base", "base_exact", "contribution", "paths"])]
    record: Vec<PathBuf>,

    /// Take warnings for errors
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if !arguments.record.is_empty() {
        let judged = record::judge(&arguments.record, arguments.strict, context)?;
        // What could not be read costs nothing of the rest, and findings weigh more than it.
        if let Some(failure) = judged.failed.filter(|_| !judged.told.verdict.is_found()) {
            return Err(failure);
        }
        let source = |_: Status, finding: &Finding| judged.sources.get(&finding.path).cloned();
        return view(&judged.told, &source, None, context);
    }
    let store = context.store()?;
    let base = arguments.base.as_ref().or(arguments.base_exact.as_ref());
    match base {
        Some(base) => judge_change(arguments, base, &store, context),
        None if arguments.contribution => Err(Failure::new("`--contribution` judges a change, and there is no base")
            .remedy("name the branch that it is meant for: `--base main`")),
        None => judge_all(arguments, &store, context),
    }
}

/// Judges a whole tree.
fn judge_all(arguments: &Arguments, store: &Store, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let progress = context.progress("reading the tree");
    let reading = match &arguments.rev {
        Some(rev) => context.at_revision(store, rev)?,
        None if arguments.index => context.at_index(store)?,
        None if arguments.working_tree || !store.is_bare() => context.at_working_tree(store)?,
        None => context.at_head(store)?,
    };
    let shown = shown_paths(&arguments.paths, store, Some(&reading.snapshot))?;
    progress.say("checking the reports");
    let mut validation = rules::validate(&reading.snapshot, &reading.config.settings);
    let unread = change::not_here(&validation.unread)?;
    let indexed = if store.is_git() {
        change::new_index(store, &reading.snapshot, &mut validation, &reading.config.settings)
    } else {
        None
    };
    drop(progress);
    let mut told = Told::of_snapshot(validation, |finding| is_shown(finding, &shown), arguments.strict);
    (told.rev, told.unread) = (reading.commit_id(), unread);
    let read = |_: Status, finding: &Finding| {
        let entry = reading.snapshot.entry(finding.path.as_str())?;
        reading.snapshot.read(entry).ok()
    };
    let exit = std::thread::scope(|scope| {
        // While it is shown what was found, the index is written.
        scope.spawn(|| indexed.as_ref().map(|indexed| change::keep_index(store, indexed)));
        view(&told, &read, reading.config.home.as_deref(), context)
    });
    // The program ends here, and giving back millions of texts one by one would only take time.
    std::mem::forget((told, indexed, reading));
    exit
}

/// Judges a change against what it is meant for.
fn judge_change(arguments: &Arguments, base: &str, store: &Store, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if !store.is_git() {
        return Err(Failure::new("a change is judged between commits, and this is a plain folder")
            .remedy("leave out `--base`, or name a git repository with `--repo`"));
    }
    let progress = context.progress("looking for what changed");
    let is_of_files = arguments.rev.is_none() && (arguments.index || arguments.working_tree || !store.is_bare());
    let commit = match &arguments.rev {
        Some(rev) => Some(store.resolve(rev)?),
        None => store.head()?,
    };
    let base = match (&commit, arguments.base.is_some()) {
        (_, false) => store.resolve(base)?,
        (Some(head), true) => parting(store, base, head)?,
        (None, true) => return Err(no_parting(base, "the branch that is checked out has no commit yet")),
    };
    let reading: Option<Reading> = match (is_of_files, arguments.index) {
        (true, true) => Some(context.at_index(store)?),
        (true, false) => Some(context.at_working_tree(store)?),
        (false, _) => None,
    };
    let head = match (&reading, &commit) {
        (Some(reading), _) => Head::Snapshot(&reading.snapshot),
        (None, Some(commit)) => {
            // A configuration that nobody can read is no change to judge but a failure, as everywhere.
            context.config_of(store, commit)?;
            Head::Tree(commit.tree)
        }
        (None, None) => return Err(Failure::new("the repository has no commit yet").remedy("commit the reports first")),
    };
    let shown = shown_paths(&arguments.paths, store, None)?;
    // A change does not judge itself: what the base asks counts.
    let config = context.config_of(store, &base)?;
    progress.say("judging the change");
    let by = if arguments.contribution { By::Stranger } else { By::Maintainer };
    let judging = Judging { store, settings: &config.settings, by };
    let mut compared = change::compare(&judging, &base, &head)?;
    drop(progress);
    let shows = |finding: &Finding| is_shown(finding, &shown);
    let mut told = Told::of_change(&mut compared, shows, shown.is_empty(), arguments.strict, &config.settings);
    told.rev = commit.filter(|_| !is_of_files).map(|commit| commit.id.to_string());
    told.base = Some(base.id.to_string());
    let read = |status: Status, finding: &Finding| {
        let side = if status == Status::Healed { &compared.before } else { &compared.after };
        side.get(&finding.path).map(|bytes| bytes.to_vec())
    };
    view(&told, &read, config.home.as_deref(), context)
}

/// The commit at which the base and what is judged parted.
pub(crate) fn parting(store: &Store, base: &str, head: &Commit) -> Result<Commit, Failure> {
    let commit = store.resolve(base)?;
    match store.merge_base(commit.id, head.id) {
        Ok(Some(parting)) => Ok(parting),
        Ok(None) => Err(no_parting(base, "the two have no commit in common")),
        Err(store::Error::Shallow) => {
            Err(no_parting(base, "the clone is shallow, and its history ends before they meet"))
        }
        Err(error) => Err(error.into()),
    }
}

fn no_parting(base: &str, why: &str) -> Failure {
    Failure::new(format!("there is no merge base of `{base}` and what is judged: {why}")).remedy(format!(
        "run `git fetch --unshallow` (or `git fetch origin {base}`), or judge against `--base-exact {base}`"
    ))
}

/// Shows what was found, and says it with the exit code.
fn view(
    told: &Told,
    source: &text::Source<'_>,
    home: Option<&str>,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    match context.general.format {
        Format::Text | Format::Markdown => text::write(told, source, context)?,
        Format::Json => json::write(told, context)?,
        Format::Sarif => sarif::write(told, home, context)?,
        Format::Github => github::write(told, context)?,
    }
    Ok(Exit::found(told.verdict.is_found()))
}

fn is_shown(finding: &Finding, shown: &[String]) -> bool {
    shown.is_empty() || shown.iter().any(|path| finding.path.is_in(path))
}

/// The paths in the tree that the arguments mean. Without a list of what there is, any path may be one.
fn shown_paths(paths: &[String], store: &Store, snapshot: Option<&Snapshot>) -> Result<Vec<String>, Failure> {
    let in_tree = |given: &String| {
        tree_path(given, store, snapshot).ok_or_else(|| {
            let failure = Failure::new("no file of the database has this path").place(given);
            failure.remedy("name a file or folder below `osv`, from the root of the database")
        })
    };
    paths.iter().map(in_tree).collect()
}
