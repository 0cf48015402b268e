#![doc = include_str!("published_later.md")]

use osv_schema::Pointer;

use crate::text::shorten;
use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "published-later",
    level: Level::Error,
    page: include_str!("published_later.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((old, new)) = edited.published(&sink.settings.prefix) else { return };
    let Some(was) = old.published_at() else { return };
    let text = shorten(old.published.as_str().unwrap_or_default());
    let message = match (new.published_at(), new.published.as_str()) {
        (Some(is), Some(new_text)) if is > was => format!("`published` moves from {text} to {}", shorten(new_text)),
        (None, None) => format!("`published` was {text}, and is gone"),
        _ => return,
    };
    sink.at(Pointer::root().member("published"), message, "set it back: it may only move to an earlier time");
}
