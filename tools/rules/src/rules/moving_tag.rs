#![doc = include_str!("moving_tag.md")]

use database::Report;

use crate::text::{affected, event_at, shorten, version_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule =
    Rule { name: "moving-tag", level: Level::Error, page: include_str!("moving_tag.md"), check: Check::Record(check) };

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    if report.about().is_none_or(|subject| subject.package.ecosystem().base() != "GitHub Actions") {
        return;
    }
    let remedy = "name the full commit id, or a tag that is never moved; what was moved belongs to `moved_tags`";
    let message = |version: &str| format!("`{}` is a tag or branch that moves", shorten(version));
    for (index, affected) in affected(report) {
        for (number, version) in affected.versions.items().iter().enumerate() {
            if is_moving_tag(version) && !sink.is_full() {
                sink.at(version_at(index, number), message(version), remedy);
            }
        }
        for (number, range) in affected.ranges.items().iter().enumerate() {
            for (event_number, event) in range.events.items().iter().enumerate() {
                for (name, version) in
                    event.entries().filter(|(name, version)| *name != "introduced" || *version != "0")
                {
                    if is_moving_tag(version) && !sink.is_full() {
                        sink.at(event_at(index, number, event_number).member(name), message(version), remedy);
                    }
                }
            }
        }
    }
}

/// Whether people move what has this name: a major version, or the name of a branch.
pub fn is_moving_tag(version: &str) -> bool {
    const BRANCHES: [&str; 9] = ["latest", "main", "master", "head", "dev", "nightly", "canary", "trunk", "stable"];
    let is_hex = |version: &str| version.bytes().all(|b| b.is_ascii_hexdigit());
    if matches!(version.len(), 40 | 64) && is_hex(version) {
        return false;
    }
    let number = version.strip_prefix(['v', 'V']).unwrap_or(version);
    let is_major = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    is_major || BRANCHES.iter().any(|branch| branch.eq_ignore_ascii_case(version))
}
