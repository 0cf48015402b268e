#![doc = include_str!("published_missing.md")]

use database::Report;
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "published-missing",
    level: Level::Warning,
    page: include_str!("published_missing.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    if record.published.as_str().is_none() && !record.extra.contains_key("published") {
        let remedy = "say when the report was first published: the year of its id comes from it";
        sink.at(Pointer::root(), "the report does not say when it was published", remedy);
    }
}
