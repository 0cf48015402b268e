#![doc = include_str!("git_range_first.md")]

use database::Report;

use crate::text::{affected, range_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "git-range-first",
    level: Level::Error,
    page: include_str!("git_range_first.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    if report.about().is_none_or(|subject| subject.package.ecosystem().names_repositories()) {
        return;
    }
    for (index, affected) in affected(report) {
        let mut after_git = affected.ranges.items().iter().skip_while(|range| range.kind.as_str() != Some("GIT"));
        let number = affected.ranges.items().iter().position(|range| range.kind.as_str() == Some("GIT"));
        if let Some(number) = number
            && after_git.any(|range| range.kind.as_str().is_some_and(|kind| kind != "GIT"))
        {
            let remedy = "put the range of commits last, or leave it out";
            let message = "a range of commits stands before a range of versions";
            sink.at(range_at(index, number), message, remedy);
        }
    }
}
