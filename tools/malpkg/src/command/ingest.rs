//! `malpkg ingest`: what a source sent, into the database.

mod plan;
mod view;

use std::time::Instant;

use crate::context::Context;
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{Landed, Landing};

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
    let read = plan::read_deliveries(arguments, &ground.config, &store, &ground.reading.snapshot, now)?;
    let landed = ground.land(context, &progress, |reading, config| {
        config.source(&arguments.source)?;
        plan::plan(&arguments.source, reading, config, read.clone(), now)
    })?;
    drop(progress);
    let Landed { planned, base, commit } = landed;
    if context.wants_json() {
        view::write_json(arguments, &planned, base, commit, started.elapsed().as_secs_f64(), context)?;
    } else {
        view::write_text(arguments, &planned, commit.as_deref(), context)?;
    }
    Ok(Exit::found(arguments.strict && planned.tally.rejected > 0))
}

/// The commit's message: what came in, and trailers that a program can read.
fn message(source: &str, tally: &plan::Tally) -> String {
    let subject = match (tally.created, tally.joined) {
        (0, 0) if tally.rejected > 0 => format!("{} set aside", count(tally.rejected, "document")),
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
