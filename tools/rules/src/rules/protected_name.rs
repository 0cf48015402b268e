#![doc = include_str!("protected_name.md")]

use std::collections::BTreeSet;

use database::Report;
use osv_schema::{Object, Value, additions};

use crate::text::shorten;

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "protected-name",
    level: Level::Error,
    page: include_str!("protected_name.md"),
    check: Check::Place(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(subject), Some(record)) = (report.about(), &report.record) else { return };
    if record.is_withdrawn() || !sink.settings.protected.has(&subject.package) {
        return;
    }
    let name = shorten(subject.package.name());
    let affected = record.affected.items().first();
    let versions = affected.map_or(&[][..], |affected| affected.versions.items());
    if versions.is_empty() || affected.is_some_and(|affected| !affected.ranges.items().is_empty()) {
        let message = format!("the protected name `{name}` is not reported by exact versions alone");
        sink.at(subject.pointer.clone(), message, "list the malicious versions, and no range");
    }
    let decisions = additions::malpkg(record).and_then(|ours| ours.get("decisions")?.as_array()).unwrap_or_default();
    let authors: Vec<&str> = record.credits.items().iter().filter_map(|credit| credit.name.as_str()).collect();
    let is_approved =
        decisions.iter().filter_map(Value::as_object).any(|decision| approves(decision, versions, &authors));
    if !is_approved {
        let message = format!("nobody approved the report on the protected name `{name}` for these versions");
        sink.at(subject.pointer.clone(), message, "let a second person look, and run `malpkg approve`");
    }
}

/// Whether a decision is an approval of exactly these versions, by somebody whom the report does not thank for it.
fn approves(decision: &Object, versions: &[String], authors: &[&str]) -> bool {
    let word = |name: &str| decision.get(name).and_then(Value::as_str);
    let approved = decision.get("versions").and_then(Value::as_array).unwrap_or_default();
    let approved: BTreeSet<&str> = approved.iter().filter_map(Value::as_str).collect();
    word("kind") == Some("approve")
        && word("by").is_some_and(|by| !by.trim().is_empty() && !authors.contains(&by))
        && approved == versions.iter().map(String::as_str).collect()
}
