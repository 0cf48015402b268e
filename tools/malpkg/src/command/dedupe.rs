//! `malpkg dedupe`: of several reports on one package one stays.

use std::collections::{BTreeMap, BTreeSet};

use curate::Deduped;
use database::{Entry, Facts, IndexError, Key, KeyKind, Report, Snapshot, TreePath};
use rules::{Known, Settings, Standing};

use crate::beside::{beside, stands};
use crate::context::{Context, Reading};
use crate::display::{Shown, count};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{Landing, view};
use crate::planning::{Tried, curate};

/// Make one report of several that stand on one package
///
/// Prints the plan; nothing is written without `--write` or `--commit`. The report that was published first stays and gets
/// all that the others know: their sources, decisions, ids and aliases. The others are withdrawn and lead to it, so that every
/// id that anybody knows finds it. One that was taken back joins one that stands: what people took back stays out. Different
/// packages that share an alias stay as they are.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Who decides it; without it the name that git knows
    #[arg(long, value_name = "WHO")]
    by: Option<String>,

    #[command(flatten)]
    landing: Landing,

    /// End with exit code 1 if reports could not be made one
    #[arg(long)]
    strict: bool,
}

/// The rules by which the index knows where to look.
const RULES: [&str; 2] = ["duplicate-package", "shared-alias"];

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let now = context.now();
    let by = arguments.by.clone().or_else(|| store.who());
    let progress = context.progress("looking for reports on one package");
    let ground = arguments.landing.ground(&store, context)?;
    let landed = ground.land(context, &progress, |reading, config| {
        let mut ties = ties(reading, &config.settings);
        let beside = beside(&reading.snapshot, reading.known.as_ref(), &config.settings.prefix);
        ties.extend(beside.into_iter().map(|(path, standing)| standing.into_iter().chain([path]).collect()));
        let plan = |base: &Snapshot, left_out: &BTreeSet<TreePath>| {
            let Deduped { plan, was, survivors, duplicates } =
                curate::dedupe(base, &ties, by.as_deref(), left_out, now);
            Tried { plan, was, more: [survivors, duplicates] }
        };
        curate(reading, &config.settings, plan, |_, counts| message(*counts, by.as_deref()))
    })?;
    drop(progress);
    let (plan, [survivors, duplicates]) = (&landed.planned.plan, landed.planned.more);
    let rejected = plan.rejected.len();
    let summary = format!("{} made one with {survivors}, {rejected} rejected", count(duplicates, "report"));
    view::write(plan, view::Told::of(&landed, &arguments.landing, &summary), context)?;
    Ok(Exit::found(arguments.strict && rejected > 0 || !landed.guarded.is_empty()))
}

/// The commit's message.
fn message([survivors, duplicates]: [usize; 2], by: Option<&str>) -> String {
    let by = by.map_or_else(String::new, |by| format!("By: {}\n", Shown(by)));
    let told = format!("{} made one with {survivors}", count(duplicates, "report"));
    format!("dedupe: {told}\n\nReports: {duplicates}\n{by}Tool: malpkg {}\n", env!("CARGO_PKG_VERSION"))
}

/// Reports that have a package or an alias in common: from the index, where it was judged by the rules that find them, else
/// from all reports.
fn ties(reading: &Reading, settings: &Settings) -> Vec<BTreeSet<TreePath>> {
    let is_judged = RULES.iter().all(|name| settings.rules().iter().any(|(rule, _)| rule.name == *name));
    if let Some(Ok(ties)) = reading.known.as_ref().filter(|_| is_judged).map(known) {
        return ties;
    }
    let entries: Vec<&Entry> = reading.snapshot.reports().map(|(_, entry)| entry).collect();
    // What cannot be read is tied to nothing; `validate` says what is wrong with it.
    let prefix = &settings.prefix;
    let facts = reading.snapshot.map_each(&entries, |entry, bytes| {
        bytes.ok().and_then(|bytes| Facts::of_report(&Report::read(&entry.path, bytes), prefix))
    });
    let mut by_word: BTreeMap<(KeyKind, String), BTreeSet<TreePath>> = BTreeMap::new();
    for facts in facts.flatten().filter(stands) {
        for kind in [KeyKind::Package, KeyKind::Name] {
            for word in facts.words_of(kind) {
                by_word.entry((kind, word.into_owned())).or_default().insert(facts.path.clone());
            }
        }
    }
    by_word.into_values().filter(|paths| paths.len() > 1).collect()
}

fn known(known: &Standing) -> Result<Vec<BTreeSet<TreePath>>, IndexError> {
    let mut keys: BTreeSet<Key> = BTreeSet::new();
    for rule in RULES {
        for facts in known.found_by(rule)?.iter().filter(|facts| stands(facts)) {
            keys.extend(facts.keys().filter(|key| matches!(key.kind, KeyKind::Package | KeyKind::Name)));
        }
    }
    let mut ties = BTreeSet::new();
    for key in keys {
        let holders = known.holders(&key)?;
        let paths: BTreeSet<TreePath> = holders.into_iter().filter(stands).map(|facts| facts.path).collect();
        if paths.len() > 1 {
            ties.insert(paths);
        }
    }
    Ok(ties.into_iter().collect())
}
