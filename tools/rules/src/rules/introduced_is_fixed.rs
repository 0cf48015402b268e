#![doc = include_str!("introduced_is_fixed.md")]

use std::collections::BTreeSet;

use database::Report;

use crate::text::{affected, event_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "introduced-is-fixed",
    level: Level::Error,
    page: include_str!("introduced_is_fixed.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    for (index, affected) in affected(report) {
        for (number, range) in affected.ranges.items().iter().enumerate() {
            let events = range.events.items();
            let fixed: BTreeSet<&str> = events.iter().filter_map(|event| event.fixed.as_str()).collect();
            if fixed.is_empty() {
                continue;
            }
            for (event_number, event) in events.iter().enumerate() {
                if event.introduced.as_str().is_some_and(|value| fixed.contains(value)) && !sink.is_full() {
                    let remedy = "to mean one version, list it in `versions`";
                    sink.at(event_at(index, number, event_number), "a range ends where it begins", remedy);
                }
            }
        }
    }
}
