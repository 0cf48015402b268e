#![doc = include_str!("schema_violation.md")]

use database::{Place, Report, ReportId};

use crate::{Check, Level, Rule, Sink, Violation, violations};

pub(super) static RULE: Rule = Rule {
    name: "schema-violation",
    level: Level::Error,
    page: include_str!("schema_violation.md"),
    check: Check::Report(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Ok(document) = &report.document else { return };
    let may_lack_id = Place::of(report.path).is_some_and(|at| ReportId::is_unassigned(at.stem, &sink.settings.prefix));
    let lacks_id = document.root().get("id").is_none_or(|id| id.as_str() == Some(""));
    let is_excused = |violation: &Violation| {
        let is_about_id = violation.pointer.as_str() == "/id"
            || (violation.pointer.as_str().is_empty() && violation.missing.as_deref() == Some("id"));
        may_lack_id && lacks_id && is_about_id
    };
    for violation in violations(document).into_iter().filter(|violation| !is_excused(violation)) {
        sink.at(violation.pointer, violation.message, "see the OSV schema 1.7.5 for what may stand here");
    }
}
