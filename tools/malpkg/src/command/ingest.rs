//! `malpkg ingest`: what a source sent, into the database.

use std::path::Path;
use std::time::Instant;

use curate::{Batch, Delivery, Ingested};
use database::{ChangeSet, Plan, Rejected};
use osv_schema::Timestamp;
use rules::{Admitted, Finding};
use serde::Serialize;
use store::{CommitError, RefName, Store};

use crate::command::validate::count;
use crate::config::{Config, SourceFormat};
use crate::context::{Context, Reading};
use crate::display::Shown;
use crate::exit::Exit;
use crate::failure::Failure;

/// How often a plan is made again because the base moved.
const TRIES_MAX: usize = 8;

/// Take in what a source sent: new packages, and news on known ones
///
/// Prints the plan; nothing is written without `--write` or `--commit`. What cannot be taken is listed with rule,
/// place and remedy, and the rest goes on. Sending the same again changes nothing.
///
/// A source is declared in `malpkg.toml` with two lines: `[source.example]` and `format = "osv"`. Of a folder every file
/// that ends in `.json` is read.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The source, as `malpkg.toml` declares it
    #[arg(long, value_name = "ID")]
    source: String,

    /// Folders and files with its documents, or `-` for standard input; without any, the source's own place
    #[arg(value_name = "INPUT")]
    inputs: Vec<String>,

    /// Write the plan to the working tree
    #[arg(long, conflicts_with = "commit")]
    write: bool,

    /// Commit the plan to the current branch
    #[arg(long)]
    commit: bool,

    /// Commit to this branch; needed in a bare repository
    #[arg(long = "ref", value_name = "REF", requires = "commit")]
    reference: Option<String>,

    /// End with exit code 1 if a delivery was rejected
    #[arg(long)]
    strict: bool,
}

/// What one planning came to.
struct Planned {
    admitted: Admitted,
    plan: Plan,
    tally: Tally,
}

/// How many deliveries had which fate.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    deliveries: usize,
    created: usize,
    joined: usize,
    unchanged: usize,
    rejected: usize,
    skipped: usize,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let store = context.store()?;
    let now = context.now();
    let progress = context.progress("reading what was sent");
    let branch = branch(arguments, &store)?;
    let mut reading = read_base(arguments, branch.as_ref(), &store, context)?;
    let read = read_deliveries(arguments, configured(arguments, &store, &reading, context)?)?;
    let mut tries = 0;
    let (planned, commit) = loop {
        let config = configured(arguments, &store, &reading, context)?;
        progress.say("planning");
        let planned = plan(&reading, &config, read.clone(), now)?;
        let is_empty = planned.admitted.changes().is_empty();
        if is_empty || !(arguments.commit || arguments.write) {
            break (planned, None);
        }
        progress.say("writing");
        let Some(branch) = &branch else {
            store.write(&planned.admitted)?;
            break (planned, None);
        };
        let base = reading.commit.as_ref().map(|commit| commit.id);
        let message = message(&arguments.source, &planned.tally);
        match store.commit(&planned.admitted, branch, base, &message, now) {
            Ok(commit) => break (planned, Some(commit)),
            Err(CommitError::BaseMoved { .. }) if tries < TRIES_MAX => {
                tries += 1;
                reading = read_base(arguments, Some(branch), &store, context)?;
            }
            Err(error) => return Err(Failure::from(error)),
        }
    };
    drop(progress);
    let base = reading.commit_id();
    let commit = commit.map(|commit| commit.to_string());
    if context.wants_json() {
        write_json(arguments, &planned, base, commit, started.elapsed().as_secs_f64(), context)?;
    } else {
        write_text(arguments, &planned, commit.as_deref(), context)?;
    }
    Ok(Exit::found(arguments.strict && planned.tally.rejected > 0))
}

/// The branch to commit to; none where nothing is committed.
fn branch(arguments: &Arguments, store: &Store) -> Result<Option<RefName>, Failure> {
    if !arguments.commit {
        return Ok(None);
    }
    match &arguments.reference {
        Some(reference) => Ok(Some(RefName::new(reference)?)),
        None if store.is_bare() => {
            let failure = Failure::new("a bare repository has no branch checked out");
            Err(failure.remedy("name the branch to commit to, for example `--ref main`"))
        }
        None => Ok(Some(store.current_branch()?)),
    }
}

fn read_base(
    arguments: &Arguments,
    branch: Option<&RefName>,
    store: &Store,
    context: &Context<'_>,
) -> Result<Reading, Failure> {
    match branch {
        Some(branch) => context.at_branch(store, branch),
        None if arguments.write => context.at_working_tree(store),
        None => context.at_head(store),
    }
}

/// The configuration: of the base in a bare repository, else of the working tree.
fn configured(
    arguments: &Arguments,
    store: &Store,
    reading: &Reading,
    context: &Context<'_>,
) -> Result<Config, Failure> {
    let config = if store.is_bare() { reading.config.clone() } else { context.config_of_working_tree(store)? };
    config.source(&arguments.source)?;
    Ok(config)
}

/// Deliveries, and documents that are none.
#[derive(Clone)]
struct Read {
    deliveries: Vec<Delivery>,
    rejected: Vec<Rejected>,
}

fn read_deliveries(arguments: &Arguments, config: Config) -> Result<Read, Failure> {
    let source = config.source(&arguments.source)?;
    let own_place = source.from.clone().into_iter().collect();
    let inputs: Vec<String> = if arguments.inputs.is_empty() { own_place } else { arguments.inputs.clone() };
    if inputs.is_empty() {
        let failure = Failure::new(format!("the source `{}` has no place to read from", arguments.source));
        return Err(failure.remedy("name a folder or file, or say `from` in malpkg.toml"));
    }
    let mut read = Read { deliveries: Vec::new(), rejected: Vec::new() };
    for input in inputs {
        let documents = if input == "-" {
            intake::stream::documents("-", &mut std::io::stdin().lock())
                .map_err(|error| Failure::new(format!("cannot read standard input: {error}")))?
        } else {
            intake::folder::documents(Path::new(&input)).map_err(|error| {
                let failure = Failure::new(error.reason).place(error.path.display());
                failure.remedy("name a folder with the documents, a file, or `-` for standard input")
            })?
        };
        for document in documents {
            let delivery = match source.format {
                SourceFormat::Osv => intake::osv::read(&arguments.source, document),
            };
            match delivery {
                Ok(delivery) => read.deliveries.push(delivery),
                Err(rejected) => read.rejected.push(*rejected),
            }
        }
    }
    Ok(read)
}

/// Plans until the rules admit the plan: deliveries behind a report that they refuse are rejected, and the rest is
/// planned again.
fn plan(reading: &Reading, config: &Config, mut read: Read, now: Timestamp) -> Result<Planned, Failure> {
    let settings = &config.settings;
    loop {
        let batch = Batch {
            deliveries: read.deliveries,
            takes_ids_as_aliases: true,
            prefix: settings.prefix.clone(),
            first_number: config.first_number,
        };
        let (mut plan, fates) =
            curate::ingest(&reading.snapshot, &batch, now).map_err(|error| Failure::new(error.to_string()))?;
        let changes = std::mem::take(&mut plan.changes);
        match rules::admit(&reading.snapshot, changes, settings) {
            Ok(admitted) => {
                plan.changes = admitted.changes().clone();
                plan.rejected.extend(read.rejected);
                plan.rejected.sort_by(|a, b| a.delivery.cmp(&b.delivery));
                let tally = tally(&fates, plan.rejected.len());
                return Ok(Planned { admitted, plan, tally });
            }
            Err(findings) => {
                let (kept, refused) = part(batch.deliveries, &fates, &findings);
                if refused.is_empty() {
                    let first = &findings[0];
                    return Err(Failure::new(&first.message).place(&first.path).remedy(&first.remedy));
                }
                read = Read { deliveries: kept, rejected: read.rejected };
                read.rejected.extend(refused);
            }
        }
    }
}

/// Parts the deliveries into those that may stay and those behind a report that the rules refuse.
fn part(deliveries: Vec<Delivery>, fates: &[Ingested], findings: &[Finding]) -> (Vec<Delivery>, Vec<Rejected>) {
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for (delivery, fate) in deliveries.into_iter().zip(fates) {
        let finding = match fate {
            Ingested::Created(path) | Ingested::Joined(path) => findings.iter().find(|finding| finding.path == *path),
            _ => None,
        };
        match finding {
            None => kept.push(delivery),
            Some(finding) => refused.push(Rejected {
                source: delivery.source,
                delivery: delivery.name,
                rule: finding.rule.name,
                pointer: finding.pointer.to_string(),
                message: finding.message.clone(),
                remedy: finding.remedy.clone(),
            }),
        }
    }
    (kept, refused)
}

fn tally(fates: &[Ingested], rejected: usize) -> Tally {
    let of = |is: fn(&Ingested) -> bool| fates.iter().filter(|fate| is(fate)).count();
    let (created, joined) = (of(|f| matches!(f, Ingested::Created(_))), of(|f| matches!(f, Ingested::Joined(_))));
    let (unchanged, skipped) = (of(|f| matches!(f, Ingested::Unchanged(_))), of(|f| matches!(f, Ingested::Skipped)));
    let deliveries = created + joined + unchanged + skipped + rejected;
    Tally { deliveries, created, joined, unchanged, rejected, skipped }
}

/// The commit's message: what came in, and trailers that a program can read.
fn message(source: &str, tally: &Tally) -> String {
    let subject = match (tally.created, tally.joined) {
        (created, 0) => format!("{} created", count(created, "report")),
        (0, joined) => format!("{} joined", count(joined, "delivery").replace("deliverys", "deliveries")),
        (created, joined) => format!("{} created, {joined} joined", count(created, "report")),
    };
    format!(
        "ingest: {subject} from {source}\n\nDeliveries: {}\nSource: {source}\nTool: malpkg {}\n",
        tally.deliveries,
        env!("CARGO_PKG_VERSION")
    )
}

#[derive(Serialize)]
struct IngestV1<'i> {
    format: &'static str,
    version: u32,
    base: Option<String>,
    commit: Option<String>,
    status: &'static str,
    sources: Vec<SourceV1<'i>>,
    rejected: Vec<RejectedV1<'i>>,
    skipped: Vec<SkippedV1<'i>>,
    changes: Vec<ChangeV1<'i>>,
}

#[derive(Serialize)]
struct SourceV1<'i> {
    id: &'i str,
    deliveries: usize,
    created: usize,
    joined: usize,
    unchanged: usize,
    withdrawn: usize,
    rejected: usize,
    skipped: usize,
    cursor: Option<&'i str>,
    seconds: f64,
    error: Option<&'i str>,
}

#[derive(Serialize)]
struct RejectedV1<'i> {
    source: &'i str,
    delivery: &'i str,
    rule: &'i str,
    pointer: &'i str,
    message: &'i str,
    remedy: &'i str,
    quarantine: Option<&'i str>,
}

#[derive(Serialize)]
struct SkippedV1<'i> {
    source: &'i str,
    delivery: &'i str,
    reason: &'i str,
}

#[derive(Serialize)]
struct ChangeV1<'i> {
    kind: &'static str,
    path: &'i str,
    id: &'i str,
    package: &'i str,
}

fn write_json(
    arguments: &Arguments,
    planned: &Planned,
    base: Option<String>,
    commit: Option<String>,
    seconds: f64,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let tally = planned.tally;
    let source = SourceV1 {
        id: &arguments.source,
        deliveries: tally.deliveries,
        created: tally.created,
        joined: tally.joined,
        unchanged: tally.unchanged,
        withdrawn: 0,
        rejected: tally.rejected,
        skipped: tally.skipped,
        cursor: None,
        seconds: (seconds * 1000.0).round() / 1000.0,
        error: None,
    };
    let rejected = planned.plan.rejected.iter().map(|rejected| RejectedV1 {
        source: &rejected.source,
        delivery: &rejected.delivery,
        rule: rejected.rule,
        pointer: &rejected.pointer,
        message: &rejected.message,
        remedy: &rejected.remedy,
        quarantine: None,
    });
    let skipped = planned.plan.skipped.iter().map(|skipped| SkippedV1 {
        source: &skipped.source,
        delivery: &skipped.delivery,
        reason: &skipped.reason,
    });
    let changes = planned.plan.changes.changes().map(|change| ChangeV1 {
        kind: change.kind.word(),
        path: change.path.as_str(),
        id: &change.id,
        package: &change.package,
    });
    context.write_json(&IngestV1 {
        format: "malpkg.ingest",
        version: 1,
        base,
        commit,
        status: "done",
        sources: vec![source],
        rejected: rejected.collect(),
        skipped: skipped.collect(),
        changes: changes.collect(),
    })
}

fn write_text(
    arguments: &Arguments,
    planned: &Planned,
    commit: Option<&str>,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    for rejected in &planned.plan.rejected {
        let (message, remedy) = (context.tamed_words(&rejected.message), context.tamed_words(&rejected.remedy));
        let delivery = Shown(&rejected.delivery).to_string();
        let pointer =
            if rejected.pointer.is_empty() { String::new() } else { format!(" {}", Shown(&rejected.pointer)) };
        writeln!(context.out, "rejected[{}]: {delivery}{pointer}: {}", rejected.rule, Shown(&message))?;
        writeln!(context.out, "  = help: {}", Shown(&remedy))?;
    }
    for skipped in &planned.plan.skipped {
        writeln!(context.out, "skipped: {}: {}", Shown(&skipped.delivery), Shown(&skipped.reason))?;
    }
    let changes = &planned.plan.changes;
    for change in changes.changes() {
        let kind = change.kind.word();
        writeln!(context.out, "{kind:9} {} {} ({})", change.id, Shown(&change.package), Shown(change.path.as_str()))?;
    }
    let Tally { deliveries, created, joined, unchanged, rejected, skipped } = planned.tally;
    writeln!(
        context.out,
        "{}: {deliveries} read, {created} created, {joined} joined, {unchanged} known already, {skipped} skipped, {rejected} rejected",
        arguments.source
    )?;
    let end = match (commit, changes.is_empty()) {
        (_, true) => "nothing to write".to_owned(),
        (Some(commit), false) => format!("committed {commit}"),
        (None, false) if arguments.write => format!("written: {}", files(changes)),
        (None, false) => {
            format!("a plan for {}; `--commit` commits it, `--write` writes it to the working tree", files(changes))
        }
    };
    Ok(writeln!(context.out, "{end}")?)
}

fn files(changes: &ChangeSet) -> String {
    count(changes.edits().len(), "file")
}
