#![doc = include_str!("package_name_missing.md")]

use database::{Report, SubjectError};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "package-name-missing",
    level: Level::Error,
    page: include_str!("package_name_missing.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    if let Some(Err(error @ SubjectError::NoName)) = &report.subject {
        sink.at(error.pointer(), error.to_string(), error.remedy());
    }
}
