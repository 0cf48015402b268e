//! What is not published, and what refuses a release.

use database::Snapshot;
use export::{Error, Held};
use tempfile::TempDir;

use crate::database::{
    Release, input, link_snapshot, path, report, report_on_all, reports, snapshot, unreadable_snapshot,
};

const DAY: &str = "2026-01-01T00:00:00Z";

fn good(id: &str) -> String {
    report(id, DAY, "npm", "a")
}

/// A report that no release can hold is held with this rule, and the one beside it is published.
#[track_caller]
fn check(stem: &str, text: &str, rule: &str) {
    let both = reports(&[(stem, text.to_owned()), ("MAL-2026-1", good("MAL-2026-1"))]);
    let release = Release::of(&input(&both, &[]));
    let expected = Held { id: stem.to_owned(), path: path(stem), rule: rule.to_owned() };
    assert_eq!(release.manifest.held, [expected], "{text}");
    assert_eq!(release.names("all.zip"), ["MAL-2026-1.json"]);
    assert_eq!((release.manifest.counts.reports, release.manifest.counts.held), (1, 1));
}

#[test]
fn what_no_release_can_hold_is_held() {
    check("MAL-0000-x", &good("MAL-0000-x"), "unassigned");
    check("MAL-0000-x", &report("", DAY, "npm", "a"), "unassigned");
    check("MAL-2026-2", &good("MAL-0000-2"), "filename-mismatch");
    check("MAL-2026-2", &good("MAL-2026-3"), "filename-mismatch");
    check("MAL-2026-2", &good("../MAL-2026-2"), "filename-mismatch");
    check("x", &good("x"), "invalid-id");
    check("GHSA-aaaa-bbbb-cccc", &good("GHSA-aaaa-bbbb-cccc"), "invalid-id");
    check("MAL-2026-2", "{", "malformed-json");
    check("MAL-2026-2", "[]", "schema-violation");
    check("MAL-2026-2", r#"{"id":"MAL-2026-2"}"#, "schema-violation");
    check("MAL-2026-2", r#"{"id":"MAL-2026-2","modified":"yesterday"}"#, "schema-violation");
    check("MAL-2026-2", r#"{"id":"MAL-2026-2","modified":"2026-01-01T00:00:00Z","affected":[7]}"#, "schema-violation");
    check("MAL-2026-2", &report("MAL-2026-2", DAY, "../npm", "a"), "unknown-ecosystem");
    check("MAL-2026-2", &report("MAL-2026-2", DAY, "Git", "a"), "unknown-ecosystem");
    for ecosystem in ["VSCode", "GitHub Actions", "Echo"] {
        check("MAL-2026-2", &report_on_all("MAL-2026-2", DAY, ecosystem, "a"), "range-without-order");
    }
}

#[test]
fn a_link_is_held() {
    let release = Release::of(&input(&link_snapshot("osv/malicious/x/MAL-2026-1.json"), &[]));
    assert_eq!(release.manifest.held[0].rule, "unreadable-report");
}

#[test]
fn what_the_caller_holds_is_not_even_read() {
    let held = |id: &str, rule: &str| Held { id: id.into(), path: path(id), rule: rule.into() };
    let twice = [held("MAL-2026-9", "path-mismatch"), held("MAL-2026-9", "case-collision"), held("MAL-2026-2", "x")];
    let texts = ["MAL-2026-1", "MAL-2026-2", "MAL-2026-9"].map(|id| (id, good(id)));
    let release = Release::of(&input(&reports(&texts), &twice));
    assert_eq!(release.manifest.held, [held("MAL-2026-2", "x"), held("MAL-2026-9", "case-collision")]);
    assert_eq!(release.names("all.zip"), ["MAL-2026-1.json"]);

    let unread = unreadable_snapshot(&path("MAL-2026-2"));
    assert_eq!(Release::of(&input(&unread, &twice[2..])).manifest.counts.held, 1);
}

#[track_caller]
fn refused(snapshot: &Snapshot) -> Error {
    let room = TempDir::new().unwrap();
    let error = export::write(&input(snapshot, &[]), room.path(), &|_| {}).unwrap_err();
    assert!(!room.path().join("manifest.json").exists());
    error
}

#[test]
fn two_reports_of_one_id_refuse_the_release() {
    let twice = snapshot([
        ("osv/malicious/npm/b/MAL-2026-1.json", good("MAL-2026-1")),
        ("osv/withdrawn/npm/a/MAL-2026-1.json", good("MAL-2026-1")),
        ("osv/malicious/npm/c/MAL-2026-2.json", good("MAL-2026-2")),
    ]);
    let expected = "osv/malicious/npm/b/MAL-2026-1.json and osv/withdrawn/npm/a/MAL-2026-1.json both have the id \
                    MAL-2026-1; give one of them another id before the export";
    assert_eq!(refused(&twice).to_string(), expected);
}

#[test]
fn a_report_that_cannot_be_read_refuses_the_release() {
    let error = refused(&unreadable_snapshot(&path("MAL-2026-1")));
    assert!(matches!(error, Error::Read(_)), "{error}");
}

#[test]
fn a_release_goes_into_an_empty_folder_only() {
    let room = TempDir::new().unwrap();
    std::fs::write(room.path().join("mine"), "mine").unwrap();
    let error = export::write(&input(&reports(&[]), &[]), room.path(), &|_| {}).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert_eq!(std::fs::read_dir(room.path()).unwrap().count(), 1);
}
