#![doc = include_str!("affected_missing.md")]

use database::Report;
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "affected-missing",
    level: Level::Error,
    page: include_str!("affected_missing.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    // Of another type than a list, the schema speaks.
    if record.affected.items().is_empty() && !record.extra.contains_key("affected") {
        let remedy = "say in `affected` which package is meant, and which versions of it";
        sink.at(Pointer::root(), "the report names no package", remedy);
    }
}
