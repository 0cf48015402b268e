#![doc = include_str!("unsupported_ecosystem.md")]

use database::Report;

use crate::text::affected_at;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "unsupported-ecosystem",
    level: Level::Warning,
    page: include_str!("unsupported_ecosystem.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(subject) = report.about() else { return };
    let ecosystem = subject.package.ecosystem();
    if !ecosystem.has_packages() && !ecosystem.names_repositories() {
        let message = format!("nobody publishes packages to `{}`", ecosystem.base());
        let remedy = "name the registry from which the package is installed";
        sink.at(affected_at(0).member("package").member("ecosystem"), message, remedy);
    }
}
