#![doc = include_str!("unreadable_report.md")]

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "unreadable-report",
    level: Level::Error,
    page: include_str!("unreadable_report.md"),
    check: Check::Unread(check),
};

fn check(reason: &str, sink: &mut Sink<'_>) {
    sink.at_file(format!("the report cannot be read: {reason}"), "put a regular file of a few kilobytes in its place");
}
