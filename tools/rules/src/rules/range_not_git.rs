#![doc = include_str!("range_not_git.md")]

use database::Report;

use crate::text::{affected, range_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "range-not-git",
    level: Level::Error,
    page: include_str!("range_not_git.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    if report.about().is_none_or(|subject| !subject.package.ecosystem().is_git()) {
        return;
    }
    for (index, affected) in affected(report) {
        for (number, range) in affected.ranges.items().iter().enumerate() {
            if range.kind.as_str().is_some_and(|kind| kind != "GIT") && !sink.is_full() {
                let remedy = "write commits in a range of type `GIT`, tags in `versions`";
                let message = "a report on a git repository has a range that is not of commits";
                sink.at(range_at(index, number).member("type"), message, remedy);
            }
        }
    }
}
