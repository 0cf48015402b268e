#![doc = include_str!("details_missing.md")]

use database::Report;
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "details-missing",
    level: Level::Warning,
    page: include_str!("details_missing.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    if record.details.as_str().is_none_or(|details| details.trim().is_empty()) && !record.extra.contains_key("details")
    {
        let remedy = "say what the package does, when it runs, and what to do now";
        sink.at(Pointer::root(), "the report has no details", remedy);
    }
}
