//! `malpkg ingest`: what sources sent, into the database.

mod explain;
pub(crate) mod fates;
mod judging;
pub(crate) mod looking;
mod plan;
mod reading;
mod tally;
mod view;

use std::time::Instant;

use crate::context::Context;
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{Landed, Landing};
use plan::Planned;
use tally::Tally;

/// Take in what sources sent: new packages, and news on known ones
///
/// Prints the plan; nothing is written without `--write` or `--commit`. What cannot be taken is listed with rule,
/// place and remedy, and the rest goes on. Sending the same again changes nothing.
///
/// A source is declared in `malpkg.toml` with two lines: `[source.example]` and `format = "osv"`. Of a folder every file
/// that ends in `.json` is read. Without `--source` every declared source that has a place and is not paused is read, all
/// of them into one commit; one that fails is told, and does not stop the others.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The source, as `malpkg.toml` declares it; several with commas or again
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    source: Vec<String>,

    /// Folders and files with the documents of one source, or `-` for standard input; without any, the source's own place
    #[arg(value_name = "INPUT", requires = "source")]
    inputs: Vec<String>,

    #[command(flatten)]
    landing: Landing,

    /// Tell what becomes of single deliveries, and why: those of this name, id, hash, package or report, or all of a source
    ///
    /// One that is not among what is read is looked for in the reports and in the quarantine.
    #[arg(long, value_name = "ID")]
    explain: Option<String>,

    /// End with exit code 1 if a delivery was rejected
    #[arg(long)]
    strict: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let started = Instant::now();
    let store = context.store()?;
    let now = context.now();
    let progress = context.progress("reading what was sent");
    let ground = arguments.landing.ground(&store, context)?;
    let read = reading::read(arguments, &ground, &store, now, &progress)?;
    let landed = ground.land(context, &progress, |reading, config| {
        plan::plan(&read, &arguments.landing.allow, reading, config, now)
    })?;
    drop(progress);
    if context.wants_json() {
        view::write_json(&landed, started.elapsed().as_secs_f64(), context)?;
    } else {
        view::write_text(arguments, &landed, context)?;
    }
    let rejected: usize = landed.planned.sources.iter().map(|source| source.tally.rejected).sum();
    if arguments.strict && rejected > 0 || status(&landed) == "guarded" {
        return Ok(Exit::Found);
    }
    Ok(if status(&landed) == "partial" { Exit::Failed } else { Exit::Done })
}

/// How a run ended, in the word of the interface.
fn status(landed: &Landed<Planned>) -> &'static str {
    let sources = &landed.planned.sources;
    if !landed.guarded.is_empty() || sources.iter().any(|source| !source.guarded.is_empty()) {
        "guarded"
    } else if sources.iter().any(|source| source.failure.is_some()) {
        "partial"
    } else {
        "done"
    }
}

/// The commit's message: what came in, and trailers that a program can read.
fn message(planned: &Planned) -> String {
    let taken: Vec<_> = planned.sources.iter().filter(|source| source.is_taken()).collect();
    let mut all = Tally::default();
    taken.iter().for_each(|source| all.add(&source.tally));
    let deliveries = |number: usize| count(number, "delivery");
    let told = [
        (all.created, format!("{} created", count(all.created, "report"))),
        (all.joined, format!("{} joined", deliveries(all.joined))),
        (all.withdrawn, format!("{} taken back", deliveries(all.withdrawn))),
        (all.rejected, format!("{} set aside", count(all.rejected, "document"))),
    ];
    let told: Vec<String> = told.into_iter().filter(|(number, _)| *number > 0).map(|(_, told)| told).collect();
    let changed = planned.plan.changes.changes().len();
    let subject = match told[..] {
        // What was known already can count again, or count no more.
        [] if changed > 0 => format!("{} changed", count(changed, "report")),
        [] => "nothing new".to_owned(),
        [..] => told.join(", "),
    };
    let from = match taken[..] {
        [] => String::new(),
        [one] => format!(" from {}", one.id),
        [one, other] => format!(" from {} and {}", one.id, other.id),
        [..] => format!(" from {}", count(taken.len(), "source")),
    };
    let mut message = format!("ingest: {subject}{from}\n");
    if taken.len() > 1 {
        message.push('\n');
        taken.iter().for_each(|source| message.push_str(&format!("{}: {}\n", source.id, source.tally)));
    }
    let failed = planned.sources.iter().filter_map(|source| Some((&source.id, source.failure.as_ref()?)));
    failed.for_each(|(id, failure)| message.push_str(&format!("\n{id} could not be read: {}\n", failure.told())));
    message.push_str(&format!("\nDeliveries: {}\n", all.deliveries));
    taken.iter().for_each(|source| message.push_str(&format!("Source: {}\n", source.id)));
    message.push_str(&format!("Tool: malpkg {}\n", env!("CARGO_PKG_VERSION")));
    message
}
