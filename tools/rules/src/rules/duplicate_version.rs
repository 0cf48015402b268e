#![doc = include_str!("duplicate_version.md")]

use database::Report;

use crate::text::{affected, repeated, shorten, version_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "duplicate-version",
    level: Level::Warning,
    page: include_str!("duplicate_version.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    for (index, affected) in affected(report) {
        let versions = affected.versions.items();
        for number in repeated(versions) {
            let message = format!("the version `{}` is listed twice", shorten(&versions[number]));
            sink.at(version_at(index, number), message, "keep one of the two");
        }
    }
}
