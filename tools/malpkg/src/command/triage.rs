//! `malpkg triage`: what waits for a person, worst first; and what a change does to the world.

mod change;
mod close;
mod markdown;
mod queue;
mod route;

use rules::By;

use crate::arguments::Format;
use crate::context::Context;
use crate::display::{Shown, count, unmasked};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::Landing;

/// See what waits for a person, or with `--base` what a change does
///
/// Without `--base`: everything that only a person can settle, worst first, each with what to type next. An item that needs
/// nothing is closed with `malpkg triage close`, and stays closed until it is about something else. With `--base`: which
/// reports a change brings, joins, narrows or takes back, what it overlaps with, and who should look at it. For a pull
/// request, `--format markdown` says it so that nobody is notified and nothing can be followed.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Option<Action>,

    /// Say what a change does, from where it parted with this revision
    #[arg(long, value_name = "REV")]
    base: Option<String>,

    /// The end of the change; without it what is checked out
    #[arg(long, value_name = "REV", requires = "base")]
    rev: Option<String>,

    /// Take it for a stranger's change: which sources it names proves nothing
    #[arg(long, requires = "base")]
    contribution: bool,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Close items of the queue: somebody looked, and nothing is to be done
    Close {
        /// The beginnings of their keys, as `malpkg triage` shows them
        #[arg(value_name = "KEY", required = true)]
        keys: Vec<String>,
        /// Why nothing is to be done
        #[arg(long, value_name = "TEXT")]
        because: String,
        /// Who looked; without it the name that git knows
        #[arg(long, value_name = "WHO")]
        by: Option<String>,
        #[command(flatten)]
        landing: Box<Landing>,
    },
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if let Some(Action::Close { keys, because, by, landing }) = &arguments.action {
        return close::run(keys, because, by.as_deref(), landing, context);
    }
    if let Some(base) = &arguments.base {
        let by = if arguments.contribution { By::Stranger } else { By::Maintainer };
        return change::run(base, arguments.rev.as_deref(), by, context);
    }
    let store = context.store()?;
    let progress = context.progress("reading the reports");
    let reading = context.at_head(&store)?;
    let queue = queue::of(&store, &reading, context)?;
    drop(progress);
    match context.general.format {
        Format::Json => {
            let (format, version) = ("malpkg.triage", 1);
            let (commit, closed) = (reading.commit_id(), queue.closed);
            context.write_json(&queue::QueueV1 { format, version, commit, closed, queue: &queue.items })?;
        }
        Format::Markdown => write!(context.out, "{}", markdown::queue(&queue))?,
        _ => write_queue(&queue, context)?,
    }
    Ok(Exit::Done)
}

fn write_queue(queue: &queue::Queue, context: &mut Context<'_>) -> Result<(), Failure> {
    for item in &queue.items {
        let about = item.package.as_deref().or(item.path.as_deref()).or(item.source.as_deref()).unwrap_or_default();
        let id = item.id.as_deref().map_or_else(String::new, |id| format!(" {id}"));
        let since = item.since.as_deref().map_or_else(String::new, |since| format!(" since {since}"));
        let key: String = item.key.chars().take(12).collect();
        let head = format!("{:11} {key}  {about}{id}{since}", item.kind);
        writeln!(context.out, "{}", Shown(&unmasked(&head)))?;
        let message = context.tamed_words(&item.message);
        writeln!(context.out, "  {}", Shown(&message))?;
        for next in &item.next {
            writeln!(context.out, "    {}", Shown(next))?;
        }
    }
    let closed = if queue.closed > 0 { format!(", {} closed", queue.closed) } else { String::new() };
    Ok(writeln!(context.out, "{} open{closed}", count(queue.items.len(), "item"))?)
}
