//! `malpkg export`: a commit as everything that consumers download.

use std::collections::BTreeSet;
use std::path::PathBuf;

use export::{CommitFacts, Held, Input, Manifest, Target};
use rules::Level;
use serde::Serialize;

use crate::command::validate::count;
use crate::context::{Context, Reading, with_sources};
use crate::display::Shown;
use crate::exit::Exit;
use crate::failure::Failure;

/// The license of the data, as SPDX names it.
const LICENCE: &str = "Apache-2.0";

/// Write a release: archives and lists of all reports of a commit
///
/// The folder is one whole release before and after, whatever happens in between. A report with errors is held: it is
/// not in the release, it is listed in the manifest with the rule that it breaks, and the exit code is 1.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the release: a new one, an empty one, or an older release
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// The revision to publish; without it the newest commit
    #[arg(long, value_name = "REV")]
    rev: Option<String>,

    /// Write only these targets: `zip`, `ndjson`
    #[arg(long, value_name = "TARGET,…", value_delimiter = ',')]
    only: Vec<Target>,

    /// Refuse the release if a report would be held
    #[arg(long)]
    strict: bool,
}

#[derive(Serialize)]
struct ExportV1<'e> {
    format: &'static str,
    version: u32,
    commit: Option<&'e str>,
    out: String,
    reports: usize,
    files: usize,
    held: &'e [Held],
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let progress = context.progress("reading the tree");
    let reading = match &arguments.rev {
        Some(rev) => context.at_revision(&store, rev)?,
        None => context.at_head(&store)?,
    };
    progress.say("checking the reports");
    let held = held(&context.validate(&reading)?, &reading)?;
    if let (true, Some(first)) = (arguments.strict, held.first()) {
        let message =
            format!("{} would be held; the first breaks the rule {}", count(held.len(), "report"), first.rule);
        return Err(Failure::new(message).place(&first.path).remedy("`malpkg validate` shows all findings"));
    }
    progress.say("writing the release");
    let targets = if arguments.only.is_empty() { Target::ALL.to_vec() } else { arguments.only.clone() };
    let input = Input {
        snapshot: &reading.snapshot,
        commit: commit_facts(&store, &reading)?,
        held: &held,
        targets: targets.into_iter().collect::<BTreeSet<_>>(),
        tool: concat!("malpkg ", env!("CARGO_PKG_VERSION")),
        licence: LICENCE,
    };
    let quiet = |_: export::Progress| {};
    let manifest = export::replace(&arguments.out, |dir| export::write(&input, dir, &quiet))
        .map_err(|error| Failure::new(with_sources(&error)))?;
    drop(progress);
    if context.wants_json() {
        context.write_json(&ExportV1 {
            format: "malpkg.export",
            version: 1,
            commit: manifest.commit.as_deref(),
            out: arguments.out.to_string_lossy().into_owned(),
            reports: manifest.counts.reports,
            files: manifest.files.len(),
            held: &manifest.held,
        })?;
    } else {
        write_text(arguments, &manifest, context)?;
    }
    Ok(Exit::found(!manifest.held.is_empty()))
}

/// The reports that have errors. One id for two reports refuses the release: nobody could say which one it names.
fn held(validation: &rules::Validation, reading: &Reading) -> Result<Vec<Held>, Failure> {
    let errors: Vec<_> = validation.findings.iter().filter(|finding| finding.level == Level::Error).collect();
    if let Some(twice) = errors.iter().find(|finding| finding.rule.name == "duplicate-id") {
        return Err(Failure::new(&twice.message).place(&twice.path).remedy(&twice.remedy));
    }
    let of_path = |path: &str, id: &str, rule: &str| Held { id: id.into(), path: path.into(), rule: rule.into() };
    let mut held: Vec<Held> = errors
        .iter()
        .filter(|finding| database::Place::of(&finding.path).is_some())
        .map(|finding| of_path(finding.path.as_str(), &finding.id, finding.rule.name))
        .collect();
    let prefix = &reading.config.settings.prefix;
    for (place, entry) in reading.snapshot.reports() {
        if database::ReportId::is_unassigned(place.stem, prefix) {
            held.push(of_path(entry.path.as_str(), place.stem, "unassigned"));
        }
    }
    held.sort_by(|a, b| a.path.cmp(&b.path));
    held.dedup_by(|a, b| a.path == b.path);
    Ok(held)
}

fn commit_facts(store: &store::Store, reading: &Reading) -> Result<Option<CommitFacts>, Failure> {
    let (Some(commit), Some(time)) = (&reading.commit, reading.commit_time()) else { return Ok(None) };
    Ok(Some(CommitFacts {
        id: commit.id.to_string(),
        tree: commit.tree.to_string(),
        time,
        sequence: store.sequence(commit.id)?,
        parent: commit.parents.first().map(ToString::to_string),
    }))
}

fn write_text(arguments: &Arguments, manifest: &Manifest, context: &mut Context<'_>) -> Result<(), Failure> {
    let out = arguments.out.to_string_lossy().into_owned();
    for held in &manifest.held {
        writeln!(context.out, "held: {} ({})", Shown(&held.path), held.rule)?;
    }
    let reports = count(manifest.counts.reports, "report");
    let from = manifest
        .commit
        .as_deref()
        .map_or("the folder".to_owned(), |commit| format!("commit {}", &commit[..12.min(commit.len())]));
    writeln!(context.out, "{reports} of {from} published in {}: {} files", Shown(&out), manifest.files.len() + 1)?;
    if !manifest.held.is_empty() {
        writeln!(context.out, "{} held: `malpkg validate` says why", count(manifest.held.len(), "report"))?;
    }
    let example = example(manifest);
    writeln!(context.out, "\nWhat to try next:")?;
    writeln!(context.out, "  malpkg query {example}    is this package malicious?")?;
    writeln!(context.out, "  malpkg validate    is the database right?")?;
    writeln!(context.out, "  unzip -l {}    what scanners read", Shown(&format!("{out}/all.zip")))?;
    Ok(())
}

/// A package to ask about: the best-known one.
fn example(_: &Manifest) -> &'static str {
    "npm/event-stream@3.3.6"
}
