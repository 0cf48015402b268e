#![doc = include_str!("backward_range.md")]

use std::cmp::Ordering;

use database::Report;
use ecosystem::version::{Order, compare};

use crate::text::{affected, range_at, shorten};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "backward-range",
    level: Level::Warning,
    page: include_str!("backward_range.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(order) = report.about().and_then(|subject| Order::of(subject.package.ecosystem().base())) else { return };
    for (index, affected) in affected(report) {
        for (number, range) in affected.ranges.items().iter().enumerate() {
            // Only the plain form is judged: one beginning, one end.
            let [begin, end] = range.events.items() else { continue };
            let (Some(begin), Some((name, end_at))) = (begin.introduced.as_str(), end.entries().next()) else {
                continue;
            };
            if begin == "0" || name == "introduced" || begin == end_at || range.kind.as_str() == Some("GIT") {
                continue;
            }
            if compare(order, begin, end_at) == Ok(Ordering::Greater) && !sink.is_full() {
                let message = format!("the range ends at `{}`, before it begins, and so has no end", shorten(end_at));
                sink.at(range_at(index, number), message, "put the lower version first");
            }
        }
    }
}
