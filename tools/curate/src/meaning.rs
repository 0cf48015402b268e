//! Meaning: what a change does to a report for whoever reads it, told apart from what it does to the bytes.

use std::collections::BTreeSet;

use database::verdict::Statement;
use database::{TreePath, subject};
use osv_schema::additions::{Decision, MALPKG, ORIGINS, malpkg};
use osv_schema::{Member, Object, Origin, Record, Value, write};

/// The words of ours of which a report has one each.
const WORDS: [&str; 4] = ["campaign", "confidence", "kind", "technique"];

/// One thing that a change does to a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What is done.
    pub kind: TurnKind,
    /// To what: versions, ids, who said so.
    pub items: Vec<String>,
}

/// What a change does to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TurnKind {
    /// There was none before.
    Created,
    /// There is none any more.
    Removed,
    /// It lies elsewhere: from, and to.
    Moved,
    /// It has another id: from, and to.
    Renamed,
    /// It is taken back.
    Withdrawn,
    /// It stands again.
    Reinstated,
    /// It means versions that it did not.
    VersionsAdded,
    /// It does not mean versions any more.
    VersionsCleared,
    /// It means ranges that it did not.
    RangesAdded,
    /// It does not mean ranges any more.
    RangesCleared,
    /// Somebody settled something.
    Decided,
    /// A decision is gone.
    DecisionsDropped,
    /// Sources said something.
    Delivered,
    /// What sources said is gone.
    DeliveriesDropped,
    /// It is known under more ids.
    AliasesAdded,
    /// It is known under fewer ids.
    AliasesDropped,
    /// The package is spelled otherwise, or is another one: from, and to.
    PackageChanged,
    /// Kind, confidence, technique or campaign is another one.
    WordsChanged,
    /// The summary is another one: the new one.
    SummaryChanged,
    /// The details are others.
    DetailsChanged,
    /// Other members changed: their names.
    Edited,
}

impl TurnKind {
    /// The word of the interface.
    pub fn word(self) -> &'static str {
        match self {
            TurnKind::Created => "created",
            TurnKind::Removed => "removed",
            TurnKind::Moved => "moved",
            TurnKind::Renamed => "renamed",
            TurnKind::Withdrawn => "withdrawn",
            TurnKind::Reinstated => "reinstated",
            TurnKind::VersionsAdded => "versions-added",
            TurnKind::VersionsCleared => "versions-cleared",
            TurnKind::RangesAdded => "ranges-added",
            TurnKind::RangesCleared => "ranges-cleared",
            TurnKind::Decided => "decided",
            TurnKind::DecisionsDropped => "decisions-dropped",
            TurnKind::Delivered => "delivered",
            TurnKind::DeliveriesDropped => "deliveries-dropped",
            TurnKind::AliasesAdded => "aliases-added",
            TurnKind::AliasesDropped => "aliases-dropped",
            TurnKind::PackageChanged => "package-changed",
            TurnKind::WordsChanged => "words-changed",
            TurnKind::SummaryChanged => "summary-changed",
            TurnKind::DetailsChanged => "details-changed",
            TurnKind::Edited => "edited",
        }
    }
}

/// What a change does to a report, of which one side may not be there. Nothing where only the spelling of the JSON, or
/// `modified`, is another one.
pub fn meaning(before: Option<&Record>, after: Option<&Record>) -> Vec<Turn> {
    let nothing = Record::default();
    let mut turns = Turns(Vec::new());
    match (before, after) {
        (None, Some(_)) => turns.add(TurnKind::Created, []),
        (Some(_), None) => {
            turns.add(TurnKind::Removed, []);
            return turns.0;
        }
        _ => {}
    }
    let is_new = before.is_none();
    let (before, after) = (before.unwrap_or(&nothing), after.unwrap_or(&nothing));
    let text = |member: &Member<String>| member.as_str().unwrap_or_default().to_owned();
    if !is_new && before.id != after.id {
        turns.add(TurnKind::Renamed, [text(&before.id), text(&after.id)]);
    }
    match (before.is_withdrawn(), after.is_withdrawn()) {
        (false, true) => turns.add(TurnKind::Withdrawn, [text(&after.withdrawn)]),
        (true, false) => turns.add(TurnKind::Reinstated, []),
        _ => {}
    }
    turns.compare(versions(before), versions(after), TurnKind::VersionsAdded, TurnKind::VersionsCleared);
    turns.compare(ranges(before), ranges(after), TurnKind::RangesAdded, TurnKind::RangesCleared);
    let decided = |record: &Record| record.decisions().iter().map(told_decision).collect();
    turns.compare(decided(before), decided(after), TurnKind::Decided, TurnKind::DecisionsDropped);
    turns.compare(delivered(before), delivered(after), TurnKind::Delivered, TurnKind::DeliveriesDropped);
    let aliases = |record: &Record| record.aliases.items().iter().cloned().collect();
    turns.compare(aliases(before), aliases(after), TurnKind::AliasesAdded, TurnKind::AliasesDropped);
    if is_new {
        return turns.0;
    }
    let (was_on, is_on) = (package(before), package(after));
    if was_on != is_on {
        turns.add(TurnKind::PackageChanged, [was_on, is_on]);
    }
    let words = WORDS.into_iter().filter_map(|name| {
        let word = |record| malpkg(record).and_then(|ours| ours.get(name)?.as_str()).unwrap_or("none");
        (word(before) != word(after)).then(|| format!("{name} {} to {}", word(before), word(after)))
    });
    turns.add_some(TurnKind::WordsChanged, words.collect());
    if before.summary != after.summary {
        turns.add(TurnKind::SummaryChanged, [text(&after.summary)]);
    }
    if before.details != after.details {
        turns.add(TurnKind::DetailsChanged, []);
    }
    turns.add_some(TurnKind::Edited, edited(before, after));
    turns.0
}

struct Turns(Vec<Turn>);

impl Turns {
    fn add(&mut self, kind: TurnKind, items: impl IntoIterator<Item = String>) {
        self.0.push(Turn { kind, items: items.into_iter().filter(|item| !item.is_empty()).collect() });
    }

    fn add_some(&mut self, kind: TurnKind, items: Vec<String>) {
        if !items.is_empty() {
            self.0.push(Turn { kind, items });
        }
    }

    fn compare(&mut self, before: BTreeSet<String>, after: BTreeSet<String>, added: TurnKind, dropped: TurnKind) {
        self.add_some(added, after.difference(&before).cloned().collect());
        self.add_some(dropped, before.difference(&after).cloned().collect());
    }
}

fn versions(record: &Record) -> BTreeSet<String> {
    record.affected.items().iter().flat_map(|affected| affected.versions.items().iter().cloned()).collect()
}

/// The ranges in the words of `vers`; those of a record that is on no known package as they stand.
fn ranges(record: &Record) -> BTreeSet<String> {
    let each = "record.json".parse::<TreePath>().ok().and_then(|path| Statement::each(&path, record).ok());
    match each {
        Some(statements) => statements.iter().flat_map(Statement::vers).collect(),
        None => {
            let all = record.affected.items().iter().flat_map(|affected| affected.ranges.items());
            all.map(write::compact).collect()
        }
    }
}

fn package(record: &Record) -> String {
    subject(record).map_or_else(|_| String::new(), |subject| subject.package.to_string())
}

/// A decision in a line.
fn told_decision(decision: &Decision) -> String {
    let part = |before: &str, member: &Member<String>| {
        member.as_str().map_or_else(String::new, |text| format!("{before}{text}"))
    };
    let kind = decision.kind.as_str().unwrap_or("decision");
    let (at, by) = (part(" at ", &decision.time), part(" by ", &decision.by));
    format!("{kind}{}{by}{at}{}", part(", ", &decision.reason), part(": ", &decision.note))
}

/// What sources said, a line each. The same said again later is no news.
fn delivered(record: &Record) -> BTreeSet<String> {
    let told = |origin: Origin| {
        let text = |member: &Member<String>| member.as_str().unwrap_or_default().to_owned();
        let id = origin.id.as_str().map_or_else(String::new, |id| format!(" {id}"));
        let hash: String = crate::streams::content_of(&origin).chars().take(12).collect();
        let what = match (origin.moved_to.as_str(), origin.withdrawn.as_str()) {
            (Some(package), _) => format!(", which went on to {package}"),
            (None, Some(_)) => ", taken back".to_owned(),
            (None, None) => String::new(),
        };
        format!("{}{id} ({hash}){what}", text(&origin.source))
    };
    record.origins().into_iter().map(told).collect()
}

/// The names of the members that differ beside those that are told of in words.
fn edited(before: &Record, after: &Record) -> Vec<String> {
    let rest = |record: &Record| {
        let mut members: Object = record.database_specific.value().cloned().unwrap_or_default();
        members.remove(ORIGINS);
        if let Some(Value::Object(ours)) = members.get_mut(MALPKG) {
            ours.remove("decisions");
            WORDS.into_iter().for_each(|name| drop(ours.remove(name)));
            if ours.is_empty() {
                members.remove(MALPKG);
            }
        }
        members
    };
    let affected = |record: &Record| {
        let mut affected = record.affected.clone();
        for one in affected.value_mut().into_iter().flatten() {
            (one.versions, one.ranges) = Default::default();
            if let Some(package) = one.package.value_mut() {
                package.name = Member::Absent;
            }
        }
        affected
    };
    let names = [
        ("published", before.published != after.published),
        ("related", before.related != after.related),
        ("upstream", before.upstream != after.upstream),
        ("affected", affected(before) != affected(after)),
        ("references", before.references != after.references),
        ("database_specific", rest(before) != rest(after)),
        ("severity", before.severity != after.severity),
        ("credits", before.credits != after.credits),
    ];
    let known = names.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned());
    let extra: BTreeSet<&String> = before.extra.keys().chain(after.extra.keys()).collect();
    let others = extra.into_iter().filter(|name| before.extra.get(*name) != after.extra.get(*name)).cloned();
    known.chain(others).collect()
}
