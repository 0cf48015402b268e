#![doc = include_str!("event_not_single.md")]

use database::Report;

use crate::text::{affected, event_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "event-not-single",
    level: Level::Error,
    page: include_str!("event_not_single.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    for (index, affected) in affected(report) {
        for (number, range) in affected.ranges.items().iter().enumerate() {
            for (event_number, event) in range.events.items().iter().enumerate() {
                if sink.is_full() {
                    return;
                }
                let said = event.entries().filter(|(_, value)| !value.is_empty()).count();
                if said != 1 || !event.extra.is_empty() {
                    let remedy = "write one event for each of `introduced`, `fixed`, `last_affected` and `limit`";
                    sink.at(event_at(index, number, event_number), "an event does not say exactly one thing", remedy);
                }
            }
        }
    }
}
