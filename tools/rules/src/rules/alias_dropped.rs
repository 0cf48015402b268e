#![doc = include_str!("alias_dropped.md")]

use std::collections::BTreeSet;

use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "alias-dropped",
    level: Level::Warning,
    page: include_str!("alias_dropped.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((before, after)) = edited.reports() else { return };
    let (Some(old), Some(new)) = (&before.record, &after.record) else { return };
    let now: BTreeSet<&str> = new.aliases.items().iter().map(String::as_str).collect();
    for alias in old.aliases.items().iter().filter(|alias| !now.contains(alias.as_str())) {
        let message = format!("the alias `{}` is gone", shorten(alias));
        sink.at(Pointer::root(), message, "bring it back, unless it was wrong: people look the report up by it");
    }
}
