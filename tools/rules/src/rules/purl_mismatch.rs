#![doc = include_str!("purl_mismatch.md")]

use database::Report;
use ecosystem::purl_matches;

use crate::text::{affected, affected_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "purl-mismatch",
    level: Level::Error,
    page: include_str!("purl_mismatch.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Some(subject) = report.about() else { return };
    let purl = affected(report).next().and_then(|(_, affected)| affected.package.value()?.purl.as_str());
    if let Some(purl) = purl
        && let Err(error) = purl_matches(purl, &subject.package)
    {
        let remedy = match subject.package.purl() {
            Some(right) => format!("write `{right}`, or leave the purl out"),
            None => "leave the purl out".to_owned(),
        };
        sink.at(affected_at(0).member("package").member("purl"), error.to_string(), remedy);
    }
}
