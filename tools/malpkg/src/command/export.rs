//! `malpkg export`: a commit as everything that consumers download.

use std::collections::BTreeSet;
use std::path::PathBuf;

use export::{CommitFacts, Held, Input, Manifest, Target};
use rules::Level;
use serde::Serialize;

use crate::context::{Context, Reading, with_sources};
use crate::display::{Shown, count};
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

    /// Write only these targets: `zip`, `ndjson`, `sqlite`, `verdicts`, `filter`, `parquet`
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
    refuse_held(arguments, &held)?;
    progress.say("writing the release");
    let targets = if arguments.only.is_empty() { Target::ALL.to_vec() } else { arguments.only.clone() };
    let listed = reading.commit.as_ref().map(|commit| crate::listed::listed(&store, commit)).transpose()?;
    let input = Input {
        snapshot: &reading.snapshot,
        listed: listed.as_ref(),
        home: reading.config.home.as_deref(),
        commit: commit_facts(&store, &reading)?,
        held: &held,
        targets: targets.into_iter().collect::<BTreeSet<_>>(),
        tool: concat!("malpkg ", env!("CARGO_PKG_VERSION")),
        licence: LICENCE,
    };
    let quiet = |_: export::Progress| {};
    let manifest = export::replace(&arguments.out, |dir| {
        let manifest = export::write(&input, dir, &quiet)?;
        // What no release can hold is known only now; the old release is still there.
        refuse_held(arguments, &manifest.held)?;
        Ok::<_, Failure>(manifest)
    })?;
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
        write_text(arguments, &manifest, &reading, context)?;
    }
    Ok(Exit::found(!manifest.held.is_empty()))
}

/// With `--strict` a report that would be held refuses the release.
fn refuse_held(arguments: &Arguments, held: &[Held]) -> Result<(), Failure> {
    match held.first() {
        Some(first) if arguments.strict => {
            let message =
                format!("{} would be held; the first breaks the rule {}", count(held.len(), "report"), first.rule);
            Err(Failure::new(message).place(&first.path).remedy("`malpkg validate` shows all findings"))
        }
        _ => Ok(()),
    }
}

impl From<export::Error> for Failure {
    fn from(error: export::Error) -> Failure {
        Failure::new(with_sources(&error))
    }
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

fn write_text(
    arguments: &Arguments,
    manifest: &Manifest,
    reading: &Reading,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let out = arguments.out.to_string_lossy().into_owned();
    for held in &manifest.held {
        writeln!(context.out, "held: {} ({})", Shown(&held.path), held.rule)?;
    }
    let reports = count(manifest.counts.reports, "report");
    let commit = manifest.commit.as_deref().map(|commit| &commit[..commit.len().min(12)]);
    let from = commit.map_or("the folder".to_owned(), |commit| format!("commit {commit}"));
    let files = count(manifest.files.len(), "file");
    writeln!(context.out, "{reports} of {from} published in {}: {files} and their manifest", Shown(&out))?;
    if !manifest.held.is_empty() {
        writeln!(context.out, "{} held, each for the rule named behind it", count(manifest.held.len(), "report"))?;
    }
    if !context.general.quiet {
        write_next(arguments, manifest, reading, context)?;
    }
    Ok(())
}

/// What to try next, with the program as it was called and a report that is there.
fn write_next(
    arguments: &Arguments,
    manifest: &Manifest,
    reading: &Reading,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let program = shell_word(&context.program);
    let repo = context.general.repo.as_ref().map(|repo| format!(" --repo {}", shell_word(&repo.to_string_lossy())));
    let repo = repo.unwrap_or_default();
    writeln!(context.out, "\nWhat to try next:")?;
    if let Some(what) = example(reading) {
        writeln!(context.out, "  {program}{repo} query {what}    is this package malicious?")?;
    }
    writeln!(context.out, "  {program}{repo} validate    is the database right?")?;
    if manifest.files.contains_key("all.zip") {
        let archive = arguments.out.join("all.zip");
        writeln!(context.out, "  unzip -l {}    what scanners read", shell_word(&archive.to_string_lossy()))?;
    }
    Ok(())
}

/// Something to ask about: the best-known package of all, or else the first report.
fn example(reading: &Reading) -> Option<String> {
    const BEST_KNOWN: &str = "npm/event-stream";
    let is_there = reading.snapshot.reports().any(|(place, _)| place.folder == BEST_KNOWN);
    let first = || reading.snapshot.reports().next().map(|(place, _)| Shown(place.stem).to_string());
    if is_there { Some(format!("{BEST_KNOWN}@3.3.6")) } else { first() }
}

/// A word as a shell takes it for one.
fn shell_word(word: &str) -> String {
    let word = Shown(word).to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@=:,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
