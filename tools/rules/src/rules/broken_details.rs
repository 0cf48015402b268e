#![doc = include_str!("broken_details.md")]

use database::Report;
use database::details::{heading, headings, said};
use osv_schema::Pointer;

use crate::text::{self, shorten};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "broken-details",
    level: Level::Error,
    page: include_str!("broken_details.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let Some(below) = record.details.as_str().and_then(said) else { return };
    let pointer = || Pointer::root().member("details");
    if said(below).is_some() {
        let message = "the line that separates what sources said stands more than once in the details";
        return sink.at(pointer(), message, "keep the first one");
    }
    let first = below.lines().find(|line| !line.trim().is_empty());
    if first.is_some_and(|line| heading(line).is_none()) {
        let message = "text stands below the line that separates what sources said, and in no section";
        return sink.at(pointer(), message, "move it above the line");
    }
    let mut origins: Option<Vec<(&str, &str)>> = None;
    for (source, sha256) in headings(below) {
        let origins = origins.get_or_insert_with(|| text::origins(record).collect());
        if !origins.contains(&(source, sha256)) && !sink.is_full() {
            let message = format!("the section of `{}` ({}) has no origin", shorten(source), shorten(sha256));
            sink.at(pointer(), message, "take the section away, or bring its origin back");
        }
    }
}
