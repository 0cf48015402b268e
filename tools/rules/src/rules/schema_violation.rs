#![doc = include_str!("schema_violation.md")]

use database::Report;

use crate::judge::is_unassigned;
use crate::{Check, Level, Refusal, Rule, Sink, refusals};

pub(super) static RULE: Rule = Rule {
    name: "schema-violation",
    level: Level::Error,
    page: include_str!("schema_violation.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let Ok(document) = &report.document else { return };
    let may_lack_id = is_unassigned(report, sink.settings);
    let lacks_id = document.root().get("id").is_none_or(|id| id.as_str() == Some(""));
    let is_excused = |refusal: &Refusal| {
        let is_about_id = refusal.pointer.as_str() == "/id"
            || (refusal.pointer.as_str().is_empty() && refusal.missing.as_deref() == Some("id"));
        may_lack_id && lacks_id && is_about_id
    };
    for refusal in refusals(document).into_iter().filter(|refusal| !is_excused(refusal)) {
        sink.at(refusal.pointer, refusal.message, "see the OSV schema 1.7.5 for what may stand here");
    }
}
