//! `malpkg source`: who sends findings, what they would deliver, and a pause for one of them.

mod baseline;
mod check;
mod view;

use std::collections::BTreeMap;

use database::{CONFIG_FILE, ChangeSet};
use intake::Cursor;
use rules::By;
use toml_edit::DocumentMut;

use crate::change::{self, Judging};
use crate::command::ingest::looking;
use crate::config::Config;
use crate::context::{Context, Reading};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{self, Landing};
use crate::planning::{Curated, amend};
use crate::scores::Scores;

/// List the sources, look at what one would deliver, or pause one
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Read a source and tell what an ingest would make of it; nothing is written
    ///
    /// All of it is read, whatever the cursor says, also of a source that is paused. Told are the packages that are new, those
    /// that reports speak of already, where versions differ from ours, protected names, what a person should look at first,
    /// and what would be refused. The exit code is 1 if something would be.
    Check {
        /// The source, as `malpkg.toml` declares it
        id: String,
        /// Folders and files with its documents, or `-` for standard input; without any, the source's own place
        #[arg(value_name = "INPUT")]
        inputs: Vec<String>,
    },
    /// List the sources that are declared: where they are read, up to where, and which are paused
    Status {
        /// Only this one
        id: Option<String>,
        /// Read all reports, and tell how good each source is: what of it was wrong, and how early it was
        #[arg(long)]
        scores: bool,
        /// List every key that a source can have, and every field of a table
        #[arg(long)]
        keys: bool,
    },
    /// List what many packages do, of results at hand: hosts and programs that are no sign of anything
    ///
    /// Results of packages known to be good are best. The list is `config/package-analysis-frequent.toml`; a plan prints it.
    Baseline {
        /// The source, of the format `package-analysis`
        id: String,
        /// Folders, files and archives with results; without any, the source's own place
        #[arg(value_name = "INPUT")]
        inputs: Vec<String>,
        #[command(flatten)]
        landing: Landing,
    },
    /// Read nothing from a source until it is resumed
    Pause {
        /// The source
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        because: String,
        #[command(flatten)]
        landing: Landing,
    },
    /// Read from a source again
    Resume {
        /// The source
        id: String,
        #[command(flatten)]
        landing: Landing,
    },
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match &arguments.action {
        Action::Status { keys: true, .. } => view::keys(context),
        Action::Status { id, scores, keys: false } => status(id.as_deref(), *scores, context),
        Action::Check { id, inputs } => check(id, inputs, context),
        Action::Baseline { id, inputs, landing } => baseline::run(id, inputs, landing, context),
        Action::Pause { id, because, landing } => edit(id, Some(because), landing, context),
        Action::Resume { id, landing } => edit(id, None, landing, context),
    }
}

fn status(id: Option<&str>, scores: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let (Reading { snapshot, .. }, config) = now(&store, context)?;
    let chosen: Vec<&intake::Source> = match id {
        Some(id) => vec![config.source(id)?],
        None => config.sources.values().collect(),
    };
    let scores = scores.then(|| Scores::read(&snapshot)).transpose()?;
    let mut told = Vec::new();
    for source in chosen {
        let cursor = Cursor::read(&snapshot, &source.id)?;
        let mut held: BTreeMap<String, usize> = BTreeMap::new();
        for one in intake::Quarantine::read(&snapshot, &source.id)?.held() {
            *held.entry(one.rule.clone()).or_default() += 1;
        }
        let score = scores.as_ref().map(|scores| scores.of(&source.id));
        told.push(view::Status { source, cursor, held, score });
    }
    view::status(&told, context)
}

/// The newest tree, and the configuration as it is being edited.
fn now(store: &store::Store, context: &Context<'_>) -> Result<(Reading, Config), Failure> {
    if store.is_bare() {
        let reading = context.at_head(store)?;
        let config = reading.config.clone();
        return Ok((reading, config));
    }
    let reading = match store.is_git() && store.head()?.is_some() {
        true => context.at_head(store)?,
        false => context.at_working_tree(store)?,
    };
    Ok((reading, context.config_of_working_tree(store)?))
}

fn check(id: &str, inputs: &[String], context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let (mut reading, mut config) = now(&store, context)?;
    // The lists of names are the tree's.
    config.take_names(reading.config.clone());
    if let Some(commit) = &reading.commit {
        let judging = Judging { store: &store, settings: &config.settings, by: By::Maintainer };
        reading.known = Some(change::standing(&judging, commit)?);
    }
    let source = config.source(id)?;
    let progress = context.progress("reading what is sent");
    let looked = looking::look(source, inputs, &store, &reading, &config, context.now())?;
    let checked = check::check(&looked, &reading.snapshot, &config.settings)?;
    drop(progress);
    check::view::check(source, &looked, &checked, context)
}

fn edit(id: &str, paused: Option<&String>, landing: &Landing, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let store = context.store()?;
    let progress = context.progress("planning");
    let ground = landing.ground(&store, context)?;
    let landed = ground.land(context, &progress, |reading, config| plan(id, paused, reading, config))?;
    drop(progress);
    let summary = match paused {
        Some(_) => format!("{id} is paused"),
        None => format!("{id} is read again"),
    };
    landing::view::write(&landed.planned.plan, landing::view::Told::of(&landed, landing, &summary), context)?;
    Ok(Exit::Done)
}

fn plan(id: &str, paused: Option<&String>, reading: &Reading, config: &Config) -> Result<Curated<()>, Failure> {
    config.source(id)?;
    let before = reading.snapshot.read_path(CONFIG_FILE)?.unwrap_or_default();
    let after = edited(&before, id, paused)?;
    let mut changes = ChangeSet::default();
    if after.as_bytes() != before {
        let path = CONFIG_FILE.parse().map_err(|error: database::InvalidPath| Failure::new(error))?;
        changes.put_file(path, after.into_bytes());
    }
    let verb = if paused.is_some() { "paused" } else { "resumed" };
    let version = env!("CARGO_PKG_VERSION");
    let message = format!("source: {id} {verb}\n\nSource: {id}\nTool: malpkg {version}\n");
    amend(reading, &config.settings, changes, message, ())
}

/// The configuration with a source paused or not; comments and order stay.
fn edited(before: &[u8], id: &str, paused: Option<&String>) -> Result<String, Failure> {
    let text = String::from_utf8_lossy(before);
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| Failure::new(error.message()).place(CONFIG_FILE))?;
    let source = document.get_mut("source").and_then(|sources| sources.as_table_like_mut()?.get_mut(id));
    let Some(source) = source.and_then(toml_edit::Item::as_table_like_mut) else {
        let failure = Failure::new(format!("the source `{id}` is not declared there yet")).place(CONFIG_FILE);
        return Err(failure.remedy("commit the configuration first, or use `--write`"));
    };
    match paused {
        Some(reason) => drop(source.insert("paused", toml_edit::value(reason.as_str()))),
        None => drop(source.remove("paused")),
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, paused: Option<&str>, expected: &str) {
        let after = edited(before.as_bytes(), "x", paused.map(str::to_owned).as_ref()).unwrap();
        assert_eq!(after, expected);
    }

    #[test]
    fn only_the_one_key_changes() {
        let before =
            "# ours\n[source.x] # the one\nformat = \"osv\"   # as sent\n\n# another\n[source.y]\nformat = \"osv\"\n";
        let after = "# ours\n[source.x] # the one\nformat = \"osv\"   # as sent\npaused = \"it \\\"lies\\\"\"\n\n# another\n[source.y]\nformat = \"osv\"\n";
        let after = after.replace("\"it \\\"lies\\\"\"", "'it \"lies\"'");
        check(before, Some("it \"lies\""), &after);
        check(&after, None, before);
        check(before, None, before);
        check(
            "source = { x = { format = \"osv\" } }\n",
            Some("a"),
            "source = { x = { format = \"osv\" , paused = \"a\" } }\n",
        );
        assert!(edited(b"", "x", None).is_err());
    }
}
