#![doc = include_str!("duplicate_reference.md")]

use database::Report;
use osv_schema::Pointer;

use crate::text::{repeated, shorten};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "duplicate-reference",
    level: Level::Warning,
    page: include_str!("duplicate_reference.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let urls: Vec<(&str, &str)> = record
        .references
        .items()
        .iter()
        .map(|reference| (reference.kind.as_str().unwrap_or_default(), reference.url.as_str().unwrap_or_default()))
        .collect();
    for at in repeated(&urls) {
        let message = format!("the reference `{}` stands twice", shorten(urls[at].1));
        sink.at(Pointer::root().member("references").item(at), message, "keep one of the two");
    }
}
