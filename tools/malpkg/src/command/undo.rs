//! `malpkg undo`: what the deliveries of one run brought is taken back.

use std::collections::BTreeSet;

use clap::builder::PossibleValuesParser;
use curate::{Brought, REASONS_AGAINST, Settlement, Undoing};
use database::{Details, Place, Snapshot, TreePath};
use osv_schema::Record;
use store::{Commit, Store};

use crate::context::Context;
use crate::differing::{Differing, differing};
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{Landing, view};
use crate::planning::{Tried, curate};

/// What is decided where one report of several is made.
const DUPLICATE: &str = "duplicate";

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
    let Change { brought, decided, is_of_reports } = change(&store, &commit)?;
    if brought.deliveries() == 0 {
        let failure = Failure::new("this commit brought no delivery").place(&arguments.undone);
        return Err(failure.remedy(remedy(&commit, &decided, is_of_reports)));
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
    if changed + already + rejected == 0 && landed.guarded.is_empty() {
        let failure = Failure::new("nothing that this commit brought is here").place(&arguments.undone);
        return Err(failure.remedy("name a commit of this branch, or the branch that has it: `--ref`"));
    }
    let summary = format!("{} taken back, {already} unchanged, {rejected} rejected", count(changed, "report"));
    view::write(plan, view::Told::of(&landed, &arguments.landing, &summary), context)?;
    Ok(Exit::found(arguments.strict && rejected > 0 || !landed.guarded.is_empty()))
}

/// What a commit did to reports, against the one before it.
#[derive(Default)]
struct Change {
    brought: Brought,
    /// The kinds of its decisions.
    decided: BTreeSet<String>,
    is_of_reports: bool,
}

fn change(store: &Store, commit: &Commit) -> Result<Change, Failure> {
    let mut change = Change::default();
    let parent = commit.parents.first().map(|parent| store.resolve(&parent.to_string())).transpose()?;
    let Some(parent) = parent else {
        let failure = Failure::new("nothing is before this commit: it is the first one").place(commit.id);
        return Err(failure.remedy("name the commit of an ingest"));
    };
    let (differing, gone) = differing(store, parent.tree, commit.tree)?;
    // What stood in another report before was brought by somebody else: it only went from one to another.
    let mut known = Record::default();
    let before = differing.iter().filter_map(|one| one.before.as_ref()).chain(&gone);
    let mut told = Details::default();
    let mut origins = Vec::new();
    for record in before {
        origins.extend(record.origins());
        let details = Details::parse(record.details.as_str().unwrap_or_default());
        told.sections.extend(details.unwrap_or_default().sections);
    }
    known.set_origins(&origins);
    known.details = told.to_string().into();
    for Differing { path, before, after } in differing {
        if let Some(place) = Place::of(&path) {
            change.is_of_reports = true;
            change.brought.add(place.folder, Some(&known), &after);
            let known = before.map(|before| before.decisions()).unwrap_or_default();
            let new = after.decisions().into_iter().filter(|decision| !known.contains(decision));
            for decision in new {
                let is_duplicate = decision.reason.as_str() == Some("duplicate");
                change.decided.extend(if is_duplicate {
                    Some(DUPLICATE.to_owned())
                } else {
                    decision.kind.value().cloned()
                });
            }
        }
    }
    Ok(change)
}

/// What takes a commit back that brought no delivery. Decisions stay on record: another one ends them.
fn remedy(commit: &Commit, decided: &BTreeSet<String>, is_of_reports: bool) -> String {
    let id = format!("{:.12}", commit.id.to_string());
    let has = |kinds: &[&str]| kinds.iter().any(|kind| decided.contains(*kind));
    let mut commands = Vec::new();
    if has(&["withdraw"]) {
        commands.push(format!("`malpkg reinstate --select commit={id} --reason withdrawn-in-error --commit`"));
    }
    if has(&["narrow", "undo"]) {
        commands.push(format!("`malpkg narrow --lift --select commit={id} --reason evidence --commit`"));
    }
    if commands.is_empty() && has(&[DUPLICATE]) {
        return "it made one report of several, which stay one; where that says too much, `malpkg narrow` it".into();
    }
    if commands.is_empty() && has(&["as-found"]) {
        return "it brought what a tree that is taken over lists now, which its next sync replaces: mend it there and ingest \
                again, or `malpkg narrow` what is wrong"
            .into();
    }
    match (commands.is_empty(), is_of_reports) {
        (false, _) if has(&["narrow", "undo"]) => format!(
            "what it decided ends with {}; lifting ends every narrowing and undo of these reports: decide anew what still holds",
            commands.join(" and ")
        ),
        (false, _) => format!("what it decided ends with {}", commands.join(" and ")),
        (true, true) => {
            "name the commit of an ingest; what people decide is decided anew, ids that were given stay".into()
        }
        (true, false) => format!("it changed no report: `git revert {id}` takes it back"),
    }
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
