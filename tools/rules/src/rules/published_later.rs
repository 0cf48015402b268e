#![doc = include_str!("published_later.md")]

use database::Report;
use osv_schema::{Pointer, Record};

use crate::{Check, Edited, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "published-later",
    level: Level::Error,
    page: include_str!("published_later.md"),
    check: Check::History(check),
};

fn check(edited: &Edited<'_>, sink: &mut Sink<'_>) {
    let Some((before, after)) = edited.reports() else { return };
    let time = |report: &Report<'_>| report.record.as_ref().and_then(Record::published_at);
    if before.own_id().is_some()
        && let (Some(old), new) = (time(before), time(after))
        && new.is_none_or(|new| new > old)
    {
        let message = "the report was published earlier than it says now";
        sink.at(Pointer::root().member("published"), message, "set `published` back: it only moves to earlier times");
    }
}
