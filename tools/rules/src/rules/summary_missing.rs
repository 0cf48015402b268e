#![doc = include_str!("summary_missing.md")]

use database::Report;
use osv_schema::Pointer;

use crate::judge::is_unassigned;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "summary-missing",
    level: Level::Warning,
    page: include_str!("summary_missing.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    if record.summary.as_str().is_none_or(|summary| summary.trim().is_empty()) && !record.extra.contains_key("summary")
    {
        // A report that waits for its id gets the standard summary when it is taken in.
        if !is_unassigned(report, sink.settings) {
            let remedy = "write one line, for example `Malicious code in NAME (ECOSYSTEM)`";
            sink.at(Pointer::root(), "the report has no summary", remedy);
        }
    }
}
