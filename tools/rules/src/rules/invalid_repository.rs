#![doc = include_str!("invalid_repository.md")]

use database::Report;
use ecosystem::Repository;

use crate::text::{affected, range_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "invalid-repository",
    level: Level::Error,
    page: include_str!("invalid_repository.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    for (index, affected) in affected(report) {
        for (number, range) in affected.ranges.items().iter().enumerate() {
            if range.kind.as_str() != Some("GIT") || sink.is_full() {
                continue;
            }
            if let Some(repo) = range.repo.as_str()
                && let Err(error) = Repository::parse(repo)
            {
                let remedy = "write the address that `git clone` takes, for example https://github.com/owner/name";
                sink.at(range_at(index, number).member("repo"), error.to_string(), remedy);
            }
        }
    }
}
