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
                // Two texts at once, or none, is the schema's to say.
                let mut said = event.entries();
                let (Some((_, value)), None) = (said.next(), said.next()) else { continue };
                let members = [&event.introduced, &event.fixed, &event.last_affected, &event.limit];
                let others = members.into_iter().filter(|member| !member.is_absent()).count() - 1;
                if others > 0 || value.is_empty() || !event.extra.is_empty() {
                    let remedy = "write one event for each of `introduced`, `fixed`, `last_affected` and `limit`";
                    sink.at(event_at(index, number, event_number), "an event does not say exactly one thing", remedy);
                }
            }
        }
    }
}
