//! Closing items of the queue: the reason is remembered in `config/triage`.

use std::collections::BTreeSet;

use database::{ChangeSet, Snapshot, TreePath};

use super::queue;
use crate::context::Context;
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{Landing, view};
use crate::planning::amend;

/// The folder of what was closed, from the root of the tree.
const FOLDER: &str = "config/triage";

/// What was closed.
pub(super) struct Closed {
    keys: BTreeSet<String>,
    /// What stands for what documents in quarantine said, whose keys are new ones when they come in other bytes.
    contents: BTreeSet<String>,
}

impl Closed {
    pub(super) fn read(snapshot: &Snapshot) -> Result<Closed, Failure> {
        let mut closed = Closed { keys: BTreeSet::new(), contents: BTreeSet::new() };
        for entry in snapshot.in_folder(FOLDER) {
            let Some(key) = entry.path.file_name().strip_suffix(".toml") else { continue };
            closed.keys.insert(key.to_owned());
            let text = String::from_utf8_lossy(&snapshot.read(entry)?).into_owned();
            let table = text.parse::<toml_edit::DocumentMut>().ok();
            let content = table.as_ref().and_then(|table| table.get("content")?.as_str());
            closed.contents.extend(content.map(str::to_owned));
        }
        Ok(closed)
    }

    /// Whether somebody closed an item, or one that said the same.
    pub(super) fn has(&self, item: &queue::Item, snapshot: &Snapshot) -> Result<bool, Failure> {
        if self.keys.contains(&item.key) || self.contents.is_empty() {
            return Ok(self.keys.contains(&item.key));
        }
        Ok(item.content(snapshot)?.is_some_and(|content| self.contents.contains(&content)))
    }
}

pub(super) fn run(
    keys: &[String],
    because: &str,
    by: Option<&str>,
    landing: &Landing,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let store = context.store()?;
    let now = context.now();
    if because.trim().is_empty() {
        return Err(Failure::new("nothing is closed without a reason").remedy("say it with `--because`"));
    }
    let by = by.map(str::to_owned).or_else(|| store.who()).unwrap_or_default();
    let progress = context.progress("reading the reports");
    let ground = landing.ground(&store, context)?;
    let landed = ground.land(context, &progress, |reading, config| {
        let open = queue::of(&store, reading, context)?.items;
        let mut changes = ChangeSet::default();
        for key in keys {
            let found: Vec<&queue::Item> = open.iter().filter(|item| begins_with(&item.key, key)).collect();
            let [item] = found[..] else {
                let message =
                    if found.is_empty() { "no open item has this key" } else { "several open items have this key" };
                return Err(Failure::new(message).place(key).remedy("`malpkg triage` shows those there are"));
            };
            let about = item.package.as_deref().or(item.path.as_deref()).unwrap_or_default();
            let mut table = toml_edit::DocumentMut::new();
            let said = [("because", because), ("by", &by), ("kind", item.kind), ("about", about)];
            let content = item.content(&reading.snapshot)?;
            if let Some(content) = content {
                table["content"] = toml_edit::value(content);
            }
            for (name, text) in said.into_iter().chain([("time", now.whole_seconds().to_string().as_str())]) {
                table[name] = toml_edit::value(text);
            }
            let path: TreePath = format!("{FOLDER}/{}.toml", item.key)
                .parse()
                .map_err(|error: database::InvalidPath| Failure::new(error))?;
            changes.put_file(path, table.to_string().into_bytes());
        }
        let items = changes.edits().len();
        let version = env!("CARGO_PKG_VERSION");
        let message = format!("triage: {} closed\n\nTool: malpkg {version}\n", count(items, "item"));
        amend(reading, &config.settings, changes, message, items)
    })?;
    drop(progress);
    let summary = format!("{} closed", count(landed.planned.more, "item"));
    view::write(&landed.planned.plan, view::Told::of(&landed, landing, &summary), context)?;
    Ok(Exit::Done)
}

/// Keys are shown and typed by their beginnings; those of documents in quarantine are longer elsewhere.
fn begins_with(key: &str, typed: &str) -> bool {
    !typed.is_empty() && (key.starts_with(typed) || typed.starts_with(key))
}
