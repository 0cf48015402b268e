#![doc = include_str!("purl_with_version.md")]

use database::Report;

use crate::text::{affected, affected_at, shorten};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "purl-with-version",
    level: Level::Warning,
    page: include_str!("purl_with_version.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    for (index, affected) in affected(report) {
        let Some(purl) = affected.package.value().and_then(|package| package.purl.as_str()) else { continue };
        // The version stands behind the last part of the name; a scope's sign is escaped, or begins a part.
        let name = purl.split(['?', '#']).next().unwrap_or_default();
        let last = name.rsplit('/').next().unwrap_or_default();
        if last.find('@').is_some_and(|at| at > 0) {
            let remedy = "leave the version out of the purl: `versions` and `ranges` say which ones are meant";
            let pointer = affected_at(index).member("package").member("purl");
            sink.at(pointer, format!("the purl `{}` names a version", shorten(purl)), remedy);
        }
    }
}
