#![doc = include_str!("credit_dropped.md")]

use std::collections::HashSet;

use osv_schema::{Pointer, Record};

use crate::text::shorten;
use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "credit-dropped",
    level: Level::Warning,
    page: include_str!("credit_dropped.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((old, new)) = edited.published(&sink.settings.prefix) else { return };
    let kept: HashSet<&str> = names(new).collect();
    for name in names(old).filter(|name| !kept.contains(name)) {
        if sink.is_full() {
            return;
        }
        let message = format!("the credit of `{}` is gone", shorten(name));
        sink.at(Pointer::root().member("credits"), message, "bring it back, unless who has it asked for that");
    }
}

fn names(record: &Record) -> impl Iterator<Item = &str> {
    record.credits.items().iter().filter_map(|credit| credit.name.as_str())
}
