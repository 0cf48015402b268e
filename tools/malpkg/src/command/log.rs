//! `malpkg log`: what happened to a report, commit by commit, wherever it lay.

use std::collections::BTreeSet;

use database::{Content, Entry, Place, ReportId, TreePath};
use osv_schema::Timestamp;
use serde::Serialize;
use store::{Commit, Lookup, Store};

use crate::context::Context;
use crate::display::Shown;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::resolve::only;
use crate::turned::{TurnV1, Turned, folders, one, read, turned, write_turns};

/// Tell what happened to a report, the newest first: its changes in meaning, wherever it lay
///
/// It is followed when it is withdrawn or reinstated, gets its id, or moves to another folder. Of a merge only what both
/// sides did not have is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The report, as its id, package or path
    #[arg(value_name = "REPORT")]
    report: String,

    /// Begin at this commit; without it, at the newest one
    #[arg(long, value_name = "REV", default_value = "HEAD")]
    rev: String,

    /// Show also the commits that changed only how the report is written
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct LogV1<'l> {
    format: &'static str,
    version: u32,
    id: &'l str,
    package: &'l str,
    path: &'l str,
    changes: Vec<ChangeV1<'l>>,
}

#[derive(Serialize)]
struct ChangeV1<'l> {
    commit: String,
    time: Option<String>,
    author: Option<&'l str>,
    subject: Option<&'l str>,
    path: Option<&'l str>,
    group: &'static str,
    changes: Vec<TurnV1<'l>>,
}

/// A commit that changed the report.
struct Step {
    commit: Commit,
    author: Option<String>,
    subject: Option<String>,
    turned: Turned,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let reading = context.at_revision(&store, &arguments.rev)?;
    let statement = only(&arguments.report, &store, &reading.snapshot)?;
    let Some(commit) = reading.commit.clone() else { return Err(Failure::new("there is no commit here")) };
    let prefix = &reading.config.settings.prefix;
    let mut steps = walk(&store, commit, &statement.path, prefix)?;
    steps.retain(|step| arguments.all || !step.turned.turns.is_empty());
    let id = statement.record.id.as_str().unwrap_or_default();
    let package = statement.package.to_string();
    if context.wants_json() {
        let changes = steps.iter().map(|step| ChangeV1 {
            commit: step.commit.id.to_string(),
            time: time(&step.commit),
            author: step.author.as_deref(),
            subject: step.subject.as_deref(),
            path: step.turned.path.as_ref().map(TreePath::as_str),
            group: step.turned.group(),
            changes: step.turned.turns_v1(),
        });
        let (format, version, path) = ("malpkg.log", 1, statement.path.as_str());
        context.write_json(&LogV1 { format, version, id, package: &package, path, changes: changes.collect() })?;
        return Ok(Exit::Done);
    }
    writeln!(context.out, "{} {} ({})", Shown(id), Shown(&package), Shown(statement.path.as_str()))?;
    for step in &steps {
        let commit = step.commit.id.to_string();
        let (time, author) = (time(&step.commit).unwrap_or_default(), step.author.as_deref().unwrap_or_default());
        let subject = context.tamed_words(step.subject.as_deref().unwrap_or_default());
        writeln!(context.out, "\n{commit:.12} {time} {}: {}", Shown(author), Shown(&subject))?;
        write_turns(&step.turned.turns, "  ", context)?;
    }
    Ok(Exit::Done)
}

fn time(commit: &Commit) -> Option<String> {
    Timestamp::from_unix(commit.time).map(|time| time.to_string())
}

/// Goes back from a commit to the one in which the report first was. A branch on which it is as it is here is followed alone,
/// as git does it.
fn walk(store: &Store, head: Commit, path: &TreePath, prefix: &str) -> Result<Vec<Step>, Failure> {
    let mut lookup = store.lookup()?;
    let mut steps = Vec::new();
    let mut seen = BTreeSet::new();
    // The newest commit first, each with where the report lies in it.
    let mut waiting = vec![(head, path.clone())];
    while let Some(at) = (0..waiting.len()).max_by_key(|&at| (waiting[at].0.time, waiting[at].0.id)) {
        let (commit, path) = waiting.swap_remove(at);
        if !seen.insert(commit.id) {
            continue;
        }
        let Some(here) = lies(&mut lookup, &commit, &path, prefix)? else { continue };
        let mut parents = Vec::new();
        for parent in &commit.parents {
            let parent = store.resolve(&parent.to_string())?;
            let there = match lies(&mut lookup, &parent, &here.path, prefix)? {
                Some(there) => Some(there),
                // Where it is in none of its folders it may have come from another one: that costs a look at all that changed.
                None => elsewhere(store, &parent, &commit, &here.path, prefix)?,
            };
            parents.push((parent, there));
        }
        if let Some((parent, Some(there))) =
            parents.iter().find(|(_, there)| there.as_ref().is_some_and(|there| *there == here))
        {
            waiting.push((parent.clone(), there.path.clone()));
            continue;
        }
        let before = parents.iter().find_map(|(_, there)| there.clone());
        let after = read(store, vec![here])?.pop();
        let before = read(store, before.into_iter().collect())?.pop();
        let (author, subject) = (store.author(commit.id), store.subject(commit.id));
        steps.push(Step { author, subject, turned: one(before, after), commit });
        waiting.extend(parents.into_iter().filter_map(|(parent, there)| Some((parent, there?.path))));
    }
    Ok(steps)
}

/// Where a report lies in a commit: under its name in one of its folders, else as the one without an id there.
fn lies(lookup: &mut Lookup, commit: &Commit, path: &TreePath, prefix: &str) -> Result<Option<Entry>, Failure> {
    let Some(place) = Place::of(path) else { return Ok(None) };
    let mut found: Vec<Entry> = Vec::new();
    for folder in folders(place.folder) {
        found.extend(lookup.files(commit.tree, &folder)?);
    }
    found.retain(|entry| matches!(entry.content, Content::Blob(_)));
    let stem = |entry: &Entry| Place::of(&entry.path).map(|place| place.stem.to_owned());
    if let Some(same) = found.iter().find(|entry| entry.path == *path) {
        return Ok(Some(same.clone()));
    }
    if let Some(same) = found.iter().find(|entry| stem(entry).as_deref() == Some(place.stem)) {
        return Ok(Some(same.clone()));
    }
    let is_alone = found.iter().all(|entry| stem(entry).is_none_or(|stem| ReportId::is_unassigned(&stem, prefix)));
    let mut unassigned = found.into_iter().filter(|entry| stem(entry).is_some());
    Ok(unassigned.next().filter(|_| is_alone))
}

/// The report of the same name that went away from another folder.
fn elsewhere(
    store: &Store,
    parent: &Commit,
    commit: &Commit,
    path: &TreePath,
    prefix: &str,
) -> Result<Option<Entry>, Failure> {
    let (reports, _) = turned(store, parent.tree, commit.tree, prefix)?;
    let was = reports.into_iter().find(|report| report.path.as_ref() == Some(path)).and_then(|report| report.was);
    let Some(was) = was else { return Ok(None) };
    let files = store.lookup()?.files(parent.tree, was.folder())?;
    Ok(files.into_iter().find(|entry| entry.path == was))
}
