#![doc = include_str!("several_repositories.md")]

use database::Report;
use ecosystem::Repository;

use crate::text::{affected, range_at, shorten};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "several-repositories",
    level: Level::Error,
    page: include_str!("several_repositories.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    if report.about().is_none_or(|subject| !subject.package.ecosystem().is_git()) {
        return;
    }
    for (index, affected) in affected(report) {
        let mut first = None;
        for (number, range) in affected.ranges.items().iter().enumerate() {
            let Some(repository) = range.repo.as_str().and_then(|repo| Repository::parse(repo).ok()) else { continue };
            let first = first.get_or_insert_with(|| repository.canonical_url().to_owned());
            if first != repository.canonical_url() && !sink.is_full() {
                let message =
                    format!("the report is about `{}`, and this range about another repository", shorten(first));
                sink.at(range_at(index, number).member("repo"), message, "write one report a repository");
            }
        }
    }
}
