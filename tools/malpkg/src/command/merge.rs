//! `malpkg merge`: reports without an id become part of the report on their package.

mod met;

use std::collections::BTreeSet;

use curate::{Meeting, Merged, Merging, Met, News, meet_all, restore};
use database::{ChangeSet, Edit, Snapshot, TreePath};

use crate::context::Context;
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{Landing, view};
use crate::planning::{Tried, curate};
use met::Branches;

/// Join the reports that have no id, those named MAL-0000-…, to what there is on their packages
///
/// Prints the plan; nothing is written without `--write` or `--commit`. A report whose package has none yet stays as it
/// is: `malpkg assign` gives it an id. With `--base`, edits by hand of versions and ranges since REV are written down as
/// decisions, so that no source takes them back.
///
/// Where two branches met, in the newest commit or in a merge, rebase or cherry-pick under way, every report that both
/// changed becomes the join of the two, whatever git made of its lines: after git has stopped, `malpkg merge --write` and
/// `git add`. Streams that came in end what they said of other packages, and what was kept aside of a package joins the
/// report on it.
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
        let Branches { both, lone, mut sides } =
            met::met(&store, reading, before.as_ref().and_then(|it| it.commit.as_ref()))?;
        sides.push(News::placed(&reading.snapshot, &config.settings.prefix));
        let holders = met::holders(&store, reading, config, &sides)?;
        let plan = |base: &Snapshot, left_out: &BTreeSet<TreePath>| {
            let wanted: Vec<Met> = both.iter().filter(|met| !left_out.contains(&met.ours.0)).cloned().collect();
            let lone: Vec<_> = lone.iter().filter(|(path, _)| !left_out.contains(path)).cloned().collect();
            let restored = restore(base, &lone);
            let Meeting { changes, was: mut of_met, rejected } = meet_all(base, &wanted);
            let met_changes = changes;
            let changes = after(base, restored.changes, &met_changes);
            of_met.extend(restored.was);
            let (joined, met) = (base.with(&changes), of_met.len());
            let author = || reading.commit.as_ref().and_then(|commit| store.author(commit.id));
            let by = arguments.by.clone().or_else(author);
            let merging = Merging {
                prefix: &config.settings.prefix,
                before: before.as_ref().map(|before| &before.snapshot),
                by: by.as_deref(),
                left_out,
            };
            let Merged { mut plan, mut was, merged, formed, edits } = curate::merge(&joined, &merging, now);
            plan.changes = after(base, changes, &plan.changes);
            // What is not taken says nothing.
            let refused = plan.rejected.iter().filter_map(|one| one.delivery.parse().ok());
            let left_out = &refused.chain(left_out.iter().cloned()).collect();
            let merging = Merging { left_out, ..merging };
            let followed = curate::follow(&base.with(&plan.changes), &sides, &merging, now);
            plan.changes = after(base, plan.changes, &followed.changes);
            let planned = (&base.with(&plan.changes), &plan.changes);
            let gathered = curate::gather(planned, &sides, &holders, &merging, now);
            let ended = gathered.was.len();
            plan.changes = after(base, plan.changes, &gathered.changes);
            curate::leave_out_known(base, &met_changes, &mut plan.changes);
            plan.rejected.extend(rejected.into_iter().chain(followed.rejected).chain(gathered.rejected));
            for (path, files) in of_met.into_iter().chain(followed.was).chain(gathered.was) {
                was.entry(path).or_default().extend(files);
            }
            Tried { plan, was, more: [merged, formed, edits, met, ended] }
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

/// A change of a tree, and another one on top of it.
fn after(base: &Snapshot, mut changes: ChangeSet, later: &ChangeSet) -> ChangeSet {
    for (path, edit) in later.edits() {
        match (edit, later.changes().find(|change| change.path == *path)) {
            (Edit::Put(bytes), Some(change)) => changes.put_report(change.clone(), bytes.clone()),
            (Edit::Put(bytes), None) => changes.put_file(path.clone(), bytes.clone()),
            (Edit::Remove, _) => changes.remove_file(path.clone()),
        }
    }
    // What was put and then taken away was never there.
    let is_there = |path: &TreePath| base.entry(path.as_str()).is_some();
    changes.retain(|path, edit| *edit != Edit::Remove || is_there(path));
    changes
}

/// The commit's message.
fn message(counts: [usize; 5]) -> String {
    let ([merged, formed, edits, ..], version) = (counts, env!("CARGO_PKG_VERSION"));
    let told = told(counts);
    format!("merge: {told}\n\nReports: {merged}\nFormed: {formed}\nEdits: {edits}\nTool: malpkg {version}\n")
}

fn told([merged, formed, edits, met, ended]: [usize; 5]) -> String {
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
    if ended > 0 {
        told.push_str(&format!(", {} told of what stands elsewhere", count(ended, "package")));
    }
    told
}
