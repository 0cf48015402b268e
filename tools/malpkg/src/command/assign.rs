//! `malpkg assign`: ids for reports that have none, and other ones after two branches gave the same.

use std::collections::{BTreeMap, BTreeSet};

use curate::{Assigned, IdsError, Numbering};
use database::{Change, ChangeKind, ChangeSet, IDS_FILE, Place, Plan, Rejected, ReportId, Snapshot, TreePath};
use osv_schema::Timestamp;
use rules::{Admitted, Finding};
use store::{Read, Store};

use crate::config::Config;
use crate::context::{Context, Reading};
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{self, Landing, view};
use crate::planning::{held_fast, numbering, rejected};

/// Give ids to the reports that have none, those named MAL-0000-…
///
/// Prints the plan; nothing is written without `--write` or `--commit`. A report whose package has a report already waits:
/// `malpkg merge` joins the two.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// After two branches met that both gave ids: give other ones to reports that are not in REV and have the id of another
    #[arg(long, requires = "base")]
    renumber: bool,

    /// The branch whose reports keep their ids
    #[arg(long, value_name = "REV", requires = "renumber")]
    base: Option<String>,

    #[command(flatten)]
    landing: Landing,

    /// End with exit code 1 if a report got no id
    #[arg(long)]
    strict: bool,
}

/// What one planning came to.
struct Planned {
    plan: Plan,
    admitted: Admitted,
    read: Read,
}

impl landing::Planned for Planned {
    fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    fn message(&self) -> String {
        let ids: Vec<&str> = given(self.admitted.changes()).map(|change| change.id.as_str()).collect();
        let range = match ids[..] {
            [] => "two branches counted together".to_owned(),
            [one] => format!("{one} given"),
            [first, .., last] => format!("{} given, {first} to {last}", count(ids.len(), "id")),
        };
        format!("assign: {range}\n\nReports: {}\nTool: malpkg {}\n", ids.len(), env!("CARGO_PKG_VERSION"))
    }

    fn read(&self) -> &Read {
        &self.read
    }
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let now = context.now();
    let progress = context.progress("reading the reports");
    let before = arguments.base.as_deref().map(|rev| context.at_revision(&store, rev)).transpose()?;
    let before = before.map(|reading| reading.snapshot);
    let ground = arguments.landing.ground(&store, context)?;
    let landed =
        ground.land(context, &progress, |reading, config| plan(&store, reading, before.as_ref(), config, now))?;
    drop(progress);
    let plan = &landed.planned.plan;
    let (given, rejected) = (given(&plan.changes).count(), plan.rejected.len());
    let summary = format!("{} got an id, {rejected} rejected", count(given, "report"));
    view::write(plan, view::Told::of(&landed, &arguments.landing, &summary), context)?;
    Ok(Exit::found(arguments.strict && rejected > 0 || !landed.guarded.is_empty()))
}

/// The reports that get an id; others follow those that get another one.
fn given(changes: &ChangeSet) -> impl Iterator<Item = &Change> {
    changes.changes().filter(|change| change.kind == ChangeKind::Move)
}

/// Plans until the rules admit the plan: a report that they refuse is rejected, and the rest is planned again.
fn plan(
    store: &Store,
    reading: &Reading,
    before: Option<&Snapshot>,
    config: &Config,
    now: Timestamp,
) -> Result<Planned, Failure> {
    let numbering = numbering(store, reading, config)?;
    let (base, read) = held(&reading.snapshot, before, &numbering, now)?;
    let mut refused: BTreeMap<TreePath, Rejected> = BTreeMap::new();
    loop {
        let left_out: BTreeSet<TreePath> = refused.keys().cloned().collect();
        let Assigned { mut plan, was } = match before {
            Some(before) => curate::renumber(&base, before, &numbering, now),
            None => curate::assign(&base, &numbering, &left_out, now),
        }
        .map_err(no_ids)?;
        // The files held fast are those of the working tree, which nothing else is known of.
        let admitted = match &reading.known {
            Some(_) => reading.admit(plan.changes.clone(), &config.settings),
            None => rules::admit(&base, plan.changes.clone(), &config.settings),
        };
        match admitted {
            Ok(admitted) => {
                plan.rejected.extend(refused.into_values());
                plan.rejected.sort_by(|a, b| a.delivery.cmp(&b.delivery));
                return Ok(Planned { plan, admitted, read });
            }
            Err(findings) => {
                let more: BTreeMap<TreePath, Rejected> = findings
                    .iter()
                    .filter_map(|finding| was.get(&finding.path).map(|was| (was.clone(), refusal(was, finding))))
                    .collect();
                if before.is_some() || more.is_empty() {
                    let first = &findings[0];
                    return Err(Failure::new(&first.message).place(&first.path).remedy(&first.remedy));
                }
                refused.extend(more);
            }
        }
    }
}

/// A report that the rules refuse: it keeps the name that it has, and what is said of it speaks of that one.
fn refusal(was: &TreePath, finding: &Finding) -> Rejected {
    let mut rejected = rejected("", was.as_str(), finding);
    if let (Some(old), Some(new)) = (Place::of(was), Place::of(&finding.path)) {
        for text in [&mut rejected.message, &mut rejected.remedy] {
            *text = text.replace(new.stem, old.stem);
        }
    }
    rejected
}

/// The snapshot with the files held fast that the plan takes away or writes anew, and what they hold.
fn held(
    snapshot: &Snapshot,
    before: Option<&Snapshot>,
    numbering: &Numbering,
    now: Timestamp,
) -> Result<(Snapshot, Read), Failure> {
    let renumbered = match before {
        Some(before) => curate::renumber(snapshot, before, numbering, now).map_err(no_ids)?.was,
        None => BTreeMap::new(),
    };
    let taken: BTreeSet<&TreePath> = renumbered.values().collect();
    let is_wanted = |path: &TreePath| match Place::of(path) {
        Some(place) if before.is_none() => ReportId::is_unassigned(place.stem, &numbering.prefix),
        _ => path.as_str() == IDS_FILE || taken.contains(path),
    };
    let paths = snapshot.entries().iter().map(|entry| &entry.path).filter(|path| is_wanted(path));
    Ok(held_fast(snapshot, paths))
}

fn no_ids(error: IdsError) -> Failure {
    Failure::new(error).place(IDS_FILE)
}
