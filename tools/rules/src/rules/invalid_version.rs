#![doc = include_str!("invalid_version.md")]

use database::Report;
use ecosystem::version::{Order, Version};

use crate::text::{affected, version_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "invalid-version",
    level: Level::Warning,
    page: include_str!("invalid_version.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(order) = report.about().and_then(|subject| Order::of(subject.package.ecosystem().base())) else { return };
    for (index, affected) in affected(report) {
        for (number, version) in affected.versions.items().iter().enumerate() {
            if sink.is_full() {
                return;
            }
            // An empty one is another rule's.
            if let Err(error) = Version::parse(order, version)
                && !version.trim().is_empty()
            {
                sink.at(version_at(index, number), error.to_string(), "write the version as the registry does");
            }
        }
    }
}
