#![doc = include_str!("open_range_beside_versions.md")]

use database::Report;
use osv_schema::Event;

use crate::text::{affected, range_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "open-range-beside-versions",
    level: Level::Warning,
    page: include_str!("open_range_beside_versions.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    for (index, affected) in affected(report) {
        if affected.versions.items().is_empty() {
            continue;
        }
        for (number, range) in affected.ranges.items().iter().enumerate() {
            if range.kind.as_str() != Some("GIT") && is_open(range.events.items()) && !sink.is_full() {
                let remedy = "keep the list if these versions are meant, or the range alone if every version is";
                let message = "a range without an end stands beside listed versions";
                sink.at(range_at(index, number), message, remedy);
            }
        }
    }
}

/// Whether a range begins before everything and nothing ends it.
fn is_open(events: &[Event]) -> bool {
    let begins = events.iter().any(|event| event.introduced.as_str() == Some("0"));
    let ends = |event: &Event| event.entries().any(|(name, value)| name != "introduced" && value != "*");
    begins && !events.iter().any(ends)
}
