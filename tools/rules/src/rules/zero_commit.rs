#![doc = include_str!("zero_commit.md")]

use database::Report;

use crate::text::{affected, event_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "zero-commit",
    level: Level::Error,
    page: include_str!("zero_commit.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    for (index, affected) in affected(report) {
        for (number, range) in affected.ranges.items().iter().enumerate() {
            if range.kind.as_str() != Some("GIT") {
                continue;
            }
            for (event_number, event) in range.events.items().iter().enumerate() {
                for (name, value) in event.entries() {
                    if name != "introduced" && value == "0" && !sink.is_full() {
                        let message = format!("`{name}` is `0`, which only `introduced` can be");
                        let pointer = event_at(index, number, event_number).member(name);
                        sink.at(pointer, message, "name the commit, or leave the event out");
                    }
                }
            }
        }
    }
}
