#![doc = include_str!("protected_name.md")]

use std::collections::BTreeSet;

use database::{Base, Person, Report};
use osv_schema::additions::Stream;
use osv_schema::{Affected, Origin, Range, Record, Value, write};

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
    let (why, unapproved) = if sink.settings.protected.has(&subject.package) {
        (format!("`{name}` is a protected name"), unapproved(affected, record))
    } else if let Some(beyond) = beyond_cleared(affected, record) {
        (format!("`{name}` had a report that was wrong about it"), beyond)
    } else if let Some(scoped) = lost_scope(report) {
        (format!("`{name}` seems to have lost its scope (`{}`)", shorten(&scoped)), unapproved(affected, record))
    } else {
        return;
    };
    if !is_exact(affected, subject.package.ecosystem().names_repositories()) {
        // Who tells only the first of several findings tells this one: without it nobody can approve.
        let message = format!("{why}, and its report does not name exact versions alone");
        let remedy = "list the versions that are malicious, and no range";
        sink.at_parts(subject.pointer.clone(), message, remedy, words(&[], affected.ranges.items()));
    }
    if !unapproved.is_empty() {
        let message = format!("{why}, and nobody but its author approved of these versions");
        let remedy = "let a second maintainer look, who runs `malpkg approve`; after more versions come, again";
        sink.at_parts(subject.pointer.clone(), message, remedy, unapproved);
    }
}

/// Versions, and ranges in the one form that we write.
fn words(versions: &[String], ranges: &[Range]) -> BTreeSet<Box<str>> {
    let ranges = ranges.iter().map(|range| write::compact(range).into());
    versions.iter().map(|version| version.as_str().into()).chain(ranges).collect()
}

/// Of what a report means, and nobody approved of, the part that goes beyond what people left of it who once said that a
/// report was wrong about the package, or that an honest owner has its name now; none where there is nothing.
fn beyond_cleared(affected: &Affected, record: &Record) -> Option<BTreeSet<Box<str>>> {
    const HONEST: [&str; 3] = ["false-positive", "name-collision", "dispute-upheld"];
    if decisions(record).is_empty() {
        return None;
    }
    let decisions = record.decisions();
    // What was left by the last who took something away; none where all of it may stand.
    let (mut of_withdrawn, mut of_narrowed) = (None, None);
    let mut known: &[Stream] = &[];
    for decision in &decisions {
        let is_honest = decision.reason.as_str().is_some_and(|reason| HONEST.contains(&reason));
        match decision.kind.as_str() {
            Some("withdraw") if is_honest => {
                (of_withdrawn, known) = (Some(BTreeSet::new()), decision.streams.items());
            }
            // Somebody looked again: at what there was when it was taken back, and at the versions that are named since. An
            // open range that came since could mean what was wrong.
            Some("reinstate") => {
                let there = decision.streams.items();
                let came = there.iter().any(|stream| !known.contains(stream));
                let left = || said_by(known, record, true).into_iter().chain(said_by(there, record, false)).collect();
                of_withdrawn = of_withdrawn.filter(|_| came && !known.is_empty()).map(|_| left());
            }
            Some("narrow" | "undo") if is_honest || decision.reclaimed.as_str().is_some() || of_narrowed.is_some() => {
                of_narrowed = Some(words(decision.versions.items(), decision.ranges.items()));
            }
            Some("lift") => of_narrowed = None,
            _ => {}
        }
    }
    let is_left = |left: &Option<BTreeSet<Box<str>>>, word: &str| left.as_ref().is_none_or(|left| left.contains(word));
    let mut beyond = unapproved(affected, record);
    beyond.retain(|word| !is_left(&of_withdrawn, word) || !is_left(&of_narrowed, word));
    Some(beyond).filter(|beyond| !beyond.is_empty())
}

/// The versions that the deliveries of some streams name, and their ranges.
fn said_by(streams: &[Stream], record: &Record, with_ranges: bool) -> BTreeSet<Box<str>> {
    let is_of = |origin: &Origin, stream: &Stream| {
        let is_content = || stream.sha256.as_str().is_some() && stream.sha256 == origin.content_sha256;
        stream.source == origin.source && (stream.id.as_str().is_some() && stream.id == origin.id || is_content())
    };
    let origins = record.origins().into_iter().filter(|origin| streams.iter().any(|stream| is_of(origin, stream)));
    let said = |origin: Origin| words(origin.versions.items(), if with_ranges { origin.ranges.items() } else { &[] });
    origins.flat_map(said).collect()
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

/// What a report means and nobody approved of who neither wrote the report, nor sent it, nor is credited. What is more than
/// was approved of voids an approval, what is less does not: a correction waits for nobody.
fn unapproved(affected: &Affected, record: &Record) -> BTreeSet<Box<str>> {
    let mut meant = words(affected.versions.items(), affected.ranges.items());
    for decision in record.decisions().iter().filter(|decision| decision.kind.as_str() == Some("approve")) {
        if decision.by.as_str().is_some_and(|by| may_approve(by, record)) {
            for word in words(decision.versions.items(), decision.ranges.items()) {
                meant.remove(&word);
            }
        }
    }
    meant
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
