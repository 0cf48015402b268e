#![doc = include_str!("affected_several.md")]

use database::{Report, SubjectError};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "affected-several",
    level: Level::Error,
    page: include_str!("affected_several.md"),
    check: Check::Place(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    if let Some(Err(error @ SubjectError::Several(_))) = &report.subject {
        sink.at(error.pointer(), error.to_string(), error.remedy());
    }
}
