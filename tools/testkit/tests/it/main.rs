//! What other crates' tests rely on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use osv_schema::{Document, Record, write};
use testkit::{Database, Repository, git, report, repository, withdrawn_report};

#[track_caller]
fn is_canonical(text: &str) {
    let record = Document::parse(text.as_bytes()).ok().and_then(|document| Record::read(&document)).unwrap();
    assert_eq!(write::canonical(&record), text);
    assert_eq!(record.misfit(), None);
}

#[test]
fn reports_are_canonical() {
    is_canonical(&report("MAL-2026-1", "npm", "left-pad", &[]));
    is_canonical(&report("MAL-2026-1", "PyPI", "left-pad", &[]));
    is_canonical(&report("MAL-2026-1", "npm", "@scope/name", &["1.0.0", "1.0.1"]));
    is_canonical(&report("MAL-2026-1", "npm", "a\"b\\c\u{1}", &["\u{7f}"]));
    is_canonical(&withdrawn_report("MAL-2026-1", "npm", "left-pad", &["1.0.0"], "2026-02-01T00:00:00Z"));
}

#[test]
fn a_fixture_is_files() {
    let database = Database::from_text("a comment\n-- a --\n1\n\n-- b/c d --\n-- no\n--  --\n-- e --\nlast");
    let files: Vec<(&str, &str)> = database.files().collect();
    assert_eq!(files, [("a", "1\n\n"), ("b/c d", "-- no\n--  --\n"), ("e", "last")]);
    assert_eq!(database.get("e"), Some("last"));
    assert_eq!(database.folder().list(), ["a", "b/c d", "e"]);
    assert_eq!(database.repository().list(), ["a", "b/c d", "e"]);
    assert_eq!(database.bare().paths("main"), ["a", "b/c d", "e"]);
    assert_eq!(database.bare().show("main", "e"), "last");
}

#[test]
#[should_panic(expected = "twice")]
fn a_fixture_has_each_file_once() {
    Database::from_text("-- a --\n-- a --\n");
}

#[test]
fn the_same_steps_make_the_same_commits() {
    let make = || {
        let made = repository(&[("a", "1\n")]);
        made.write("b", "2\n");
        made.commit("more");
        made.is_clean();
        made.fsck();
        made.id("HEAD")
    };
    assert_eq!(make(), make());
    assert_eq!(make(), "6e565853bd7961fbd29722322221c05f4c5ce93f");
}

#[test]
fn a_repository_may_be_empty() {
    let empty = Repository::empty();
    assert!(empty.run_fails(&["rev-parse", "--verify", "HEAD"]).contains("single revision"));
    assert!(Repository::empty_bare().is_bare());
    assert_eq!(git(empty.path(), &["symbolic-ref", "HEAD"]), "refs/heads/main\n");
}

#[test]
fn git_reads_what_it_is_given() {
    let made = repository(&[]);
    assert_eq!(made.run_with(&["hash-object", "--stdin"], ""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\n");
}
