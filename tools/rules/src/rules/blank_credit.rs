#![doc = include_str!("blank_credit.md")]

use database::Report;
use osv_schema::Pointer;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "blank-credit",
    level: Level::Warning,
    page: include_str!("blank_credit.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    for (at, credit) in record.credits.items().iter().enumerate() {
        if credit.name.as_str().is_some_and(|name| name.trim().is_empty()) && !sink.is_full() {
            sink.at(
                Pointer::root().member("credits").item(at).member("name"),
                "a credit names nobody",
                "name who it was, or take it away",
            );
        }
    }
}
