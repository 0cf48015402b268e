#![doc = include_str!("summary_form.md")]

use database::Report;
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "summary-form",
    level: Level::Warning,
    page: include_str!("summary_form.md"),
    check: Check::Record(check),
};

/// How long a line may be that tables still show (OSV schema, `summary`: about 120 characters).
const LENGTH_MAX: usize = 160;

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(summary) = report.record.as_ref().and_then(|record| record.summary.as_str()) else { return };
    let fault = if summary.contains(['\n', '\r']) {
        "the summary has more than one line"
    } else if summary.len() > LENGTH_MAX && summary.chars().count() > LENGTH_MAX && !has_long_name(report) {
        "the summary is longer than a line"
    } else if summary.trim().len() != summary.len() {
        "there is white space around the summary"
    } else if has_markup(summary) {
        "the summary has markup"
    } else {
        return;
    };
    sink.at(Pointer::root().member("summary"), fault, "write one line of plain text");
}

/// Whether a text has marks of Markdown or HTML. Most have none of the characters that those are made of.
fn has_markup(summary: &str) -> bool {
    let may_have = summary.bytes().any(|b| matches!(b, b'*' | b']' | b'`' | b'<' | b'#'));
    may_have && (["](", "**", "```", "</"].iter().any(|mark| summary.contains(mark)) || summary.starts_with("# "))
}

/// Whether the name of the package alone makes the line long.
fn has_long_name(report: &Report<'_>) -> bool {
    report.about().is_some_and(|subject| subject.package.name().len() > LENGTH_MAX / 2)
}
