#![doc = include_str!("ecosystem_specific_not_empty.md")]

use database::Report;

use crate::text::{affected, affected_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "ecosystem-specific-not-empty",
    level: Level::Warning,
    page: include_str!("ecosystem_specific_not_empty.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    for (index, affected) in affected(report) {
        if affected.ecosystem_specific.value().is_some_and(|members| !members.is_empty()) {
            let remedy = "say it in `database_specific`, where readers of this database look";
            sink.at(affected_at(index).member("ecosystem_specific"), "`ecosystem_specific` says something", remedy);
        }
    }
}
