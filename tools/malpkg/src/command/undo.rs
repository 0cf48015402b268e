//! `malpkg undo`: what the deliveries of one run brought is taken back.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use curate::{Brought, REASONS_AGAINST, Settlement, Undoing};
use database::{Entry, Place, Report, Snapshot, TreePath};
use osv_schema::Record;
use store::{Commit, Store};

use crate::context::Context;
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{Landing, view};
use crate::planning::{Tried, curate};

/// Take back what the deliveries of a commit brought
///
/// Prints the plan; nothing is written without `--write` or `--commit`. Reports that nobody else speaks for are withdrawn,
/// the others mean again what the rest says, wherever they are by now. Ids and cursors stay, and every delivery stays on
/// record. It holds whatever the same sources send later.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The commit, as `malpkg ingest` made it
    #[arg(value_name = "COMMIT")]
    undone: String,

    /// Why it is taken back
    #[arg(long, value_name = "CODE", default_value = "source-retracted", value_parser = PossibleValuesParser::new(REASONS_AGAINST))]
    reason: String,

    /// What else there is to say
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,

    /// Who decides it; without it the name that git knows
    #[arg(long, value_name = "WHO")]
    by: Option<String>,

    #[command(flatten)]
    landing: Landing,

    /// End with exit code 1 if a report could not be taken back
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let now = context.now();
    let progress = context.progress("reading the commit");
    let commit = store.resolve(&arguments.undone)?;
    let brought = brought(&store, &commit)?;
    if brought.deliveries() == 0 {
        let failure = Failure::new("this commit brought no delivery").place(&arguments.undone);
        return Err(failure.remedy("name the commit of an ingest; `git revert` takes back others"));
    }
    let note = format!("undo of {}", commit.id);
    let undoing = Undoing {
        reason: arguments.reason.clone(),
        note: arguments.note.as_ref().map_or(note.clone(), |more| format!("{note}: {more}")),
        by: arguments.by.clone().or_else(|| store.who()),
    };
    let ground = arguments.landing.ground(&store, context)?;
    let landed = ground.land(context, &progress, |reading, config| {
        let plan = |base: &Snapshot, left_out: &BTreeSet<TreePath>| {
            let Settlement { plan, was, .. } = curate::undo(base, &brought, &undoing, left_out, now);
            let was = was.into_iter().map(|(path, was)| (path, vec![was])).collect();
            Tried { plan, was, more: () }
        };
        curate(reading, &config.settings, plan, |plan, ()| message(&commit, &undoing, plan.changes.changes().len()))
    })?;
    drop(progress);
    let plan = &landed.planned.plan;
    let (changed, already, rejected) = (plan.changes.changes().len(), plan.skipped.len(), plan.rejected.len());
    let summary = format!("{} taken back, {already} unchanged, {rejected} rejected", count(changed, "report"));
    view::write(plan, view::Told::of(&landed, &arguments.landing, &summary), context)?;
    Ok(Exit::found(arguments.strict && rejected > 0 || !landed.guarded.is_empty()))
}

/// What a commit brought, against the one before it.
fn brought(store: &Store, commit: &Commit) -> Result<Brought, Failure> {
    let mut brought = Brought::default();
    let parent = commit.parents.first().map(|parent| store.resolve(&parent.to_string())).transpose()?;
    let Some(parent) = parent else {
        let failure = Failure::new("nothing is before this commit: it is the first one").place(commit.id);
        return Err(failure.remedy("name the commit of an ingest"));
    };
    let differences = store.difference(parent.tree, commit.tree)?;
    let entry = |path: &TreePath, content: &Option<database::Content>| {
        Some(Entry { path: path.clone(), content: content.clone()? })
    };
    let side = |entries: Vec<Entry>| -> Result<Vec<(TreePath, Record)>, Failure> {
        let reports: Vec<&Entry> = entries.iter().filter(|entry| Place::of(&entry.path).is_some()).collect();
        let read =
            store.blobs()?.map(&reports, |entry, bytes| bytes.map(|bytes| Report::read(&entry.path, bytes).record));
        let mut records = Vec::new();
        for (entry, read) in reports.iter().zip(read) {
            records.extend(read?.map(|record| (entry.path.clone(), record)));
        }
        Ok(records)
    };
    let before = side(differences.iter().filter_map(|one| entry(&one.path, &one.before)).collect())?;
    let after = side(differences.iter().filter_map(|one| entry(&one.path, &one.after)).collect())?;
    // What stood in another report before was brought by somebody else: it only went from one to another.
    let mut known = Record::default();
    known.set_origins(&before.iter().flat_map(|(_, record)| record.origins()).collect::<Vec<_>>());
    for (path, record) in &after {
        if let Some(place) = Place::of(path) {
            brought.add(place.folder, Some(&known), record);
        }
    }
    Ok(brought)
}

/// The commit's message.
fn message(commit: &Commit, undoing: &Undoing, reports: usize) -> String {
    let by = undoing.by.as_deref().map_or_else(String::new, |by| format!("By: {}\n", Shown(by)));
    format!(
        "undo: {} taken back that {:.12} brought\n\nUndoes: {}\nReports: {reports}\nReason: {}\n{by}Tool: malpkg {}\n",
        count(reports, "report"),
        commit.id.to_string(),
        commit.id,
        undoing.reason,
        env!("CARGO_PKG_VERSION")
    )
}
