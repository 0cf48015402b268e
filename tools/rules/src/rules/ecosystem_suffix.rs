#![doc = include_str!("ecosystem_suffix.md")]

use database::Report;

use crate::text::affected_at;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "ecosystem-suffix",
    level: Level::Warning,
    page: include_str!("ecosystem_suffix.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(subject) = report.about() else { return };
    if let Err(error) = subject.package.ecosystem().check_suffix() {
        let remedy = "write the suffix as the OSV schema's table of ecosystems has it";
        sink.at(affected_at(0).member("package").member("ecosystem"), error.to_string(), remedy);
    }
}
