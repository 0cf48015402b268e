#![doc = include_str!("boilerplate_details.md")]

use database::Report;
use database::details::{heading, said};
use osv_schema::{Pointer, additions};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "boilerplate-details",
    level: Level::Warning,
    page: include_str!("boilerplate_details.md"),
    check: Check::Record(check),
};

/// How sentences begin that feeds put into every report.
const OPENINGS: [&str; 8] = [
    "Any computer that has this package installed",
    "All secrets and keys stored on that computer",
    "The package should be removed",
    "This package was found to contain malicious",
    "The package was found to contain malicious",
    "Malicious code was found in this package",
    "This package contains malicious code",
    "Malicious code in ",
];

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(record) = &report.record else { return };
    let Some(details) = record.details.as_str() else { return };
    let written = said(details).unwrap_or(details);
    let Some(first) = written.lines().find(|line| !line.trim().is_empty() && heading(line).is_none()) else { return };
    // Nearly every text begins with something else, and is not looked at any further.
    if !is_boilerplate(first) || !details.lines().all(|line| is_silent(line) || is_boilerplate(line)) {
        return;
    }
    let ours = additions::malpkg(record);
    let is_founded = ours.is_some_and(|ours| ours.contains_key("evidence") || ours.contains_key("indicators"))
        || record.database_specific.value().is_some_and(|members| members.contains_key("iocs"));
    if !is_founded {
        let remedy = "say what this package does and when, or give evidence or indicators";
        sink.at(Pointer::root().member("details"), "the details say nothing of this package", remedy);
    }
}

fn is_boilerplate(line: &str) -> bool {
    OPENINGS.iter().any(|opening| line.trim_start().starts_with(opening))
}

/// Whether a line only divides the text.
fn is_silent(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line == "---" || line.starts_with("_-= ") || heading(line).is_some()
}
