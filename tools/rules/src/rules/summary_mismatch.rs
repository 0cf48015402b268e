#![doc = include_str!("summary_mismatch.md")]

use database::Report;
use osv_schema::Pointer;

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "summary-mismatch",
    level: Level::Warning,
    page: include_str!("summary_mismatch.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(subject), Some(record)) = (report.about(), &report.record) else { return };
    let Some((name, ecosystem)) = record
        .summary
        .as_str()
        .and_then(|summary| summary.strip_prefix("Malicious code in "))
        .and_then(|rest| rest.strip_suffix(')')?.rsplit_once(" ("))
    else {
        return;
    };
    let package = &subject.package;
    let is_name = name == package.name() || name.eq_ignore_ascii_case(&package.canonical_name());
    let is_ecosystem =
        ecosystem == package.ecosystem().as_str() || ecosystem.eq_ignore_ascii_case(package.ecosystem().base());
    if !is_name || !is_ecosystem {
        let message = format!(
            "the summary is about `{} ({})`, the report about `{}`",
            shorten(name),
            shorten(ecosystem),
            shorten(package.name())
        );
        sink.at(Pointer::root().member("summary"), message, "name the package that the report is about");
    }
}
