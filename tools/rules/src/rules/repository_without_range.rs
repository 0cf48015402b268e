#![doc = include_str!("repository_without_range.md")]

use database::Report;

use crate::text::{affected, affected_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "repository-without-range",
    level: Level::Error,
    page: include_str!("repository_without_range.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    if report.about().is_none_or(|subject| !subject.package.ecosystem().is_git()) {
        return;
    }
    for (index, affected) in affected(report) {
        let has_commits = affected.ranges.items().iter().any(|range| range.kind.as_str() == Some("GIT"));
        if !has_commits {
            let remedy = "give a range of type `GIT` with the repository and its commits";
            sink.at(affected_at(index), "a report on a git repository names no commits", remedy);
        }
    }
}
