#![doc = include_str!("versions_missing.md")]

use database::Report;
use osv_schema::additions;

use crate::text::{affected, affected_at};

use crate::{Check, Level, Rule, Sink};

pub(super) static RULE: Rule = Rule {
    name: "versions-missing",
    level: Level::Error,
    page: include_str!("versions_missing.md"),
    check: Check::Record(check),
};

fn check(report: &Report<'_>, sink: &mut Sink<'_>) {
    let moved = report
        .record
        .as_ref()
        .and_then(additions::malpkg)
        .and_then(|ours| ours.get("moved_tags")?.as_array())
        .is_some_and(|tags| !tags.is_empty());
    for (index, affected) in affected(report) {
        let is_of_another_type = ["versions", "ranges"].iter().any(|name| affected.extra.contains_key(*name));
        let is_said = !affected.versions.items().is_empty() || !affected.ranges.items().is_empty();
        if !is_said && !moved && !is_of_another_type {
            let remedy =
                "list the versions known to be bad; if every one is, give a range from `\"introduced\": \"0\"`";
            sink.at(affected_at(index), "no version is named", remedy);
        }
    }
}
