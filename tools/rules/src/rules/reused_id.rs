#![doc = include_str!("reused_id.md")]

use crate::text::shorten;

use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule =
    Rule { name: "reused-id", level: Level::Error, page: include_str!("reused_id.md"), check: Check::History(check) };

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((before, after)) = edited.reports() else { return };
    let (Some(old), Some(new), Some(id)) = (before.about(), after.about(), after.own_id()) else { return };
    if before.own_id() == Some(id) && !old.package.is_same_as(&new.package) {
        let message = format!("the id {} was given to `{}`", shorten(id), shorten(old.package.name()));
        sink.at(new.pointer.clone(), message, "leave the old report as it is, and write a new one without an id");
    }
}
