#![doc = include_str!("protected_name.md")]

use std::collections::HashSet;

use database::{Base, Person, Report};
use osv_schema::{Affected, Range, Record, Value, write};

use super::lost_scope::lost_scope;
use crate::provenance::{decisions, origins, word};
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
    let ([affected], true) = (record.affected.items(), is_live) else { return };
    let name = shorten(subject.package.name());
    let why = if sink.settings.protected.has(&subject.package) {
        format!("`{name}` is a protected name")
    } else if is_beyond_cleared(affected, record) {
        format!("`{name}` had a report that was wrong about it")
    } else if let Some(scoped) = lost_scope(report) {
        format!("`{name}` seems to have lost its scope (`{}`)", shorten(&scoped))
    } else {
        return;
    };
    if !is_exact(affected, subject.package.ecosystem().names_repositories()) {
        // Who tells only the first of several findings tells this one: without it nobody can approve.
        let message = format!("{why}, and its report does not name exact versions alone");
        sink.at(subject.pointer.clone(), message, "list the versions that are malicious, and no range");
    }
    if !is_approved(affected, record, false) {
        let message = format!("{why}, and nobody but its author approved of these versions");
        let remedy = "let a second maintainer look, who runs `malpkg approve`; after a change of the versions, again";
        sink.at(subject.pointer.clone(), message, remedy);
    }
}

/// Whether people once said that a report was wrong about the package, or that an honest owner has its name now, and the
/// report means more than they left of it.
fn is_beyond_cleared(affected: &Affected, record: &Record) -> bool {
    const HONEST: [&str; 3] = ["false-positive", "name-collision", "dispute-upheld"];
    let (mut withdrawn, mut narrowed) = (false, false);
    for decision in decisions(record).iter().filter_map(Value::as_object) {
        let is_honest = word(decision, "reason").is_some_and(|reason| HONEST.contains(&reason));
        match word(decision, "kind") {
            Some("withdraw") => withdrawn |= is_honest,
            // Somebody looked again.
            Some("reinstate") => withdrawn = false,
            Some("narrow" | "undo") => narrowed |= is_honest || word(decision, "reclaimed").is_some(),
            Some("lift") => narrowed = false,
            _ => {}
        }
    }
    (withdrawn || narrowed) && !is_approved(affected, record, true)
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

/// Whether just what a report means was approved of by somebody who neither wrote the report, nor sent it, nor is credited;
/// or, where that is asked for, left standing by a narrowing. A change voids an approval, but for what people cleared since:
/// a correction by hand waits for nobody. What two branches approved of is approved of where they meet.
fn is_approved(affected: &Affected, record: &Record, or_narrowed: bool) -> bool {
    let decisions = record.decisions();
    let spelled = |ranges: &[Range]| -> HashSet<String> { ranges.iter().map(write::compact).collect() };
    let listed = |versions: &[String]| -> HashSet<String> { versions.iter().cloned().collect() };
    let (meant, meant_ranges) = (listed(affected.versions.items()), spelled(affected.ranges.items()));
    let narrowings = || decisions.iter().filter(|one| matches!(one.kind.as_str(), Some("narrow" | "undo")));
    let cleared: HashSet<&String> = narrowings().flat_map(|decision| decision.cleared.items()).collect();
    let cleared_ranges: HashSet<String> =
        narrowings().flat_map(|decision| spelled(decision.cleared_ranges.items())).collect();
    let (mut is_any, mut approved, mut approved_ranges) = (false, HashSet::new(), HashSet::new());
    for decision in &decisions {
        let (versions, ranges) = (listed(decision.versions.items()), spelled(decision.ranges.items()));
        match decision.kind.as_str() {
            Some("approve") => {
                let has_no_more = versions.difference(&meant).all(|version| cleared.contains(version))
                    && ranges.difference(&meant_ranges).all(|range| cleared_ranges.contains(range));
                if has_no_more && decision.by.as_str().is_some_and(|by| may_approve(by, record)) {
                    is_any = true;
                    approved.extend(versions);
                    approved_ranges.extend(ranges);
                }
            }
            Some("narrow" | "undo") if or_narrowed => {
                if meant.is_subset(&versions) && meant_ranges.is_subset(&ranges) {
                    return true;
                }
            }
            _ => {}
        }
    }
    is_any && meant.is_subset(&approved) && meant_ranges.is_subset(&approved_ranges)
}

/// Whether somebody may approve of a report.
fn may_approve(by: &str, record: &Record) -> bool {
    let by = Person::of(by);
    let is_same = |name: &str| Person::of(name).is_same_as(&by);
    let is_credited = record.credits.items().iter().any(|credit| {
        credit.name.as_str().is_some_and(is_same) || credit.contact.items().iter().any(|contact| is_same(contact))
    });
    let edits = decisions(record).iter().filter_map(Value::as_object);
    let is_author = edits
        .filter(|other| word(other, "kind") == Some("hand-edit"))
        .any(|edit| word(edit, "by").is_some_and(is_same));
    let is_source = origins(record).any(|origin| word(origin, "source").is_some_and(is_same));
    !by.is_nobody() && !is_credited && !is_author && !is_source
}
