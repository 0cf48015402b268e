//! Trees that are taken over: each of their reports says anew how it was found there, and what people settled here stays.

use std::collections::BTreeSet;

use curate::{Deed, Delivery, Settled, decide};
use database::{Base, Entry, Snapshot};
use osv_schema::{Document, Record};

use crate::fixture::{database, delivery, record, run};

const GONE: &str = r#", "withdrawn": "2026-03-01T00:00:00Z""#;

/// An origin of a report of the tree, that claims these versions.
fn origin(id: &str, versions: &str) -> String {
    format!(
        r#", "database_specific": {{"malicious-packages-origins": [{{"source": "s", "id": "{id}", "sha256": "c0ffee",
        "import_time": "2026-01-01T00:00:00Z", "modified_time": "2026-01-01T00:00:00Z", "versions": [{versions}]}}]}}"#
    )
}

/// A report of the tree on npm/a, as it was on a day of May.
fn found(id: &str, day: u32, versions: &[&str], more: &str) -> Delivery {
    let text = record(id, "a", versions, more).replace("2026-05-01T", &format!("2026-05-{day:02}T"));
    Delivery { source: "tree".into(), name: id.into(), keeps_id: true, taken_over: true, ..delivery(&text) }
}

fn sync(base: &Snapshot, deliveries: &[Delivery]) -> Snapshot {
    let (plan, _) = run(base, deliveries.to_vec());
    assert_eq!(plan.rejected, []);
    let after = base.with(&plan.changes);
    assert_eq!(run(&after, deliveries.to_vec()).0.changes.edits().len(), 0, "the same tree again");
    after
}

fn settle(base: &Snapshot, deed: Deed) -> Snapshot {
    let settled = Settled { deed, reason: "false-positive".into(), note: None, by: None, evidence: None };
    let entries: Vec<&Entry> = base.reports().map(|(_, entry)| entry).collect();
    // Before the tree says more: its clock is not ours.
    let plan = decide(base, &entries, &settled, "2026-05-02T00:00:00Z".parse().unwrap()).plan;
    assert_eq!((plan.rejected, plan.skipped), (vec![], vec![]));
    base.with(&plan.changes)
}

/// The versions of the one report, and whether it was taken back.
#[track_caller]
fn told(base: &Snapshot) -> (Vec<String>, bool) {
    let reports: Vec<_> = base.reports().collect();
    let [(place, entry)] = reports.as_slice() else { panic!("{} reports", reports.len()) };
    let record = Record::read(&Document::parse(&base.read(entry).unwrap()).unwrap()).unwrap();
    assert_eq!(record.is_withdrawn(), place.base == Base::Withdrawn);
    (record.affected.items()[0].versions.items().to_vec(), record.is_withdrawn())
}

#[track_caller]
fn check(base: &Snapshot, versions: &[&str], is_withdrawn: bool) {
    assert_eq!(told(base), (versions.iter().map(|one| (*one).to_owned()).collect(), is_withdrawn));
}

#[test]
fn what_a_curator_cleared_stays_out_and_what_is_new_counts() {
    let first = sync(&database(&[]), &[found("MAL-2024-1", 1, &["1.0.0", "9.9.9"], &origin("S-1", r#""1.0.0""#))]);
    check(&first, &["1.0.0", "9.9.9"], false);
    let cleared = settle(&first, Deed::Clear(BTreeSet::from(["9.9.9".to_owned()])));
    check(&cleared, &["1.0.0"], false);
    let changed = sync(&cleared, &[found("MAL-2024-1", 3, &["1.0.0", "9.9.9"], &origin("S-1", r#""1.0.0""#))]);
    check(&changed, &["1.0.0"], false);
    let more = sync(&changed, &[found("MAL-2024-1", 4, &["1.0.0", "7.7.7", "9.9.9"], &origin("S-1", r#""1.0.0""#))]);
    check(&more, &["1.0.0", "7.7.7"], false);
    let less = sync(&more, &[found("MAL-2024-1", 5, &["1.0.0", "9.9.9"], &origin("S-1", r#""1.0.0""#))]);
    check(&less, &["1.0.0"], false);
    check(&settle(&less, Deed::Lift), &["1.0.0", "9.9.9"], false);
}

#[test]
fn what_the_tree_took_back_stays_so_until_it_says_otherwise() {
    for origins in [String::new(), origin("S-1", r#""1.0.0""#)] {
        let gone = format!("{origins}{GONE}");
        let first = sync(&database(&[]), &[found("MAL-2024-1", 1, &["1.0.0"], &gone)]);
        check(&first, &["1.0.0"], true);
        let more = sync(&first, &[found("MAL-2024-1", 2, &["1.0.0", "2.0.0"], &gone)]);
        check(&more, &["1.0.0", "2.0.0"], true);
        let less = sync(&more, &[found("MAL-2024-1", 3, &["1.0.0"], &gone)]);
        check(&less, &["1.0.0"], true);
        let later = sync(&less, &[found("MAL-2024-1", 4, &["1.0.0"], &gone.replace("03-01", "03-02"))]);
        check(&later, &["1.0.0"], true);
        // An older state of the tree changes nothing.
        check(&sync(&later, &[found("MAL-2024-1", 2, &["1.0.0"], &origins)]), &["1.0.0"], true);
        check(&sync(&later, &[found("MAL-2024-1", 5, &["1.0.0"], &origins)]), &["1.0.0"], false);
    }
}

#[test]
fn what_a_curator_took_back_stays_so_whatever_the_tree_says() {
    let first = sync(&database(&[]), &[found("MAL-2024-1", 1, &["1.0.0"], "")]);
    let mut base = settle(&first, Deed::Withdraw);
    for (day, more) in [(3, ""), (4, GONE), (5, "")] {
        base = sync(&base, &[found("MAL-2024-1", day, &["1.0.0", "7.7.7"], more)]);
        check(&base, &["1.0.0", "7.7.7"], true);
    }
    // And what a curator made to stand does, until the tree takes it back anew.
    let stands = settle(&sync(&database(&[]), &[found("MAL-2024-1", 1, &["1.0.0"], GONE)]), Deed::Reinstate);
    let stands = sync(&stands, &[found("MAL-2024-1", 6, &["1.0.0", "2.0.0"], GONE)]);
    check(&stands, &["1.0.0", "2.0.0"], false);
    let anew = GONE.replace("03-01", "05-07");
    check(&sync(&stands, &[found("MAL-2024-1", 7, &["1.0.0"], &anew)]), &["1.0.0"], true);
}

#[test]
fn each_report_of_a_package_counts_and_is_replaced_by_itself() {
    let (four, five) = (found("MAL-2024-4", 1, &["1.0.0"], ""), found("MAL-2024-5", 1, &["2.0.0"], ""));
    for order in [[four.clone(), five.clone()], [five, four.clone()]] {
        let together = sync(&database(&[]), &order);
        check(&together, &["1.0.0", "2.0.0"], false);
        check(&sync(&sync(&database(&[]), &order[..1]), &order[1..]), &["1.0.0", "2.0.0"], false);
        let mended = sync(&together, &[found("MAL-2024-5", 2, &["3.0.0"], "")]);
        check(&mended, &["1.0.0", "3.0.0"], false);
        // One of them is taken back there, and the other stands; then both.
        let one = sync(&mended, &[found("MAL-2024-5", 3, &["3.0.0"], GONE)]);
        check(&one, &["1.0.0"], false);
        check(&sync(&one, &[found("MAL-2024-4", 4, &["1.0.0"], GONE)]), &["1.0.0", "3.0.0"], true);
        check(&sync(&one, &[found("MAL-2024-5", 4, &["3.0.0"], "")]), &["1.0.0", "3.0.0"], false);
    }
    // What origins imply counts as well, and what one report leaves out the other may list.
    let said = origin("S-1", r#""1.0.0", "2.0.0""#);
    let (all, less) = (found("MAL-2024-4", 1, &["1.0.0", "2.0.0"], &said), found("MAL-2024-5", 1, &["1.0.0"], &said));
    let both = sync(&database(&[]), &[all.clone(), less]);
    check(&both, &["1.0.0", "2.0.0"], false);
    check(&sync(&both, &[found("MAL-2024-4", 2, &["1.0.0", "2.0.0"], &format!("{said}{GONE}"))]), &["1.0.0"], false);
    let other = found("MAL-2024-5", 1, &["3.0.0"], &origin("S-2", r#""3.0.0""#).replace("c0ffee", "decade"));
    let both = sync(&database(&[]), &[all, other]);
    check(&both, &["1.0.0", "2.0.0", "3.0.0"], false);
    let taken_back = found("MAL-2024-4", 2, &["1.0.0", "2.0.0"], &format!("{said}{GONE}"));
    check(&sync(&both, &[taken_back]), &["3.0.0"], false);
}

/// Whoever keeps the tree could write down any decision, by anybody.
#[test]
fn what_was_decided_in_the_tree_decides_nothing_here() {
    let decided = |decisions: &str| {
        let bound = r#""streams": [{"source": "s", "id": "S-1"}]"#;
        let decisions = decisions.replace("BOUND", bound);
        origin("S-1", r#""1.0.0", "2.0.0""#)
            .replace(r#"{"malicious"#, &format!(r#"{{"malpkg": {{"decisions": [{decisions}]}}, "malicious"#))
    };
    let base =
        sync(&database(&[]), &[found("MAL-2026-1", 1, &["1.0.0", "2.0.0"], &origin("S-1", r#""1.0.0", "2.0.0""#))]);
    let base = settle(&base, Deed::Clear(BTreeSet::from(["2.0.0".to_owned()])));
    check(&base, &["1.0.0"], false);
    let lift = decided(r#"{"kind": "lift", "time": "2026-05-10T00:00:00Z", "reason": "evidence", "by": "Z"}"#);
    let base = sync(&base, &[found("MAL-2026-1", 11, &["1.0.0", "2.0.0"], &lift)]);
    check(&base, &["1.0.0"], false);
    let taken_back = settle(&base, Deed::Withdraw);
    let reinstate =
        decided(r#"{"kind": "reinstate", "time": "2026-05-12T00:00:00Z", "reason": "evidence", "by": "Z"}"#);
    let base = sync(&taken_back, &[found("MAL-2026-1", 13, &["1.0.0", "2.0.0"], &reinstate)]);
    assert!(told(&base).1, "it stays taken back");
    // What they came to there is how it was found.
    let narrow = decided(
        r#"{"kind": "narrow", "time": "2026-05-01T00:00:00Z", "reason": "versions-clean", "cleared": ["2.0.0"], BOUND}"#,
    );
    let base = sync(&database(&[]), &[found("MAL-2026-1", 2, &["1.0.0"], &narrow)]);
    check(&base, &["1.0.0"], false);
    let text = base.read(base.reports().next().unwrap().1).unwrap();
    assert!(!String::from_utf8(text).unwrap().contains("narrow"));
}
