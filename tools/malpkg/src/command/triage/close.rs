//! Closing items of the queue: the reason is remembered in `config/triage`.

use std::collections::BTreeSet;

use database::{ChangeSet, Plan, Snapshot, TreePath};
use rules::Admitted;

use super::queue;
use crate::context::Context;
use crate::display::count;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::landing::{self, Landing, view};

/// The folder of what was closed, from the root of the tree.
const FOLDER: &str = "config/triage";

/// The keys of what was closed.
pub(super) fn closed(snapshot: &Snapshot) -> BTreeSet<String> {
    let names = snapshot.in_folder(FOLDER).filter_map(|entry| entry.path.file_name().strip_suffix(".toml"));
    names.map(str::to_owned).collect()
}

struct Planned {
    plan: Plan,
    admitted: Admitted,
    items: usize,
}

impl landing::Planned for Planned {
    fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    fn message(&self) -> String {
        format!("triage: {} closed\n\nTool: malpkg {}\n", count(self.items, "item"), env!("CARGO_PKG_VERSION"))
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
            for (name, text) in said.into_iter().chain([("time", now.whole_seconds().to_string().as_str())]) {
                table[name] = toml_edit::value(text);
            }
            let path: TreePath = format!("{FOLDER}/{}.toml", item.key)
                .parse()
                .map_err(|error: database::InvalidPath| Failure::new(error))?;
            changes.put_file(path, table.to_string().into_bytes());
        }
        let items = changes.edits().len();
        let admitted =
            reading.admit(changes, &config.settings).map_err(|findings| Failure::new(&findings[0].message))?;
        let plan = Plan { changes: admitted.changes().clone(), ..Plan::default() };
        Ok(Planned { plan, admitted, items })
    })?;
    drop(progress);
    let summary = format!("{} closed", count(landed.planned.items, "item"));
    view::write(&landed.planned.plan, view::Told::of(&landed, landing, &summary), context)?;
    Ok(Exit::Done)
}

/// Keys are shown and typed by their beginnings; those of documents in quarantine are longer elsewhere.
fn begins_with(key: &str, typed: &str) -> bool {
    !typed.is_empty() && (key.starts_with(typed) || typed.starts_with(key))
}
