//! What waits for a person: found in the tree, worst first, without what somebody closed.

use std::collections::{BTreeMap, BTreeSet};

use curate::{OPEN, disputed, leads_to, sha256_hex};
use database::{Base, Entry, Facts, Place, Report, ReportId, Snapshot, TreePath};
use intake::Held;
use osv_schema::additions::Decision;
use osv_schema::{Record, Timestamp};
use rules::{By, Standing};
use serde::Serialize;
use serde_json::Value;
use store::Store;

use super::close::Closed;
use crate::beside::beside;
use crate::change::{self, Judging};
use crate::context::{Context, Reading};
use crate::display::shell_word;
use crate::failure::Failure;
use crate::waiting::{GUARD, held, waiting};

/// The queue as programs read it.
#[derive(Serialize)]
pub(super) struct QueueV1<'q> {
    pub format: &'static str,
    pub version: u32,
    pub commit: Option<String>,
    pub closed: usize,
    pub queue: &'q [Item],
}

/// What is open, and how much was closed.
pub(super) struct Queue {
    pub items: Vec<Item>,
    pub closed: usize,
}

/// One thing that waits for a person.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Item {
    pub kind: &'static str,
    pub key: String,
    pub package: Option<String>,
    pub id: Option<String>,
    pub path: Option<String>,
    pub source: Option<String>,
    pub since: Option<String>,
    pub message: String,
    pub next: Vec<String>,
    /// What it is about, where that lies in the quarantine.
    #[serde(skip)]
    pub held: Option<Held>,
}

impl Item {
    /// What stands for what a document in quarantine says, as long as it is said again with no more than a newer date.
    pub(super) fn content(&self, snapshot: &Snapshot) -> Result<Option<String>, Failure> {
        const DATES: [&str; 3] = ["modified", "updatedAt", "updated_at"];
        let Some(held) = &self.held else { return Ok(None) };
        let bytes = held.document(snapshot)?.and_then(|document| document.bytes.ok());
        let Some(Value::Object(mut said)) = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()) else {
            return Ok(None);
        };
        said.retain(|name, _| !DATES.contains(&name.as_str()));
        Ok(Some(key("content", &[&held.source, &held.rule, &Value::Object(said).to_string()])))
    }
}

/// The kinds of items, worst first.
const KINDS: [&str; 10] = [
    "protected",
    "overdue",
    "disputed",
    "taken-back-beside",
    "named-again",
    "range-ignored",
    "held",
    "quarantined",
    "unassigned",
    "beyond",
];

/// Everything that is open.
pub(super) fn of(store: &Store, reading: &Reading, context: &Context<'_>) -> Result<Queue, Failure> {
    let mut items = Vec::new();
    of_quarantine(reading, &mut items)?;
    let settings = &reading.config.settings;
    let judging = Judging { store, settings, by: By::Maintainer };
    let known = reading.commit.as_ref().map(|commit| change::standing(&judging, commit)).transpose()?;
    unapproved(reading, known.as_ref(), context, &mut items)?;
    let beside = beside(&reading.snapshot, known.as_ref(), &settings.prefix);
    of_reports(reading, &beside, context.now(), &mut items)?;
    items.sort_by_key(|item| {
        let rank = KINDS.iter().position(|kind| *kind == item.kind);
        (rank, item.since.clone(), item.package.clone(), item.key.clone())
    });
    let closed = Closed::read(&reading.snapshot)?;
    let mut queue = Queue { items: Vec::new(), closed: 0 };
    for item in items {
        match closed.has(&item, &reading.snapshot)? {
            true => queue.closed += 1,
            false => queue.items.push(item),
        }
    }
    Ok(queue)
}

/// The key of an item: the same as long as it is about the same.
fn key(kind: &str, about: &[&str]) -> String {
    sha256_hex(format!("{kind}\0{}", about.join("\0")).as_bytes())[..16].to_owned()
}

fn of_quarantine(reading: &Reading, items: &mut Vec<Item>) -> Result<(), Failure> {
    let snapshot = &reading.snapshot;
    let waiting = waiting(snapshot)?;
    for one in &waiting {
        let short: String = one.held.key.chars().take(12).collect();
        let is_open = one.held.message.ends_with("exact versions alone");
        let keep = if is_open { " --keep VERSION,…" } else { "" };
        items.push(Item {
            kind: "protected",
            key: one.held.key.chars().take(16).collect(),
            package: one.package.as_ref().map(ToString::to_string),
            id: one.record.as_ref().and_then(|record| record.id.as_str().map(str::to_owned)),
            path: one.held.path("reason.toml").map(|path| path.to_string()),
            source: Some(one.held.source.clone()),
            since: Some(one.held.first_seen.clone()),
            message: one.held.message.clone(),
            next: vec![
                format!("malpkg quarantine show {short}"),
                format!("malpkg approve {short} --by WHO{keep} --commit"),
                format!("malpkg triage close {short} --because WHY --commit"),
            ],
            held: Some(one.held.clone()),
        });
    }
    for one in held(snapshot)?.into_iter().filter(|held| held.rule != GUARD) {
        let short: String = one.key.chars().take(12).collect();
        let place = format!("{} {}", one.delivery, one.pointer);
        items.push(Item {
            kind: "quarantined",
            key: one.key.chars().take(16).collect(),
            package: None,
            id: None,
            path: one.path("reason.toml").map(|path| path.to_string()),
            source: Some(one.source.clone()),
            since: Some(one.first_seen.clone()),
            message: format!("{}: {}: {}", place.trim_end(), one.rule, one.message),
            next: vec![
                format!("malpkg quarantine show {short}"),
                format!("malpkg quarantine retry {short} --commit"),
                format!("malpkg quarantine drop {short} --commit"),
            ],
            held: Some(one),
        });
    }
    Ok(())
}

/// Reports that stand on protected names though nobody approved of them.
fn unapproved(
    reading: &Reading,
    known: Option<&Standing>,
    context: &Context<'_>,
    items: &mut Vec<Item>,
) -> Result<(), Failure> {
    let settings = &reading.config.settings;
    let findings = match known {
        Some(known) => {
            let found = known.found_by(GUARD).map_err(Failure::new)?;
            let entry = |facts: &Facts| reading.snapshot.entry(facts.path.as_str());
            let entries: Vec<&Entry> = found.iter().filter_map(entry).collect();
            let judged =
                reading.snapshot.map(&entries, |entry, bytes| rules::judge_file(&entry.path, bytes, settings).findings);
            judged.into_iter().flatten().collect()
        }
        None => context.validate(reading)?.findings,
    };
    let mut told = BTreeSet::new();
    for finding in findings.into_iter().filter(|finding| finding.rule.name == GUARD) {
        if !told.insert(finding.path.clone()) {
            continue;
        }
        let id = finding.id.to_string();
        let word = shell_word(if id.is_empty() { finding.path.as_str() } else { &id });
        items.push(Item {
            kind: "protected",
            key: key("protected", &[&id, finding.path.as_str(), &finding.message]),
            package: Place::of(&finding.path).map(|place| place.folder.to_owned()),
            id: Some(id).filter(|id| !id.is_empty()),
            path: Some(finding.path.to_string()),
            source: None,
            since: None,
            message: finding.message.to_string(),
            next: vec![
                format!("malpkg query --why {word}"),
                format!("malpkg approve {word} --by WHO --commit"),
                format!("malpkg withdraw {word} --reason false-positive --commit"),
            ],
            held: None,
        });
    }
    Ok(())
}

/// What decisions and deliveries of reports leave to a person.
fn of_reports(
    reading: &Reading,
    beside: &BTreeMap<TreePath, BTreeSet<TreePath>>,
    now: Timestamp,
    items: &mut Vec<Item>,
) -> Result<(), Failure> {
    let snapshot = &reading.snapshot;
    let prefix = &reading.config.settings.prefix;
    let entries: Vec<&Entry> = snapshot.reports().map(|(_, entry)| entry).collect();
    let found = snapshot.map(&entries, |entry, bytes| -> Result<Vec<Item>, database::ReadError> {
        let Some(place) = Place::of(&entry.path) else { return Ok(Vec::new()) };
        let is_unassigned = ReportId::is_unassigned(place.stem, prefix);
        let bytes = bytes?;
        let holds = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        let is_decided = || holds(b"\"dispute\"") || holds(b"\"narrow\"");
        if !is_unassigned && place.base != Base::Withdrawn && !is_decided() && !holds(b"\"derived_from\"") {
            return Ok(Vec::new());
        }
        // What is to be said of one that became one with another, that other one says.
        let record = Report::read(&entry.path, bytes).record.filter(|record| leads_to(record).is_none());
        let Some(record) = record else { return Ok(Vec::new()) };
        let about = About { place, entry, record: &record };
        let mut found = Vec::new();
        let decisions = record.decisions();
        found.extend(about.unassigned().filter(|_| is_unassigned));
        found.extend(about.disputed(&decisions, now));
        found.extend(about.named_again(&decisions));
        found.extend(beside.get(&entry.path).and_then(|standing| about.beside(&decisions, standing)));
        found.extend(about.range_ignored(&decisions));
        found.extend(about.beyond());
        Ok(found)
    });
    for found in found {
        items.extend(found?);
    }
    Ok(())
}

/// What was decided last of whether a report stands.
fn last_word(decisions: &[Decision]) -> Option<&Decision> {
    decisions.iter().rev().find(|one| matches!(one.kind.as_str(), Some("withdraw" | "reinstate")))
}

/// A report of which something is to be told.
struct About<'a> {
    place: Place<'a>,
    entry: &'a Entry,
    record: &'a Record,
}

impl About<'_> {
    fn item(&self, kind: &'static str, about: &[&str], message: String, next: &[&str]) -> Item {
        let id = self.record.id.as_str().filter(|id| !id.is_empty()).map(str::to_owned);
        let word = shell_word(id.as_deref().unwrap_or(self.entry.path.as_str()));
        Item {
            kind,
            key: key(kind, &[&[self.place.stem], about].concat()),
            package: Some(self.place.folder.to_owned()),
            id,
            path: Some(self.entry.path.to_string()),
            source: None,
            since: None,
            message,
            next: next.iter().map(|next| next.replace("{}", &word)).collect(),
            held: None,
        }
    }

    fn unassigned(&self) -> Option<Item> {
        let validate = format!("malpkg validate {}", shell_word(self.entry.path.as_str()));
        let next = [validate.as_str(), "malpkg merge --commit", "malpkg assign --commit"];
        let message = "the report has no id yet: check it, merge it, give it one".to_owned();
        Some(self.item("unassigned", &[self.entry.path.as_str()], message, &next))
    }

    fn disputed(&self, decisions: &[Decision], now: Timestamp) -> Option<Item> {
        let open = disputed(decisions).filter(|dispute| dispute.reason.as_str() == Some(OPEN))?;
        let deadline = open.deadline.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        let text = |member: &osv_schema::Member<String>| member.as_str().unwrap_or("nobody named").to_owned();
        let kind = if deadline.is_some_and(|until| until < now) { "overdue" } else { "disputed" };
        let until = deadline.map_or_else(String::new, |until| format!(", to be settled until {until}"));
        let (by, proof, evidence) = (text(&open.by), text(&open.proof), text(&open.evidence));
        let message = format!("{by} disputes it ({proof}, {evidence}){until}");
        let next = [
            "malpkg query --why {}",
            "malpkg dispute uphold {} --by WHO --commit",
            "malpkg dispute refuse {} --by WHO --commit",
        ];
        let time = open.time.as_str().unwrap_or_default();
        let item = self.item(kind, &[time], message, &next);
        Some(Item { since: Some(time.to_owned()), ..item })
    }

    /// A report that people took back, and that a source names again which did not speak of it then.
    fn named_again(&self, decisions: &[Decision]) -> Option<Item> {
        let withdrawn = last_word(decisions).filter(|one| one.kind.as_str() == Some("withdraw"));
        let mut new = withdrawn.map(|withdrawn| self.new_streams(withdrawn, false)).unwrap_or_default();
        let time = withdrawn.map_or(&self.record.withdrawn, |withdrawn| &withdrawn.time).as_str();
        new.extend(self.found_since(decisions, time));
        let sources = new.iter().cloned().collect::<Vec<_>>();
        let reason = withdrawn.map_or(Some("by its sources"), |withdrawn| withdrawn.reason.as_str());
        let message = format!("taken back ({}), and named again by {}", reason.unwrap_or_default(), sources.join(", "));
        let next = [
            "malpkg query --why {}",
            "malpkg reinstate {} --reason evidence --commit",
            "malpkg triage close KEY --because WHY --commit",
        ];
        let about: Vec<&str> = sources.iter().map(String::as_str).collect();
        let item = (!new.is_empty()).then(|| self.item("named-again", &about, message, &next))?;
        let next = item.next.iter().map(|next| next.replace("KEY", &item.key)).collect();
        Some(Item { since: time.map(str::to_owned), next, ..item })
    }

    /// The versions that somebody found by hand since a report was taken back, where it still is.
    fn found_since(&self, decisions: &[Decision], withdrawn: Option<&str>) -> Option<String> {
        let time = |text: Option<&str>| text.and_then(|text| text.parse::<Timestamp>().ok());
        let since = time(withdrawn).filter(|_| self.record.is_withdrawn())?;
        let is_later = |one: &&Decision| {
            one.kind.as_str() == Some("hand-edit") && time(one.time.as_str()).is_some_and(|time| time > since)
        };
        let versions: BTreeSet<&str> =
            decisions.iter().filter(is_later).flat_map(|one| one.versions.items().iter().map(String::as_str)).collect();
        let listed = versions.into_iter().collect::<Vec<_>>().join(", ");
        (!listed.is_empty()).then(|| format!("a report by hand ({listed})"))
    }

    /// A report that people took back, while another one on its package stands.
    fn beside(&self, decisions: &[Decision], standing: &BTreeSet<TreePath>) -> Option<Item> {
        let withdrawn = Some(last_word(decisions)?).filter(|one| one.kind.as_str() == Some("withdraw"))?;
        let standing: Vec<&str> = standing.iter().filter_map(|path| Some(Place::of(path)?.stem)).collect();
        let reason = withdrawn.reason.as_str().unwrap_or_default();
        let message = format!("taken back ({reason}), and {} on the same package stands", standing.join(", "));
        let next = ["malpkg query --why {}", "malpkg dedupe", "malpkg dedupe --commit"];
        let item = self.item("taken-back-beside", &standing, message, &next);
        Some(Item { since: withdrawn.time.as_str().map(str::to_owned), ..item })
    }

    /// A report that people narrowed, and of which a new source says more than exact versions.
    fn range_ignored(&self, decisions: &[Decision]) -> Option<Item> {
        let last = decisions.iter().rev().find(|one| matches!(one.kind.as_str(), Some("narrow" | "lift")))?;
        let narrowed = Some(last).filter(|one| one.kind.as_str() == Some("narrow"))?;
        let sources: Vec<String> = self.new_streams(narrowed, true).into_iter().collect();
        if sources.is_empty() || self.place.base == Base::Withdrawn {
            return None;
        }
        let message = format!("narrowed, and a range is claimed since by {}", sources.join(", "));
        let next = [
            "malpkg query --why {}",
            "malpkg narrow {} --lift --reason evidence --commit",
            "malpkg triage close KEY --because WHY --commit",
        ];
        let about: Vec<&str> = sources.iter().map(String::as_str).collect();
        let item = self.item("range-ignored", &about, message, &next);
        let next = item.next.iter().map(|next| next.replace("KEY", &item.key)).collect();
        Some(Item { since: narrowed.time.as_str().map(str::to_owned), next, ..item })
    }

    /// What sources that have the report from us say beyond it, which does not count.
    fn beyond(&self) -> Option<Item> {
        let found = if self.place.base == Base::Withdrawn { Vec::new() } else { curate::beyond(self.record) };
        let told = found.iter().map(|one| {
            let ranges = one.ranges.iter().map(osv_schema::write::compact);
            let said: Vec<String> = one.versions.iter().cloned().chain(ranges).collect();
            format!("{} says {}", format!("{} {}", one.source, one.id).trim(), said.join(", "))
        });
        let about: Vec<String> = told.collect();
        if about.is_empty() {
            return None;
        }
        let message = format!("what has it from us says more, which does not count: {}", about.join("; "));
        let next = ["malpkg query --why {}", "malpkg triage close KEY --because WHY --commit"];
        let about: Vec<&str> = about.iter().map(String::as_str).collect();
        let item = self.item("beyond", &about, message, &next);
        let next = item.next.iter().map(|next| next.replace("KEY", &item.key)).collect();
        Some(Item { next, ..item })
    }

    /// The sources, with their ids, of streams that a decision does not bind and that have not ended.
    fn new_streams(&self, decision: &Decision, with_ranges: bool) -> BTreeSet<String> {
        let bound: BTreeSet<(Option<&str>, Option<&str>)> =
            decision.streams.items().iter().map(|stream| (stream.source.as_str(), stream.id.as_str())).collect();
        let mut new = BTreeSet::new();
        for origin in self.record.origins() {
            let name = (origin.source.as_str(), origin.id.as_str());
            let speaks = origin.withdrawn.is_absent() && origin.moved_to.is_absent() && origin.derived_from.is_absent();
            if speaks && !bound.contains(&name) && (!with_ranges || !origin.ranges.items().is_empty()) {
                new.insert(format!("{} {}", name.0.unwrap_or_default(), name.1.unwrap_or_default()).trim().to_owned());
            }
        }
        new
    }
}
