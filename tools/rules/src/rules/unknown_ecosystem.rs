#![doc = include_str!("unknown_ecosystem.md")]

use database::{Report, SubjectError};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "unknown-ecosystem",
    level: Level::Error,
    page: include_str!("unknown_ecosystem.md"),
    check: Check::Report(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    if let Err(error @ SubjectError::Ecosystem { .. }) = database::subject(record) {
        sink.at(error.pointer(), error.to_string(), error.remedy());
    }
}
