//! Any bytes at all in place of a report: findings with a place, never a panic.

use std::sync::Arc;

use database::{Snapshot, TreePath};
use rules::{Level, Settings, Validation, validate};

const PATH: &str = "osv/malicious/npm/left-padd/MAL-2026-1.json";

fn judge(bytes: &[u8]) -> Validation {
    let path: TreePath = PATH.parse().unwrap();
    validate(&Snapshot::of_files([(path, Arc::from(bytes))]), &Settings::default())
}

#[track_caller]
fn check(bytes: &[u8], expected: &[(&str, &str)]) {
    let validation = judge(bytes);
    // Warnings would be told of every fragment here.
    let errors = validation.findings.iter().filter(|finding| finding.level == Level::Error);
    let found: Vec<(&str, String)> = errors.map(|finding| (finding.rule.name, finding.pointer.to_string())).collect();
    let found: Vec<(&str, &str)> = found.iter().map(|(rule, pointer)| (*rule, pointer.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn bad_bytes_have_findings() {
    check(b"", &[("malformed-json", "")]);
    check(b"\xff\xfe", &[("malformed-json", "")]);
    check(b"[]", &[("schema-violation", "")]);
    check(b"null", &[("schema-violation", "")]);
    check(
        b"{}",
        &[("affected-missing", ""), ("filename-mismatch", ""), ("schema-violation", ""), ("schema-violation", "")],
    );
    check(
        br#"{"id": "MAL-2026-1", "modified": "2026-13-01T00:00:00Z", "aliases": 5}"#,
        &[("affected-missing", ""), ("schema-violation", "/aliases"), ("schema-violation", "/modified")],
    );
}

#[test]
fn all_findings_of_a_report_come_at_once() {
    let report = br#"{"id": "MAL-2026-7", "id": "MAL-2026-8", "modified": "x", "withdrawn": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": "npm", "name": "other"}, "ranges": [{"type": "NEVER", "events": []}]}]}"#;
    let mut names: Vec<&str> = judge(report).findings.iter().map(|finding| finding.rule.name).collect();
    names.dedup();
    for rule in ["malformed-json", "schema-violation", "filename-mismatch", "path-mismatch", "misplaced-withdrawn"] {
        assert!(names.contains(&rule), "{rule} is missing in {names:?}");
    }
}
