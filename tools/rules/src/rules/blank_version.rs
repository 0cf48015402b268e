#![doc = include_str!("blank_version.md")]

use database::Report;

use crate::text::{affected, shorten, version_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "blank-version",
    level: Level::Error,
    page: include_str!("blank_version.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    for (index, affected) in affected(report) {
        for (number, version) in affected.versions.items().iter().enumerate() {
            if sink.is_full() {
                return;
            }
            if version.trim().is_empty() {
                sink.at(version_at(index, number), "a version is empty", "take it away, or write the version");
            } else if version.trim().len() != version.len() {
                let message = format!("there is white space around the version `{}`", shorten(version));
                sink.at(
                    version_at(index, number),
                    message,
                    "take the white space away: clients compare versions as text",
                );
            }
        }
    }
}
