#![doc = include_str!("broken_details.md")]

use database::Report;
use database::details::{heading, said};
use osv_schema::Pointer;

use crate::text::{origins, shorten};

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
    let origins: Vec<(&str, &str)> = origins(record).collect();
    let mut has_heading = false;
    for line in below.lines() {
        match heading(line) {
            Some((source, sha256)) => {
                has_heading = true;
                if !origins.contains(&(source, sha256)) && !sink.is_full() {
                    let message = format!("the section of `{}` ({}) has no origin", shorten(source), shorten(sha256));
                    sink.at(pointer(), message, "take the section away, or bring its origin back");
                }
            }
            None if !has_heading && !line.trim().is_empty() => {
                let message = "text stands below the line that separates what sources said, and in no section";
                return sink.at(pointer(), message, "move it above the line");
            }
            None => {}
        }
    }
}
