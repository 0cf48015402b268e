//! Admission: a change is judged by what it brings, not by what was there.

use std::sync::Arc;

use database::{Change, ChangeKind, ChangeSet, Snapshot, TreePath};
use rules::{NotAdmitted, Settings, admit, admit_known};

fn report(id: &str, name: &str, more: &str) -> Arc<[u8]> {
    let text = format!(
        r#"{{"id": "{id}", "modified": "2026-01-01T00:00:00Z"{more},
        "affected": [{{"package": {{"ecosystem": "npm", "name": "{name}"}}, "versions": ["1.0.0"]}}]}}"#
    );
    text.into_bytes().into()
}

fn path(name: &str, id: &str) -> TreePath {
    format!("osv/malicious/npm/{name}/{id}.json").parse().unwrap()
}

fn put(path: TreePath, bytes: Arc<[u8]>) -> ChangeSet {
    let mut changes = ChangeSet::default();
    let change = Change { path, kind: ChangeKind::Create, id: String::new(), package: String::new() };
    changes.put_report(change, bytes);
    changes
}

/// Admits one put over a base, and says which rules keep it out.
fn refused(base: &Snapshot, path: TreePath, bytes: Arc<[u8]>) -> Vec<&'static str> {
    match admit(base, put(path, bytes), &Settings::default()) {
        Ok(admitted) => {
            assert_eq!(admitted.changes().edits().len(), 1);
            Vec::new()
        }
        Err(findings) => findings.iter().map(|finding| finding.rule.name).collect(),
    }
}

#[test]
fn what_brings_no_fault_is_admitted() {
    let base = Snapshot::of_files([(path("a", "MAL-2026-1"), report("MAL-2026-1", "a", ""))]);
    assert!(refused(&base, path("b", "MAL-2026-2"), report("MAL-2026-2", "b", "")).is_empty());
}

#[test]
fn a_fault_keeps_a_change_out() {
    let base = Snapshot::of_files([(path("a", "MAL-2026-1"), report("MAL-2026-1", "a", ""))]);
    assert_eq!(refused(&base, path("b", "MAL-2026-2"), report("MAL-2026-2", "c", "")), ["path-mismatch"]);
    assert_eq!(refused(&base, path("b", "MAL-2026-2"), Arc::from(&b"{"[..])), ["malformed-json"]);
    let same_id = refused(&base, path("b", "MAL-2026-1"), report("MAL-2026-1", "b", ""));
    assert_eq!(same_id, ["duplicate-id", "duplicate-id"]);
}

#[test]
fn a_fault_that_was_there_stays_the_faults_of_others() {
    let faulty = report("MAL-2026-1", "a", r#", "x": 1"#);
    let base =
        Snapshot::of_files([(path("a", "MAL-2026-1"), faulty), (path("z", "MAL-2026-9"), Arc::from(&b"no json"[..]))]);
    let later = |bytes: Arc<[u8]>| -> Arc<[u8]> {
        String::from_utf8_lossy(&bytes).replace("2026-01-01", "2026-02-01").into_bytes().into()
    };
    let still_faulty = later(report("MAL-2026-1", "a", r#", "x": 2"#));
    assert!(refused(&base, path("a", "MAL-2026-1"), still_faulty).is_empty());
    let worse = later(report("MAL-2026-1", "a", r#", "x": 2, "y": 3"#));
    assert_eq!(refused(&base, path("a", "MAL-2026-1"), worse), ["schema-violation"]);
}

#[test]
fn what_a_change_may_not_do_to_a_report_keeps_it_out() {
    let base = Snapshot::of_files([(path("a", "MAL-2026-1"), report("MAL-2026-1", "a", r#", "aliases": ["GHSA-1"]"#))]);
    let said = report("MAL-2026-1", "a", r#", "aliases": ["GHSA-1"], "details": "More.""#);
    assert_eq!(refused(&base, path("a", "MAL-2026-1"), said), ["modified-not-later"]);
    let mut gone = ChangeSet::default();
    gone.remove_file(path("a", "MAL-2026-1"));
    let faults = admit(&base, gone, &Settings::default()).unwrap_err();
    assert_eq!(faults.iter().map(|finding| finding.rule.name).collect::<Vec<_>>(), ["report-deleted"]);
}

#[test]
fn what_is_known_of_the_base_changes_no_answer() {
    let base = Snapshot::of_files([(path("a", "MAL-2026-1"), report("MAL-2026-1", "a", ""))]);
    let known = rules::validate(&base, &Settings::default()).facts;
    for (at, id) in [("b", "MAL-2026-2"), ("b", "MAL-2026-1"), ("a", "MAL-2026-2")] {
        let changes = put(path(at, id), report(id, at, ""));
        let near = admit(&base, changes.clone(), &Settings::default());
        let by_known = match admit_known(&base, &changes, &known, &Settings::default()) {
            Ok(_) => Vec::new(),
            Err(NotAdmitted::Faults(faults)) => faults,
            Err(NotAdmitted::Damaged(error)) => panic!("{error}"),
        };
        assert_eq!(near.err().unwrap_or_default(), by_known, "{id} at {at}");
    }
}
