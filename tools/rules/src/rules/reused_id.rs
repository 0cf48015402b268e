#![doc = include_str!("reused_id.md")]

use ecosystem::Package;

use crate::text::shorten;
use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule =
    Rule { name: "reused-id", level: Level::Error, page: include_str!("reused_id.md"), check: Check::History(check) };

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((before, after)) = edited.reports() else { return };
    let (Some(old), Some(new), Some(place)) = (before.about(), after.about(), before.place) else { return };
    let is_assigned = edited.before.is_some_and(|side| side.is_assigned(&sink.settings.prefix));
    if !is_assigned || before.id() != after.id() || is_spelling(&old.package, &new.package) {
        return;
    }
    // The folder may have been right all along, and the name in it wrong.
    if new.package.folder().is_ok_and(|folder| folder.as_str() == place.folder) {
        return;
    }
    let (id, old, new_name) = (shorten(before.id()), shorten(&old.package.to_string()), &new.package);
    let message =
        format!("{id} is the id of a report on `{old}`, and now of one on `{}`", shorten(&new_name.to_string()));
    let remedy = "withdraw the old report, and write a new one without an id: who looked the old one up must find it";
    sink.at(new.pointer.clone(), message, remedy);
}

/// Whether two packages could be one that was spelled wrong: of one ecosystem, with names that differ in letter case and
/// separators, or in a scope that was missing.
fn is_spelling(old: &Package, new: &Package) -> bool {
    let letters = |name: &str| -> String {
        name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')).flat_map(char::to_lowercase).collect()
    };
    let (old_name, new_name) = (letters(&old.canonical_name()), letters(&new.canonical_name()));
    let without_scope = new_name.strip_prefix('@').and_then(|scoped| scoped.split_once('/'));
    old.ecosystem() == new.ecosystem()
        && (old_name == new_name || without_scope.is_some_and(|(_, name)| name == old_name))
}
