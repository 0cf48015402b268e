//! The laws of the join: whatever sources send and people decide, in whatever order and in however many runs.
//!
//! `cargo xtask laws --cases N` runs them more often than the tests do by themselves.

use std::collections::BTreeSet;

use curate::{Brought, Deed, Delivery, Settled, Undoing, decide, join, undo};
use database::verdict::Statement;
use database::{Base, Entry, Snapshot};
use osv_schema::{Document, Event, Member, Range, Record, Timestamp, write};
use proptest::prelude::*;

use crate::fixture::{database, delivery, now, run};

/// The last one is the one before it under another spelling.
const VERSIONS: [&str; 5] = ["1.0.0", "1.1.0", "3.0.0", "2.0.0", "2.0.0+b"];

/// What one source sends.
#[derive(Clone, Debug)]
struct Sent {
    source: usize,
    /// Without one, each content is a stream of its own.
    id: Option<usize>,
    day: u32,
    published: u32,
    versions: u8,
    range: usize,
    is_withdrawn: bool,
    word: usize,
}

impl Sent {
    fn delivery(&self) -> Delivery {
        let Sent { source, id, day, published, word, .. } = self;
        let source = ["a", "b", "c"][*source];
        let id = id.map_or_else(String::new, |id| format!(r#""id": "{source}-{id}", "#));
        let gone =
            if self.is_withdrawn { format!(r#""withdrawn": "2026-05-{day:02}T06:00:00Z", "#) } else { String::new() };
        let named = VERSIONS.iter().enumerate().filter(|(at, _)| self.versions & (1 << at) != 0);
        let named: Vec<String> = named.map(|(_, version)| format!("{version:?}")).collect();
        let events = match self.range {
            0 => r#"{"introduced": "0"}"#,
            1 => r#"{"introduced": "1.0.0"}, {"fixed": "1.1.0"}"#,
            2 => r#"{"introduced": "1.1.0"}, {"last_affected": "2.0.0"}"#,
            3 => r#"{"introduced": "2.5.0"}"#,
            4 => r#"{"introduced": "1.2.0"}, {"last_affected": "1.3.0"}"#,
            _ => "",
        };
        // A statement without anything is none.
        let range = if events.is_empty() && !named.is_empty() {
            String::new()
        } else {
            let events = if events.is_empty() { r#"{"introduced": "9.0.0"}"# } else { events };
            format!(r#", "ranges": [{{"type": "SEMVER", "events": [{events}]}}]"#)
        };
        let kind = ["malware", "hijack", "typosquat"][*word % 3];
        let text = format!(
            r#"{{{id}{gone}"modified": "2026-05-{day:02}T00:00:00Z", "published": "2026-04-{published:02}T00:00:00Z",
            "details": "Text {word} of {source}.", "aliases": ["GHSA-{word}"], "related": ["R-{word}"],
            "references": [{{"type": "WEB", "url": "https://example.org/{word}"}}],
            "credits": [{{"name": "N{}", "contact": ["https://example.org/{word}"]}}],
            "database_specific": {{"malpkg": {{"kind": "{kind}"}}, "iocs": {{"domains": ["{word}.example"]}}}},
            "affected": [{{"package": {{"ecosystem": "npm", "name": "a"}}, "versions": [{}]{range}}}]}}"#,
            word % 2,
            named.join(", ")
        );
        Delivery { source: source.into(), ..delivery(&text) }
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let id = prop::option::weighted(0.8, 0..2usize);
    let is_withdrawn = prop::bool::weighted(0.25);
    (0..3usize, id, 1..8u32, 1..9u32, 0..32u8, 0..12usize, is_withdrawn, 0..4usize).prop_map(
        |(source, id, day, published, versions, range, is_withdrawn, word)| Sent {
            source,
            id,
            day,
            published,
            versions,
            range,
            is_withdrawn,
            word,
        },
    )
}

/// What somebody does to the report.
#[derive(Clone, Debug)]
enum Step {
    Sends(Vec<Sent>),
    Decides(Deed, usize),
    /// Takes in something, and takes the run back.
    Regrets(Vec<Sent>, usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    let versions = prop::sample::subsequence(VERSIONS.to_vec(), 1..3)
        .prop_map(|versions| versions.into_iter().map(str::to_owned).collect::<BTreeSet<_>>());
    prop_oneof![
        Just(Deed::Withdraw),
        Just(Deed::Reinstate),
        Just(Deed::Lift),
        versions.clone().prop_map(Deed::Keep),
        versions.prop_map(Deed::Clear),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => prop::collection::vec(sent(), 1..4).prop_map(Step::Sends),
        2 => (deed(), 0..9usize).prop_map(|(deed, day)| Step::Decides(deed, day)),
        1 => (prop::collection::vec(sent(), 1..3), 0..9usize).prop_map(|(sent, day)| Step::Regrets(sent, day)),
    ]
}

/// Takes one step. What is done twice, or makes no sense, changes nothing.
fn take(base: &Snapshot, step: &Step) -> Snapshot {
    match step {
        Step::Sends(sent) => base.with(&run(base, sent.iter().map(Sent::delivery).collect()).0.changes),
        Step::Decides(deed, day) => {
            let reason = "evidence".to_owned();
            let settled = Settled { deed: deed.clone(), reason, note: None, by: None, evidence: None };
            let at: Timestamp = format!("2026-05-1{day}T00:00:00Z").parse().unwrap();
            let entries: Vec<&Entry> = base.reports().map(|(_, entry)| entry).collect();
            base.with(&decide(base, &entries, &settled, at).plan.changes)
        }
        Step::Regrets(sent, day) => {
            let after = base.with(&run(base, sent.iter().map(Sent::delivery).collect()).0.changes);
            let mut brought = Brought::default();
            for (place, entry) in after.reports() {
                brought.add(place.folder, report(base).as_ref(), &read(&after, entry));
            }
            let undoing = Undoing { reason: "source-retracted".into(), note: "a test".into(), by: None };
            let at: Timestamp = format!("2026-05-1{day}T00:00:00Z").parse().unwrap();
            let undone = undo(&after, &brought, &undoing, &BTreeSet::new(), at);
            assert_eq!(undone.plan.rejected, []);
            after.with(&undone.plan.changes)
        }
    }
}

fn steps(base: &Snapshot, steps: &[Step]) -> Snapshot {
    steps.iter().fold(base.clone(), |base, step| take(&base, step))
}

fn read(base: &Snapshot, entry: &Entry) -> Record {
    Record::read(&Document::parse(&base.read(entry).unwrap()).unwrap()).unwrap()
}

/// The one report, where there is one.
fn report(base: &Snapshot) -> Option<Record> {
    let entry = base.reports().map(|(_, entry)| entry).next()?;
    Some(read(base, entry))
}

/// Every file but that of the ids, without what may differ: the id, and `modified`, which moves with each change.
fn bytes(base: &Snapshot) -> Vec<String> {
    let files = base.entries().iter().filter(|entry| entry.path.as_str() != "osv/ids.json");
    files.map(|entry| without_turn(&read(base, entry))).collect()
}

fn without_turn(record: &Record) -> String {
    write::canonical(&Record { id: Member::Absent, modified: Member::Absent, ..record.clone() })
}

/// What may only grow or move one way from one tree to the next, and where a report has to lie.
fn is_a_step_forward(before: &Snapshot, after: &Snapshot) {
    let (Some(before), Some(after_record)) = (report(before), report(after)) else { return };
    let kept = |old: Vec<String>, new: Vec<String>| old.iter().all(|one| new.contains(one));
    let known = |record: &Record| {
        record
            .origins()
            .iter()
            .map(|origin| format!("{:?} {:?}", origin.source, origin.content_sha256))
            .collect::<Vec<_>>()
    };
    let decided = |record: &Record| record.decisions().iter().map(write::compact).collect::<Vec<_>>();
    assert!(kept(known(&before), known(&after_record)), "origins only grow");
    assert!(kept(decided(&before), decided(&after_record)), "decisions only grow");
    assert!(kept(before.aliases.items().to_vec(), after_record.aliases.items().to_vec()), "aliases only grow");
    assert!(after_record.published_at() <= before.published_at(), "published only falls");
    assert!(after_record.modified_at() >= before.modified_at(), "modified only rises");
    assert_eq!(after_record.id, before.id, "an id never moves");
    // What is told of a report is all but its origins.
    let told = |record: &Record| {
        let mut record = record.clone();
        record.database_specific.value_mut().map(|members| members.remove("malicious-packages-origins"));
        without_turn(&record)
    };
    let is_news = told(&before) != told(&after_record);
    assert_eq!(after_record.modified_at() > before.modified_at(), is_news, "modified moves with content alone");
    let ends = |range: &Range, is_such: fn(&Event) -> bool| range.events.items().iter().any(is_such);
    let is_mixed = |range: &&Range| {
        ends(range, |event| !event.fixed.is_absent()) && ends(range, |event| !event.last_affected.is_absent())
    };
    let mut ranges = after_record.affected.items().iter().flat_map(|affected| affected.ranges.items());
    assert_eq!(ranges.find(is_mixed), None, "no range says both");
    let lies = after.reports().next().map(|(place, _)| place.base == Base::Withdrawn);
    assert_eq!(lies, Some(after_record.is_withdrawn()), "a report lies where it belongs");
}

/// Whether two reports are one but for what may differ.
#[track_caller]
fn same(law: &str, one: &Record, other: &Record) {
    let (one, other) = (without_turn(one), without_turn(other));
    let differs = one.lines().zip(other.lines()).position(|(one, other)| one != other);
    let around = |text: &str| {
        let at = differs.unwrap_or(0);
        text.lines().skip(at.saturating_sub(8)).take(16).collect::<Vec<_>>().join("\n")
    };
    assert!(one == other, "not {law}:\n{}\n-----\n{}", around(&one), around(&other));
}

/// A report as somebody made it or as it was taken over: what it lists need not be what its origins claim.
fn found() -> impl Strategy<Value = Record> {
    let origin = (0..3usize, prop::option::of(0..2usize), 1..8u32, 0..32u8, prop::bool::weighted(0.2), 0..3usize);
    let origins = prop::collection::vec(origin, 0..4);
    let texts = prop::sample::select(vec!["", "Told by one.", "Told by another."]);
    (1..4u32, origins, 0..32u8, 0..8usize, prop::option::weighted(0.2, 1..9u32), texts, 0..3usize).prop_map(
        |(number, origins, versions, range, withdrawn, text, word)| {
            let named = |versions: u8| {
                let named = VERSIONS.iter().enumerate().filter(|(at, _)| versions & (1 << at) != 0);
                named.map(|(_, version)| format!("{version:?}")).collect::<Vec<_>>().join(", ")
            };
            let origins = origins.into_iter().map(|(source, id, day, versions, is_gone, hash)| {
                let source = ["a", "b", "c"][source];
                let id = id.map_or_else(String::new, |id| format!(r#""id": "{source}-{id}", "#));
                let gone = if is_gone { format!(r#", "withdrawn": "2026-05-{day:02}T06:00:00Z""#) } else { String::new() };
                format!(
                    r#"{{{id}"source": "{source}", "sha256": "{hash}{versions}{day}", "import_time": "2026-05-0{day}T09:00:00Z",
                    "modified_time": "2026-05-0{day}T00:00:00Z", "versions": [{}]{gone}}}"#,
                    named(versions)
                )
            });
            let origins: Vec<String> = origins.collect();
            let range = match range {
                0 => r#", "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]"#,
                1 => r#", "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": "1.1.0"}]}]"#,
                _ => "",
            };
            let gone = withdrawn.map_or_else(String::new, |day| format!(r#""withdrawn": "2026-05-0{day}T00:00:00Z", "#));
            let kind = ["malware", "hijack", "typosquat"][word];
            let text = format!(
                r#"{{"id": "MAL-2026-{number}", "modified": "2026-05-09T00:00:00Z", "published": "2026-04-0{number}T00:00:00Z",
                {gone}"summary": "Malicious code in a (npm)", "details": "{text}", "aliases": ["Z-{word}", "A-{word}"],
                "database_specific": {{"malicious-packages-origins": [{}], "malpkg": {{"kind": "{kind}"}}, "cwes": ["{word}", "0"]}},
                "affected": [{{"package": {{"ecosystem": "npm", "name": "a"}}, "versions": [{}]{range}}}]}}"#,
                origins.join(", "),
                named(versions)
            );
            Record::read(&Document::parse(text.as_bytes()).unwrap()).unwrap()
        },
    )
}

fn joined(one: &Record, other: &Record) -> Record {
    join(one, other, now()).unwrap()
}

fn settled(record: &Record) -> Record {
    joined(record, record)
}

proptest! {
    #[test]
    fn order_and_batches_decide_nothing(
        first in prop::collection::vec(step(), 0..3),
        (sent, order) in prop::collection::vec(sent(), 1..7)
            .prop_flat_map(|sent| (Just(sent.clone()), Just(sent).prop_shuffle())),
        cuts in prop::collection::vec(1..4usize, 7),
    ) {
        let base = steps(&database(&[]), &first);
        let at_once = take(&base, &Step::Sends(sent));
        let mut in_turn = base;
        let mut rest = order.as_slice();
        for cut in cuts {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            let next = if now.is_empty() { in_turn.clone() } else { take(&in_turn, &Step::Sends(now.to_vec())) };
            is_a_step_forward(&in_turn, &next);
            (in_turn, rest) = (next, later);
        }
        prop_assert!(rest.is_empty() || rest.len() < 7);
        let in_turn = if rest.is_empty() { in_turn } else { take(&in_turn, &Step::Sends(rest.to_vec())) };
        prop_assert_eq!(bytes(&at_once), bytes(&in_turn));
    }

    #[test]
    fn the_same_again_changes_nothing(all in prop::collection::vec(step(), 1..6)) {
        let base = steps(&database(&[]), &all);
        for step in all.iter().filter(|step| matches!(step, Step::Sends(_))) {
            let Step::Sends(sent) = step else { continue };
            let (plan, _) = run(&base, sent.iter().map(Sent::delivery).collect());
            prop_assert!(plan.changes.is_empty(), "{:?}", plan.changes.edits().keys());
        }
    }

    #[test]
    fn every_step_is_one_forward(all in prop::collection::vec(step(), 1..8)) {
        let mut base = database(&[]);
        for step in &all {
            let next = take(&base, step);
            is_a_step_forward(&base, &next);
            base = next;
        }
    }

    #[test]
    fn joining_is_commutative_associative_and_idempotent(
        shared in prop::collection::vec(step(), 0..3),
        branches in [prop::collection::vec(step(), 1..4), prop::collection::vec(step(), 1..4), prop::collection::vec(step(), 1..4)],
    ) {
        let base = steps(&database(&[]), &shared);
        let reports = branches.map(|branch| report(&steps(&base, &branch)));
        let [Some(a), Some(b), Some(c)] = reports else { return Ok(()) };
        same("commutative", &joined(&a, &b), &joined(&b, &a));
        same("associative", &joined(&joined(&a, &b), &c), &joined(&a, &joined(&b, &c)));
        same("settled when written", &settled(&a), &a);
        same("idempotent", &joined(&joined(&a, &b), &b), &joined(&a, &b));
    }

    #[test]
    fn reports_as_they_were_found_join_by_the_same_laws([a, b, c] in [found(), found(), found()]) {
        same("commutative", &joined(&a, &b), &joined(&b, &a));
        same("associative", &joined(&joined(&a, &b), &c), &joined(&a, &joined(&b, &c)));
        same("settled once", &settled(&settled(&a)), &settled(&a));
        same("idempotent", &joined(&joined(&a, &b), &b), &joined(&a, &b));
        let meant = |record: &Record| (record.affected.clone(), record.is_withdrawn());
        let (versions, is_withdrawn) = meant(&settled(&a));
        prop_assert_eq!(is_withdrawn, a.is_withdrawn(), "it stands as it was found");
        let listed = |affected: &Member<Vec<osv_schema::Affected>>| -> BTreeSet<String> {
            affected.items()[0].versions.items().iter().cloned().collect()
        };
        let is_all = !versions.items()[0].ranges.items().is_empty() && listed(&versions).is_empty();
        prop_assert!(is_all || listed(&versions) == listed(&a.affected), "{:?} {:?}", versions, a.affected);
    }

    #[test]
    fn branches_that_meet_are_one_that_took_all(
        shared in prop::collection::vec(step(), 0..3),
        left in prop::collection::vec(sent(), 1..4),
        right in prop::collection::vec(sent(), 1..4),
    ) {
        let base = steps(&database(&[]), &shared);
        let (one, other) = (take(&base, &Step::Sends(left.clone())), take(&base, &Step::Sends(right.clone())));
        let both = take(&one, &Step::Sends(right));
        if let (Some(one), Some(other), Some(both)) = (report(&one), report(&other), report(&both)) {
            same("one that took all", &joined(&one, &other), &both);
        }
    }

    #[test]
    fn what_a_person_settled_holds(
        first in prop::collection::vec(sent(), 1..4),
        cleared in prop::sample::subsequence(VERSIONS.to_vec(), 1..3),
        later in prop::collection::vec(prop::collection::vec(sent(), 1..3), 1..4),
    ) {
        let base = take(&database(&[]), &Step::Sends(first));
        let cleared: BTreeSet<String> = cleared.into_iter().map(str::to_owned).collect();
        let narrowed = take(&base, &Step::Decides(Deed::Clear(cleared.clone()), 1));
        let is_narrowed = bytes(&base) != bytes(&narrowed);
        let withdrawn = take(&base, &Step::Decides(Deed::Withdraw, 1));
        let later: Vec<Step> = later.into_iter().map(Step::Sends).collect();
        if let (Some(report), true) = (report(&steps(&narrowed, &later)), is_narrowed) {
            let means = Statement::of(&"osv/malicious/npm/a/MAL-2026-1.json".parse().unwrap(), report).unwrap();
            prop_assert!(cleared.iter().all(|version| !means.affects(version)), "{:?}", means.versions());
        }
        if report(&withdrawn).is_some() {
            prop_assert!(report(&steps(&withdrawn, &later)).unwrap().is_withdrawn());
        }
    }
}
