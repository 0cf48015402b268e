//! `malpkg ingest`: what a source sent, into the database.

mod plan;
mod view;

use std::time::Instant;

use crate::context::Context;
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::Landing;

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

    #[command(flatten)]
    landing: Landing,

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
    let read = plan::read_deliveries(arguments, &ground, &store, now)?;
    let landed = ground.land(context, &progress, |reading, config| {
        plan::plan(config.source(&arguments.source)?, reading, config, &read, now)
    })?;
    drop(progress);
    if context.wants_json() {
        view::write_json(arguments, &landed, started.elapsed().as_secs_f64(), context)?;
    } else {
        view::write_text(arguments, &landed, context)?;
    }
    let rejected = landed.planned.tally.rejected;
    Ok(Exit::found(arguments.strict && rejected > 0 || !landed.guarded.is_empty()))
}

/// The commit's message: what came in, and trailers that a program can read.
fn message(source: &str, tally: &plan::Tally) -> String {
    let deliveries = |number: usize| count(number, "delivery").replace("deliverys", "deliveries");
    let told = [
        (tally.created, format!("{} created", count(tally.created, "report"))),
        (tally.joined, format!("{} joined", deliveries(tally.joined))),
        (tally.withdrawn, format!("{} taken back", deliveries(tally.withdrawn))),
        (tally.rejected, format!("{} set aside", count(tally.rejected, "document"))),
    ];
    let told: Vec<String> = told.into_iter().filter(|(number, _)| *number > 0).map(|(_, told)| told).collect();
    let subject = if told.is_empty() { "nothing new".to_owned() } else { told.join(", ") };
    format!(
        "ingest: {subject} from {source}\n\nDeliveries: {}\nSource: {source}\nTool: malpkg {}\n",
        tally.deliveries,
        env!("CARGO_PKG_VERSION")
    )
}
