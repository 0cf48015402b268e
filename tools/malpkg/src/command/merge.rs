//! `malpkg merge`: reports without an id become part of the report on their package.

mod met;

use std::collections::BTreeSet;

use curate::{Meeting, Merged, Merging, Met, meet_all};
use database::{ChangeSet, Edit, Snapshot, TreePath};

use crate::context::Context;
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{Landing, view};
use crate::planning::{Tried, curate};

/// Join the reports that have no id, those named MAL-0000-…, to what there is on their packages
///
/// Prints the plan; nothing is written without `--write` or `--commit`. A report whose package has none yet stays as it
/// is: `malpkg assign` gives it an id. With `--base`, edits by hand of versions and ranges since REV are written down as
/// decisions, so that no source takes them back.
///
/// Where two branches met, in the newest commit or in a merge, rebase or cherry-pick under way, every report that both
/// changed becomes the join of the two, whatever git made of its lines: after git has stopped, `malpkg merge --write` and
/// `git add`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Make decisions of the edits by hand since this commit
    #[arg(long, value_name = "REV")]
    base: Option<String>,

    /// Who made those edits, for example the author of the pull request; without it the author of the commit
    #[arg(long, value_name = "WHO", requires = "base")]
    by: Option<String>,

    #[command(flatten)]
    landing: Landing,

    /// End with exit code 1 if a report could not be merged
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let now = context.now();
    let progress = context.progress("reading the reports");
    let before = arguments.base.as_deref().map(|rev| context.at_revision(&store, rev)).transpose()?;
    let ground = arguments.landing.ground(&store, context)?;
    let landed = ground.land(context, &progress, |reading, config| {
        let met = met::met(&store, reading)?;
        let plan = |base: &Snapshot, left_out: &BTreeSet<TreePath>| {
            let wanted: Vec<Met> = met.iter().filter(|met| !left_out.contains(&met.ours.0)).cloned().collect();
            let Meeting { changes, was: of_met, rejected } = meet_all(base, &wanted);
            let (base, met) = (&base.with(&changes), of_met.len());
            let author = || reading.commit.as_ref().and_then(|commit| store.author(commit.id));
            let by = arguments.by.clone().or_else(author);
            let merging = Merging {
                prefix: &config.settings.prefix,
                before: before.as_ref().map(|before| &before.snapshot),
                by: by.as_deref(),
                left_out,
            };
            let Merged { mut plan, mut was, merged, formed, edits } = curate::merge(base, &merging, now);
            plan.changes = after(changes, &plan.changes);
            plan.rejected.extend(rejected);
            for (path, files) in of_met {
                was.entry(path).or_default().extend(files);
            }
            Tried { plan, was, more: [merged, formed, edits, met] }
        };
        curate(reading, &config.settings, plan, |_, counts| message(*counts))
    })?;
    drop(progress);
    let plan = &landed.planned.plan;
    let rejected = plan.rejected.len();
    let summary = format!("{}, {rejected} rejected", told(landed.planned.more));
    view::write(plan, view::Told::of(&landed, &arguments.landing, &summary), context)?;
    Ok(Exit::found(arguments.strict && rejected > 0 || !landed.guarded.is_empty()))
}

/// A change, and another one on top of it.
fn after(mut changes: ChangeSet, later: &ChangeSet) -> ChangeSet {
    for (path, edit) in later.edits() {
        match (edit, later.changes().find(|change| change.path == *path)) {
            (Edit::Put(bytes), Some(change)) => changes.put_report(change.clone(), bytes.clone()),
            (Edit::Put(bytes), None) => changes.put_file(path.clone(), bytes.clone()),
            (Edit::Remove, _) => changes.remove_file(path.clone()),
        }
    }
    changes
}

/// The commit's message.
fn message(counts: [usize; 4]) -> String {
    let ([merged, formed, edits, _], version) = (counts, env!("CARGO_PKG_VERSION"));
    let told = told(counts);
    format!("merge: {told}\n\nReports: {merged}\nFormed: {formed}\nEdits: {edits}\nTool: malpkg {version}\n")
}

fn told([merged, formed, edits, met]: [usize; 4]) -> String {
    let mut told = format!("{} merged", count(merged, "report"));
    if formed > 0 {
        told.push_str(&format!(", {formed} brought into form"));
    }
    if edits > 0 {
        told.push_str(&format!(", {} by hand written down", count(edits, "edit")));
    }
    if met > 0 {
        told.push_str(&format!(", {met} of two branches joined"));
    }
    told
}
