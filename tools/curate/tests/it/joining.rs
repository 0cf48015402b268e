//! What a report comes to when sources go on speaking: newer statements, endings, and reports found as they were.

use curate::Delivery;
use database::{Edit, Snapshot};
use osv_schema::Record;

use crate::fixture::{database, delivery, record, run};

/// A delivery of a source, on npm/a, modified on a day of May.
fn sent(source: &str, id: &str, day: u32, versions: &[&str], more: &str) -> Delivery {
    let text = record(id, "a", versions, more).replace("2026-05-01T", &format!("2026-05-{day:02}T"));
    Delivery { source: source.into(), ..delivery(&text) }
}

const GONE: &str = r#", "withdrawn": "2026-05-20T00:00:00Z""#;

/// Takes deliveries one run after the other.
fn after(mut base: Snapshot, deliveries: &[Delivery]) -> Snapshot {
    for delivery in deliveries {
        base = base.with(&run(&base, vec![delivery.clone()]).0.changes);
    }
    base
}

/// The one report of a database, and whether it lies with those that were taken back.
#[track_caller]
fn report(base: &Snapshot) -> (Record, bool) {
    let reports: Vec<_> = base.reports().collect();
    let [(place, entry)] = reports.as_slice() else { panic!("{} reports", reports.len()) };
    let bytes = base.read(entry).unwrap();
    let record = Record::read(&osv_schema::Document::parse(&bytes).unwrap()).unwrap();
    (record, place.base == database::Base::Withdrawn)
}

/// Deliveries in each order, in one run and in several: the versions, the ranges as events, and whether it is taken back.
#[track_caller]
fn check(deliveries: &[Delivery], versions: &[&str], ranges: &str, is_withdrawn: bool) {
    let orders: Vec<Vec<Delivery>> = match deliveries.len() {
        0..=1 => vec![deliveries.to_vec()],
        _ => (0..deliveries.len())
            .flat_map(|at| {
                let mut turned = deliveries.to_vec();
                turned.rotate_left(at);
                let mut back = turned.clone();
                back.reverse();
                [turned, back]
            })
            .collect(),
    };
    let expected = after(database(&[]), &orders[0]);
    for order in orders {
        for base in [after(database(&[]), &order), database(&[]).with(&run(&database(&[]), order.clone()).0.changes)] {
            let (found, lies_withdrawn) = report(&base);
            let affected = &found.affected.items()[0];
            assert_eq!(affected.versions.items(), versions);
            let events: Vec<String> = affected.ranges.items().iter().map(osv_schema::write::compact).collect();
            assert_eq!(events.join(" "), ranges);
            assert_eq!((found.withdrawn.as_str().is_some(), lies_withdrawn), (is_withdrawn, is_withdrawn));
            // `modified` moves with each change, and so counts the runs.
            let (mut one, mut other) = (found, report(&expected).0);
            (one.modified, other.modified) = Default::default();
            (one.id, other.id) = Default::default();
            assert_eq!(one, other);
        }
    }
}

#[test]
fn of_a_stream_the_newest_statement_counts() {
    check(&[sent("x", "X-1", 1, &["1.0.0", "2.0.0"], ""), sent("x", "X-1", 2, &["2.0.0"], "")], &["2.0.0"], "", false);
    // Of another stream both do, and of equally new ones too.
    check(&[sent("x", "X-1", 1, &["1.0.0"], ""), sent("x", "X-2", 2, &["2.0.0"], "")], &["1.0.0", "2.0.0"], "", false);
    check(&[sent("x", "X-1", 1, &["1.0.0"], ""), sent("y", "X-1", 2, &["2.0.0"], "")], &["1.0.0", "2.0.0"], "", false);
    check(&[sent("x", "X-1", 3, &["1.0.0"], ""), sent("x", "X-1", 3, &["2.0.0"], "")], &["1.0.0", "2.0.0"], "", false);
    // The same again, later: it counts as if it had never been corrected.
    let first = sent("x", "X-1", 1, &["1.0.0"], "");
    let again = sent("x", "X-1", 3, &["1.0.0"], "");
    check(&[first, sent("x", "X-1", 2, &["2.0.0"], ""), again], &["1.0.0"], "", false);
}

#[test]
fn a_report_is_taken_back_when_all_streams_are() {
    let (x, y) = (sent("x", "X-1", 1, &["1.0.0"], ""), sent("y", "Y-1", 1, &["2.0.0"], ""));
    let (x_gone, y_gone) = (sent("x", "X-1", 20, &["1.0.0"], GONE), sent("y", "Y-1", 20, &["2.0.0"], GONE));
    check(&[x.clone(), y.clone(), x_gone.clone()], &["2.0.0"], "", false);
    check(&[x.clone(), x_gone.clone()], &["1.0.0"], "", true);
    check(&[x.clone(), y.clone(), x_gone.clone(), y_gone], &["1.0.0", "2.0.0"], "", true);
    // It stands again when its source says so, or another one speaks.
    check(&[x.clone(), x_gone.clone(), sent("x", "X-1", 21, &["1.0.1"], "")], &["1.0.1"], "", false);
    check(&[x, x_gone, y], &["2.0.0"], "", false);
}

#[test]
fn a_source_that_has_it_from_us_says_nothing_new() {
    let base = after(database(&[]), &[sent("x", "X-1", 1, &["1.0.0"], "")]);
    let echo = r#", "aliases": ["MAL-2026-900001", "GHSA-1"], "details": "An echo.""#;
    let (found, _) = report(&after(base, &[sent("y", "Y-1", 2, &["1.0.0", "9.9.9"], echo)]));
    assert_eq!(found.affected.items()[0].versions.items(), ["1.0.0"]);
    assert_eq!(found.aliases.items(), ["GHSA-1", "X-1", "Y-1"]);
    assert!(!found.details.as_str().unwrap_or_default().contains("echo"));
    assert_eq!(found.origins().len(), 2);
}

fn with_range(source: &str, id: &str, events: &str) -> Delivery {
    let text = record(id, "a", &[], "")
        .replace(r#""versions": []"#, &format!(r#""ranges": [{{"type": "SEMVER", "events": [{events}]}}]"#));
    Delivery { source: source.into(), ..delivery(&text) }
}

#[test]
fn intervals_that_meet_become_one() {
    let range = |events: &str| format!(r#"{{"type":"SEMVER","events":[{events}]}}"#);
    let one = with_range("x", "X-1", r#"{"introduced": "1.0.0"}, {"fixed": "2.0.0"}"#);
    let touching = with_range("y", "Y-1", r#"{"introduced": "2.0.0"}, {"last_affected": "3.0.0"}"#);
    let apart = with_range("z", "Z-1", r#"{"introduced": "5.0.0"}"#);
    let all = with_range("w", "W-1", r#"{"introduced": "0"}"#);
    check(&[one.clone(), touching.clone()], &[], &range(r#"{"introduced":"1.0.0"},{"last_affected":"3.0.0"}"#), false);
    let three = range(r#"{"introduced":"1.0.0"},{"last_affected":"3.0.0"},{"introduced":"5.0.0"}"#);
    check(&[one.clone(), touching, apart.clone()], &[], &three, false);
    // What ends before a version and what ends behind one do not stand in one range: the schema forbids it.
    let behind = with_range("y", "Y-1", r#"{"introduced": "2.1.0"}, {"last_affected": "3.0.0"}"#);
    let two = [
        range(r#"{"introduced":"1.0.0"},{"fixed":"2.0.0"},{"introduced":"5.0.0"}"#),
        range(r#"{"introduced":"2.1.0"},{"last_affected":"3.0.0"}"#),
    ];
    check(&[one.clone(), behind, apart.clone()], &[], &two.join(" "), false);
    let mixed = r#"{"introduced": "1.0.0"}, {"fixed": "2.0.0"}, {"introduced": "2.1.0"}, {"last_affected": "3.0.0"}"#;
    check(&[with_range("x", "X-1", mixed), apart], &[], &two.join(" "), false);
    // Every version absorbs all.
    check(&[one, all, sent("v", "V-1", 1, &["1.5.0"], "")], &[], &range(r#"{"introduced":"0"}"#), false);
}

/// A report as somebody made it, and what it lists after a delivery of version 3.0.0.
#[track_caller]
fn check_found(there: &str, versions: &[&str]) {
    let at = "osv/malicious/npm/a/MAL-2026-1.json";
    let base = after(database(&[(at, there)]), &[sent("y", "Y-1", 9, &["3.0.0"], "")]);
    let (found, _) = report(&base);
    assert_eq!(found.affected.items()[0].versions.items(), versions, "{there}");
    // Once it is written down, there is nothing more to find.
    let again = after(base, &[sent("y", "Y-1", 10, &["3.0.0"], ""), sent("z", "Z-1", 1, &["4.0.0"], "")]);
    let (again, _) = report(&again);
    assert_eq!(again.decisions(), found.decisions());
    assert_eq!(again.affected.items()[0].versions.items(), [versions, &["4.0.0"]].concat());
}

#[test]
fn a_report_stands_as_it_was_found() {
    let origin = |versions: &str| {
        format!(
            r#", "database_specific": {{"malicious-packages-origins": [{{"source": "x", "id": "X-1", "sha256": "c0ffee",
            "import_time": "2026-01-01T00:00:00Z", "modified_time": "2026-01-01T00:00:00Z", "versions": [{versions}]}}]}}"#
        )
    };
    // By hand, without an origin.
    check_found(&record("MAL-2026-1", "a", &["1.0.0"], ""), &["1.0.0", "3.0.0"]);
    // As its origin says, more than it, and less.
    check_found(&record("MAL-2026-1", "a", &["1.0.0"], &origin(r#""1.0.0""#)), &["1.0.0", "3.0.0"]);
    check_found(&record("MAL-2026-1", "a", &["1.0.0", "2.0.0"], &origin(r#""1.0.0""#)), &["1.0.0", "2.0.0", "3.0.0"]);
    check_found(&record("MAL-2026-1", "a", &["1.0.0"], &origin(r#""1.0.0", "2.0.0""#)), &["1.0.0", "3.0.0"]);
}

/// A range that says what no range may is as good as the two that say the same.
#[test]
fn a_report_whose_range_says_both_heals() {
    let at = "osv/malicious/npm/a/MAL-2026-1.json";
    let mixed = r#"{"introduced": "1.0.0"}, {"fixed": "2.0.0"}, {"introduced": "2.1.0"}, {"last_affected": "3.0.0"}"#;
    let there = record("MAL-2026-1", "a", &[], "")
        .replace(r#""versions": []"#, &format!(r#""ranges": [{{"type": "SEMVER", "events": [{mixed}]}}]"#));
    let (found, _) = report(&after(database(&[(at, &there)]), &[sent("y", "Y-1", 9, &["9.0.0"], "")]));
    let ranges: Vec<String> = found.affected.items()[0].ranges.items().iter().map(osv_schema::write::compact).collect();
    assert_eq!(
        ranges,
        [
            r#"{"type":"SEMVER","events":[{"introduced":"1.0.0"},{"fixed":"2.0.0"}]}"#,
            r#"{"type":"SEMVER","events":[{"introduced":"2.1.0"},{"last_affected":"3.0.0"}]}"#
        ]
    );
    assert_eq!(found.affected.items()[0].versions.items(), ["9.0.0"]);
}

#[test]
fn a_report_found_taken_back_stays_so() {
    let at = "osv/withdrawn/npm/a/MAL-2026-1.json";
    let there = record("MAL-2026-1", "a", &["1.0.0"], r#", "withdrawn": "2026-05-02T00:00:00Z""#);
    let base = after(database(&[(at, &there)]), &[sent("y", "Y-1", 9, &["3.0.0"], "")]);
    let (found, lies_withdrawn) = report(&base);
    assert!(lies_withdrawn);
    assert_eq!(found.withdrawn.as_str(), Some("2026-05-02T00:00:00Z"));
    let kinds: Vec<_> = found.decisions().iter().map(|decision| decision.kind.as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["as-found", "withdraw"]);
}

/// A stream that first spoke of one package and then of another: however they come, the first report is taken back, and
/// both are the same.
#[test]
fn a_stream_ends_where_it_goes_on_to_another_package() {
    let on = |name: &str, day: u32| {
        let text = record("X-1", name, &["1.0.0"], "").replace("2026-05-01T", &format!("2026-05-{day:02}T"));
        Delivery { source: "x".into(), ..delivery(&text) }
    };
    let (a, b, other) = (on("a", 1), on("b", 2), sent("y", "Y-1", 1, &["7.0.0"], ""));
    let told = |base: &Snapshot| -> Vec<(String, Record)> {
        let read = |entry: &database::Entry| {
            let bytes = base.read(entry).unwrap();
            Record::read(&osv_schema::Document::parse(&bytes).unwrap()).unwrap()
        };
        let report = |(place, entry): (database::Place<'_>, &database::Entry)| {
            let mut record = read(entry);
            (record.id, record.modified) = Default::default();
            (format!("{:?} {}", place.base, place.folder), record)
        };
        base.reports().map(report).collect()
    };
    let expected = told(&after(database(&[]), &[a.clone(), b.clone()]));
    let places: Vec<&str> = expected.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["Malicious npm/b", "Withdrawn npm/a"]);
    assert_eq!(expected[1].1.withdrawn.as_str(), Some("2026-05-02T00:00:00Z"));
    assert_eq!(told(&after(database(&[]), &[b.clone(), a.clone()])), expected);
    let (at_once, _) = run(&database(&[]), vec![b.clone(), a.clone()]);
    assert_eq!(told(&database(&[]).with(&at_once.changes)), expected);
    // Where somebody else speaks, the report stands, and says what is left.
    let left = told(&after(database(&[]), &[a, other, b]));
    let (place, record) = &left[0];
    assert_eq!(place, "Malicious npm/a");
    assert_eq!(record.affected.items()[0].versions.items(), ["7.0.0"]);
}

#[test]
fn facts_of_ours_find_their_home() {
    let facts = |kind: &str, value: &str| {
        format!(
            r#", "database_specific": {{"malpkg": {{"kind": "{kind}", "indicators": [{{"type": "domain",
            "value": "{value}"}}]}}, "iocs": {{"domains": ["{value}"]}}, "cwes": [{{"cweId": "CWE-506"}}]}}"#
        )
    };
    let one = sent("x", "X-1", 1, &["1.0.0"], &facts("malware", "evil.example"));
    let two = sent("y", "Y-1", 2, &["1.0.0"], &facts("hijack", "bad.example"));
    check(&[one.clone(), two.clone()], &["1.0.0"], "", false);
    let (found, _) = report(&after(database(&[]), &[two, one]));
    let ours = osv_schema::additions::malpkg(&found).unwrap();
    assert_eq!(ours["kind"].as_str(), Some("hijack"), "the newest claim");
    assert_eq!(ours["indicators"].as_array().unwrap().len(), 2);
}

#[test]
fn nothing_is_put_where_it_must_not_be() {
    let (plan, _) = run(&database(&[]), vec![sent("x", "X-1", 1, &["1.0.0"], "")]);
    assert!(plan.changes.edits().values().all(|edit| matches!(edit, Edit::Put(_))));
}

#[test]
fn tags_that_were_moved_are_a_statement_and_nothing_is_none() {
    let moved = r#", "database_specific": {"malpkg": {"moved_tags": [{"tag": "v1"}]}}"#;
    let (found, _) = report(&after(database(&[]), &[sent("x", "X-1", 1, &[], moved)]));
    assert!(found.affected.items()[0].versions.items().is_empty());
    assert!(osv_schema::additions::malpkg(&found).unwrap().contains_key("moved_tags"));
    let (plan, _) = run(&database(&[]), vec![sent("x", "X-1", 1, &[], "")]);
    assert_eq!(plan.rejected[0].rule, "nothing-affected");
}

#[test]
fn an_id_of_ours_may_stay() {
    let kept = Delivery { keeps_id: true, ..sent("x", "MAL-2024-7", 1, &["1.0.0"], "") };
    let (found, _) = report(&after(database(&[]), &[kept.clone(), kept.clone()]));
    assert_eq!((found.id.as_str(), found.aliases.items(), found.origins().len()), (Some("MAL-2024-7"), &[][..], 1));
    // Where there is a report already, its id stays, and this one becomes an alias.
    let (found, _) = report(&after(database(&[]), &[sent("y", "Y-1", 1, &["1.0.0"], ""), kept]));
    assert_eq!(found.id.as_str(), Some("MAL-2026-900001"));
    assert_eq!(found.aliases.items(), ["MAL-2024-7", "Y-1"]);
}
