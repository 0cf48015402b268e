#![doc = include_str!("range_without_order.md")]

use database::Report;
use ecosystem::version::Order;

use crate::text::{affected, range_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "range-without-order",
    level: Level::Warning,
    page: include_str!("range_without_order.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(subject) = report.about() else { return };
    let ecosystem = subject.package.ecosystem();
    if ecosystem.names_repositories() || Order::of(ecosystem.base()).is_some() {
        return;
    }
    for (index, affected) in affected(report) {
        for (number, range) in affected.ranges.items().iter().enumerate() {
            if range.kind.as_str() != Some("GIT") && !sink.is_full() {
                let message = format!("versions of {} have no order that clients know", ecosystem.base());
                sink.at(range_at(index, number), message, "list the versions that are malicious");
            }
        }
    }
}
