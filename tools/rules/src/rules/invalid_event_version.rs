#![doc = include_str!("invalid_event_version.md")]

use database::Report;
use ecosystem::version::{Order, Version};

use crate::text::{affected, event_at, shorten};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "invalid-event-version",
    level: Level::Error,
    page: include_str!("invalid_event_version.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(order) = report.about().and_then(|subject| Order::of(subject.package.ecosystem().base())) else { return };
    for (index, affected) in affected(report) {
        for (number, range) in affected.ranges.items().iter().enumerate() {
            let order = match range.kind.as_str() {
                Some("SEMVER") => Order::SemVer,
                Some("ECOSYSTEM") => order,
                _ => continue,
            };
            for (event_number, event) in range.events.items().iter().enumerate() {
                for (name, value) in event.entries() {
                    let is_an_end = (name == "introduced" && value == "0") || (name == "limit" && value == "*");
                    if is_an_end || sink.is_full() {
                        continue;
                    }
                    let fault = match Version::parse(order, value) {
                        Err(error) => error.to_string(),
                        Ok(version) if version.is_legacy() => format!("`{}` is no version of PEP 440", shorten(value)),
                        Ok(_) => continue,
                    };
                    let pointer = event_at(index, number, event_number).member(name);
                    sink.at(pointer, fault, "write the version as the registry does");
                }
            }
        }
    }
}
