#![doc = include_str!("placeholder_version.md")]

use database::Report;

use crate::text::{affected, shorten, version_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "placeholder-version",
    level: Level::Error,
    page: include_str!("placeholder_version.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let ecosystem = report.about().map(|subject| subject.package.ecosystem());
    let is_npm = ecosystem.is_some_and(|ecosystem| ecosystem.base() == "npm");
    // Elsewhere `0` can be a version like any other.
    let has_zero = ecosystem.is_some_and(|ecosystem| !ecosystem.allows_semver());
    for (index, affected) in affected(report) {
        for (number, version) in affected.versions.items().iter().enumerate() {
            if sink.is_full() {
                return;
            }
            if is_npm && is_holding(version) {
                let message = format!("`{version}` is what npm puts in the place of a package that it took away");
                sink.at(version_at(index, number), message, "take it away: that release is harmless");
            } else if is_placeholder(version) && !(has_zero && version == "0") {
                let message = format!("`{}` is no version", shorten(version));
                let remedy = "list the versions themselves; for all of them give a range from `\"introduced\": \"0\"`";
                sink.at(version_at(index, number), message, remedy);
            }
        }
    }
}

/// Whether a version is one of npm's own, as in `0.0.1-security` and `0.0.1-security.0`.
fn is_holding(version: &str) -> bool {
    let Some((number, tag)) = version.split_once("-security") else { return false };
    number.starts_with("0.0.") && (tag.is_empty() || tag.starts_with('.') || tag.starts_with('-'))
}

/// Whether a text stands where a version should, and is none.
fn is_placeholder(version: &str) -> bool {
    const WORDS: [&str; 22] = [
        "*",
        "all",
        "all versions",
        "any",
        "-",
        "?",
        "current",
        "every",
        "latest",
        "multiple",
        "n/a",
        "na",
        "none",
        "null",
        "tbd",
        "todo",
        "undefined",
        "unknown",
        "unspecified",
        "various",
        "version",
        "x.y.z",
    ];
    let first = version.bytes().next().unwrap_or_default();
    // Nearly every version begins with a digit and is none of the words.
    if first.is_ascii_digit() {
        return version == "0" || version.split('.').any(|part| matches!(part, "x" | "X" | "*"));
    }
    first == b'<' && version.ends_with('>') || WORDS.iter().any(|word| word.eq_ignore_ascii_case(version))
}
