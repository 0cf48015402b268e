#![doc = include_str!("range_type_unsupported.md")]

use database::Report;

use crate::text::{affected, range_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "range-type-unsupported",
    level: Level::Error,
    page: include_str!("range_type_unsupported.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(subject) = report.about() else { return };
    let ecosystem = subject.package.ecosystem();
    if ecosystem.allows_semver() || ecosystem.names_repositories() {
        return;
    }
    for (index, affected) in affected(report) {
        for (number, range) in affected.ranges.items().iter().enumerate() {
            if range.kind.as_str() == Some("SEMVER") && !sink.is_full() {
                let message = format!("versions of {} are not ordered as SemVer", ecosystem.base());
                sink.at(range_at(index, number).member("type"), message, "write the range with the type `ECOSYSTEM`");
            }
        }
    }
}
