#![doc = include_str!("subject_missing.md")]

use database::{Report, SubjectError};

use crate::text::affected_at;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "subject-missing",
    level: Level::Error,
    page: include_str!("subject_missing.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let is_there = !record.affected.items().is_empty();
    if let Some(Err(SubjectError::None)) = &report.subject
        && is_there
    {
        let remedy = "name the package, or the repository in a range of type GIT";
        sink.at(affected_at(0), "the entry names neither a package nor a repository", remedy);
    }
}
