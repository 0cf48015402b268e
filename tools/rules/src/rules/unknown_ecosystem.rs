#![doc = include_str!("unknown_ecosystem.md")]

use database::{Report, SubjectError};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "unknown-ecosystem",
    level: Level::Error,
    page: include_str!("unknown_ecosystem.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    if let Some(Err(error @ SubjectError::Ecosystem { .. })) = &report.subject {
        sink.at(error.pointer(), error.to_string(), error.remedy());
    }
}
