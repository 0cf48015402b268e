#![doc = include_str!("alias_dropped.md")]

use std::collections::HashSet;

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
    let Some((old, new)) = edited.published(&sink.settings.prefix) else { return };
    let kept: HashSet<&String> = new.aliases.items().iter().collect();
    for alias in old.aliases.items().iter().filter(|alias| !kept.contains(alias)) {
        if sink.is_full() {
            return;
        }
        let message = format!("the alias `{}` is gone", shorten(alias));
        let remedy = "bring it back, unless it never was an id of this package: people look reports up by it";
        sink.at(Pointer::root().member("aliases"), message, remedy);
    }
}
