//! `malpkg merge`: reports without an id become part of the report on their package.

use std::collections::BTreeSet;

use curate::{Merged, Merging};
use database::{Snapshot, TreePath};

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
        let plan = |base: &Snapshot, left_out: &BTreeSet<TreePath>| {
            let author = || reading.commit.as_ref().and_then(|commit| store.author(commit.id));
            let by = arguments.by.clone().or_else(author);
            let merging = Merging {
                prefix: &config.settings.prefix,
                before: before.as_ref().map(|before| &before.snapshot),
                by: by.as_deref(),
                left_out,
            };
            let Merged { plan, was, merged, formed, edits } = curate::merge(base, &merging, now);
            Tried { plan, was, more: [merged, formed, edits] }
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

/// The commit's message.
fn message(counts: [usize; 3]) -> String {
    let ([merged, formed, edits], version) = (counts, env!("CARGO_PKG_VERSION"));
    let told = told(counts);
    format!("merge: {told}\n\nReports: {merged}\nFormed: {formed}\nEdits: {edits}\nTool: malpkg {version}\n")
}

fn told([merged, formed, edits]: [usize; 3]) -> String {
    let mut told = format!("{} merged", count(merged, "report"));
    if formed > 0 {
        told.push_str(&format!(", {formed} brought into form"));
    }
    if edits > 0 {
        told.push_str(&format!(", {} by hand written down", count(edits, "edit")));
    }
    told
}
