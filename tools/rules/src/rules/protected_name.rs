#![doc = include_str!("protected_name.md")]

use std::collections::HashSet;

use database::{Base, Report};
use osv_schema::{Affected, Object, Range, Record, Value};

use crate::provenance::{decisions, word};
use crate::text::shorten;
use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "protected-name",
    level: Level::Error,
    page: include_str!("protected_name.md"),
    check: Check::Place(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let (Some(place), Some(subject), Some(record)) = (report.place, report.about(), &report.record) else { return };
    let is_live = place.base == Base::Malicious && !record.is_withdrawn();
    let ([affected], true) = (record.affected.items(), is_live && sink.settings.protected.has(&subject.package)) else {
        return;
    };
    let name = shorten(subject.package.name());
    if !is_exact(affected, subject.package.ecosystem().names_repositories()) {
        let message = format!("`{name}` is a protected name, and the report does not name exact versions alone");
        sink.at(subject.pointer.clone(), message, "list the versions that are malicious, and no range");
    }
    let versions: HashSet<&str> = affected.versions.items().iter().map(String::as_str).collect();
    let approvals = decisions(record).iter().filter_map(Value::as_object);
    if !approvals.into_iter().any(|decision| approves(decision, &versions, record)) {
        let message = format!("`{name}` is a protected name, and nobody but its author approved of these versions");
        let remedy = "let a second maintainer look, who runs `malpkg approve`; after a change of the versions, again";
        sink.at(subject.pointer.clone(), message, remedy);
    }
}

/// Whether a report means what it lists and nothing else. One on a git repository has to speak in ranges: they must
/// begin at a commit and end.
fn is_exact(affected: &Affected, is_repository: bool) -> bool {
    let is_closed = |range: &Range| {
        let events = || range.events.items().iter().flat_map(osv_schema::Event::entries);
        events().all(|event| event != ("introduced", "0"))
            && events().any(|(name, _)| name == "fixed" || name == "last_affected")
    };
    if is_repository {
        affected.ranges.items().iter().all(is_closed)
    } else {
        affected.ranges.items().is_empty() && !affected.versions.items().is_empty()
    }
}

/// Whether a decision approves of exactly these versions, by somebody who neither wrote the report nor is credited.
fn approves(decision: &Object, versions: &HashSet<&str>, record: &Record) -> bool {
    let Some(by) = word(decision, "by").map(str::trim).filter(|by| !by.is_empty()) else { return false };
    let is_same = |name: &str| name.trim().eq_ignore_ascii_case(by);
    let is_credited = record.credits.items().iter().any(|credit| {
        credit.name.as_str().is_some_and(is_same) || credit.contact.items().iter().any(|contact| is_same(contact))
    });
    let edits = decisions(record).iter().filter_map(Value::as_object);
    let is_author = edits
        .filter(|other| word(other, "kind") == Some("hand-edit"))
        .any(|edit| word(edit, "by").is_some_and(is_same));
    let listed = decision.get("versions").and_then(Value::as_array).unwrap_or_default();
    let approved: HashSet<&str> = listed.iter().filter_map(Value::as_str).collect();
    word(decision, "kind") == Some("approve") && !is_credited && !is_author && approved == *versions
}
