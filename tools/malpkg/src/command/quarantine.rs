//! `malpkg quarantine`: documents that could not be taken, and what becomes of them.

mod view;

use database::{ChangeSet, Plan, Snapshot};
use intake::{Held, Quarantine};

use crate::config::Config;
use crate::context::{Context, Reading};
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{self, Landing};
use crate::planning::{Curated, amend};
use crate::sources::rules_mark;

/// Look at the documents that could not be taken, have them tried again, or drop them
///
/// A document is named by the beginning of its key, as `malpkg quarantine list` shows it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List what is in quarantine, with what is wrong
    List {
        /// Only of this source
        source: Option<String>,
    },
    /// Show one document: what is wrong with it, and how it begins
    Show {
        /// The beginning of its key
        key: String,
    },
    /// Read documents again under the rules of today, and have the next `malpkg ingest` of their source try them
    Retry {
        /// The beginnings of their keys; without any, all
        keys: Vec<String>,
        #[command(flatten)]
        landing: Landing,
    },
    /// Drop documents for good: sent again, they count as new
    Drop {
        /// The beginnings of their keys
        #[arg(required = true)]
        keys: Vec<String>,
        #[command(flatten)]
        landing: Landing,
    },
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    match &arguments.action {
        Action::List { source } => {
            let reading = head(&store, context)?;
            view::list(&held(&reading.snapshot, source.as_deref())?, context)
        }
        Action::Show { key } => {
            let reading = head(&store, context)?;
            let held = held(&reading.snapshot, None)?;
            let one = find(&held, key)?;
            let bytes = one.document(&reading.snapshot)?.and_then(|document| document.bytes.ok());
            view::show(one, bytes.as_deref(), context)
        }
        Action::Retry { keys, landing } => land(keys, true, landing, context),
        Action::Drop { keys, landing } => land(keys, false, landing, context),
    }
}

fn head(store: &store::Store, context: &Context<'_>) -> Result<Reading, Failure> {
    context.at_head(store)
}

/// Everything in quarantine, by source and key.
fn held(snapshot: &Snapshot, source: Option<&str>) -> Result<Vec<Held>, Failure> {
    let sources = match source {
        Some(source) => [source.to_owned()].into(),
        None => Quarantine::sources(snapshot),
    };
    let mut all = Vec::new();
    for source in sources {
        all.extend(Quarantine::read(snapshot, &source)?.held().cloned());
    }
    Ok(all)
}

/// The one document whose key begins so.
fn find<'h>(held: &'h [Held], key: &str) -> Result<&'h Held, Failure> {
    let found: Vec<&Held> = held.iter().filter(|held| !key.is_empty() && held.key.starts_with(key)).collect();
    match found[..] {
        [one] => Ok(one),
        [] => Err(Failure::new("no document in quarantine has this key")
            .place(key)
            .remedy("`malpkg quarantine list` shows those there are")),
        [..] => {
            let all: Vec<String> = found.iter().map(|held| format!("{}/{}", held.source, held.key)).collect();
            let failure = Failure::new("several documents in quarantine have this key").place(key);
            Err(failure.remedy(format!("name more of it: {}", all.join(", "))))
        }
    }
}

/// What else there is to tell of a change of the quarantine.
struct Told {
    number: usize,
    /// Of those to try again: which are refused as they are read.
    refused: Vec<database::Rejected>,
}

fn land(keys: &[String], retries: bool, landing: &Landing, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let now = context.now();
    let progress = context.progress("planning");
    let ground = landing.ground(&store, context)?;
    let landed = ground.land(context, &progress, |reading, config| plan(keys, retries, reading, config, now))?;
    drop(progress);
    let planned = &landed.planned;
    let summary = match retries {
        true => format!(
            "{} to be tried by the next `malpkg ingest`, {} of them not readable yet",
            count(planned.more.number, "document"),
            planned.more.refused.len()
        ),
        false => format!("{} dropped", count(planned.more.number, "document")),
    };
    let told = landing::view::Told::of(&landed, landing, &summary);
    let plan = Plan { rejected: planned.more.refused.clone(), ..planned.plan.clone() };
    landing::view::write(&plan, told, context)?;
    Ok(Exit::Done)
}

fn plan(
    keys: &[String],
    retries: bool,
    reading: &Reading,
    config: &Config,
    now: osv_schema::Timestamp,
) -> Result<Curated<Told>, Failure> {
    let all = held(&reading.snapshot, None)?;
    let chosen: Vec<&Held> = match keys {
        // Of a source that is no longer declared nobody knows how to read anything.
        [] => all.iter().filter(|held| config.sources.contains_key(&held.source)).collect(),
        keys => keys.iter().map(|key| find(&all, key)).collect::<Result<_, _>>()?,
    };
    let mut changes = ChangeSet::default();
    let mut refused = Vec::new();
    for one in &chosen {
        if !retries {
            one.drop_from(&mut changes);
            continue;
        }
        let source = config.source(&one.source)?;
        let asked = intake::Asked { source, prefix: &config.settings.prefix, cache: None, since: None, now };
        if let Some(document) = one.document(&reading.snapshot)? {
            refused.extend(one.retake(document, asked).refused.into_iter().map(|refused| refused.rejected));
        }
        // What other rules refused is tried again by itself.
        if one.rules == rules_mark(&config.settings, source) {
            one.mark_due(&mut changes);
        }
    }
    let verb = if retries { "to be tried again" } else { "dropped" };
    let documents = count(chosen.len(), "document");
    let message = format!("quarantine: {documents} {verb}\n\nTool: malpkg {}\n", env!("CARGO_PKG_VERSION"));
    amend(reading, &config.settings, changes, message, Told { number: chosen.len(), refused })
}
