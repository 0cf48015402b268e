//! `malpkg validate --base`: a change is judged by what it brings, at the cost of its own size.

use std::fs;
use std::path::Path;

use malpkg::Exit;
use serde_json::Value;
use testkit::{Database, Folder, Repository, report, withdrawn_report};

use crate::program::{json, malpkg};

const A: &str = "osv/malicious/npm/a/MAL-2026-1.json";
const B: &str = "osv/malicious/npm/b/MAL-2026-2.json";
const NEW: &str = "osv/malicious/npm/new/MAL-0000-new.json";

fn good(id: &str, name: &str) -> String {
    report(id, "npm", name, &["1.0.0"])
}

/// A report with an error that nobody touches: its folder is another package's.
fn misplaced(id: &str, name: &str) -> String {
    good(id, &format!("{name}-elsewhere"))
}

fn unassigned(name: &str) -> String {
    good("X", name).replace("  \"id\": \"X\",\n", "")
}

/// Two good reports in one commit.
fn repository() -> Repository {
    Database::default().with(A, &good("MAL-2026-1", "a")).with(B, &good("MAL-2026-2", "b")).repository()
}

/// Rules, statuses and paths of what is found.
fn told(found: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = found["findings"].as_array().unwrap();
    findings.iter().map(|one| (text(&one["rule"]), text(&one["status"]), text(&one["path"]))).collect()
}

/// Judges `HEAD` against its parent, and holds the answer to a verdict and findings.
#[track_caller]
fn check(repository: &Path, exit: Exit, verdict: &str, expected: &[(&str, &str, &str)]) -> Value {
    let found = json(repository, &["validate", "--rev", "HEAD", "--base", "HEAD~1"], exit);
    assert_eq!(found["verdict"], verdict, "{found}");
    let told = told(&found);
    let told: Vec<(&str, &str, &str)> = told.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(told, expected);
    found
}

#[test]
fn a_good_change_is_clean() {
    let repository = repository();
    repository.write(NEW, unassigned("new"));
    let head = repository.commit("new");
    let found = check(repository.path(), Exit::Done, "clean", &[]);
    assert_eq!((&found["reports"], &found["rev"]), (&3.into(), &head.into()));
    assert_eq!(found["base"], repository.id("HEAD~1"));
}

#[test]
fn a_new_fault_is_introduced() {
    let repository = repository();
    repository.write(A, misplaced("MAL-2026-1", "a"));
    repository.commit("worse");
    check(
        repository.path(),
        Exit::Found,
        "introduced",
        &[("path-mismatch", "introduced", A), ("reused-id", "introduced", A), ("modified-not-later", "introduced", A)],
    );
}

#[test]
fn paths_limit_what_is_shown_of_a_change() {
    let repository = repository();
    repository.write(A, misplaced("MAL-2026-1", "a"));
    repository.commit("worse");
    let ask =
        |path: &str, exit| json(repository.path(), &["validate", "--rev", "HEAD", "--base", "HEAD~1", path], exit);
    assert_eq!(ask("osv/malicious/npm/b", Exit::Done)["verdict"], "clean");
    assert_eq!(ask("osv/malicious/npm/a", Exit::Found)["verdict"], "introduced");
}

#[test]
fn what_was_there_is_still_there() {
    let repository = repository();
    repository.write(A, misplaced("MAL-2026-1", "a"));
    repository.commit("bad");
    repository.write(NEW, unassigned("new"));
    repository.commit("good");
    let found = check(repository.path(), Exit::Done, "still-there", &[("path-mismatch", "present", A)]);
    assert_eq!(found["rules"]["path-mismatch"]["present"], 1);
    assert_eq!(found["findings"][0]["line"], 12);
}

#[test]
fn a_moved_report_brings_no_new_fault() {
    let repository = repository();
    repository.write(A, good("MAL-2026-1", "a").replace("1.0.0", "1.0.0 "));
    repository.commit("bad");
    let bad = withdrawn_report("MAL-2026-1", "npm", "a", &["1.0.0 "], "2026-02-01T00:00:00Z");
    repository.remove(A);
    let moved = "osv/withdrawn/npm/a/MAL-2026-1.json";
    repository.write(moved, bad);
    repository.commit("withdrawn");
    check(repository.path(), Exit::Done, "still-there", &[("blank-version", "present", moved)]);
}

#[test]
fn what_is_mended_is_healed() {
    let repository = repository();
    repository.write(A, good("MAL-2026-1", "a").replace("1.0.0", "1.0.0 "));
    repository.commit("bad");
    repository.write(A, good("MAL-2026-1", "a").replace("\"modified\": \"2026-01-01", "\"modified\": \"2026-01-02"));
    repository.commit("mended");
    check(repository.path(), Exit::Done, "healed", &[("blank-version", "healed", A)]);
    let text = malpkg(repository.path(), &["validate", "--rev", "HEAD", "--base", "HEAD~1"]).out;
    assert!(text.contains("healed[blank-version]") && text.contains("mends faults"), "{text}");
}

#[test]
fn relations_to_untouched_reports_are_judged() {
    let repository = repository();
    let twin = "osv/malicious/npm/c/MAL-2026-2.json";
    repository.write(twin, good("MAL-2026-2", "c"));
    repository.commit("an id twice");
    let both = [("duplicate-id", "introduced", B), ("duplicate-id", "introduced", twin)];
    check(repository.path(), Exit::Found, "introduced", &both);
    repository.write(NEW, unassigned("new"));
    repository.commit("something else");
    let both = [("duplicate-id", "present", B), ("duplicate-id", "present", twin)];
    check(repository.path(), Exit::Done, "still-there", &both);
}

#[test]
fn a_deleted_report_is_found() {
    let repository = repository();
    repository.remove(B);
    repository.commit("gone");
    let found = check(repository.path(), Exit::Found, "introduced", &[("report-deleted", "introduced", B)]);
    assert_eq!(found["reports"], 1);
}

#[test]
fn the_index_never_changes_an_answer() {
    let repository = repository();
    repository.write(A, misplaced("MAL-2026-1", "a"));
    repository.commit("bad");
    repository.write(NEW, unassigned("new"));
    repository.write(B, good("MAL-2026-2", "b").replace("1.0.0", ""));
    repository.commit("mixed");
    let ask = |base: &str| json(repository.path(), &["validate", "--rev", "HEAD", "--base-exact", base], Exit::Found);
    let kept = repository.place(".git/malpkg");
    let fresh = ask("HEAD~1");
    assert!(fs::read_dir(&kept).unwrap().count() == 1, "an index was kept");
    assert_eq!(ask("HEAD~1"), fresh, "by the index of the base");
    let of_near = ask("HEAD~2");
    fs::remove_dir_all(&kept).unwrap();
    assert_eq!(ask("HEAD~2"), of_near, "by an index of a tree near the base");
    for entry in fs::read_dir(&kept).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        let middle = 4096 + (bytes.len() - 4096) / 2;
        bytes[middle] ^= 0x40;
        fs::write(&path, bytes).unwrap();
    }
    assert_eq!(ask("HEAD~2"), of_near, "with a damaged index");
    fs::remove_dir_all(&kept).unwrap();
    fs::write(&kept, "no folder").unwrap();
    assert_eq!(ask("HEAD~2"), of_near, "where nothing can be kept");
}

#[test]
fn staged_and_lying_files_are_judged_too() {
    let repository = repository();
    repository.write(NEW, misplaced("MAL-0000-x", "new").replace("  \"id\": \"MAL-0000-x\",\n", ""));
    repository.run(&["add", NEW]);
    repository.write(NEW, unassigned("new"));
    let staged = json(repository.path(), &["validate", "--index", "--base", "HEAD"], Exit::Found);
    assert_eq!(told(&staged), [("path-mismatch".into(), "introduced".into(), NEW.into())]);
    assert_eq!(staged["rev"], Value::Null);
    let lying = json(repository.path(), &["validate", "--base", "HEAD"], Exit::Done);
    assert_eq!((&lying["verdict"], &lying["reports"]), (&"clean".into(), &3.into()));
    assert_eq!(json(repository.path(), &["validate", "--index"], Exit::Found)["verdict"], "findings");
}

#[test]
fn a_branch_is_judged_from_where_it_parted() {
    let repository = repository();
    repository.run(&["checkout", "--quiet", "-b", "topic"]);
    repository.write(NEW, unassigned("new"));
    repository.commit("new");
    repository.run(&["checkout", "--quiet", "main"]);
    repository.write("osv/malicious/npm/m/MAL-2026-3.json", good("MAL-2026-3", "m"));
    repository.commit("meanwhile");
    let arguments = ["validate", "--rev", "topic", "--base", "main"];
    assert_eq!(json(repository.path(), &arguments, Exit::Done)["verdict"], "clean");
    let exact = ["validate", "--rev", "topic", "--base-exact", "main"];
    let found = json(repository.path(), &exact, Exit::Found);
    assert_eq!(told(&found)[0].0, "report-deleted", "without what came meanwhile it looks deleted");
}

#[test]
fn without_a_merge_base_the_fetch_is_named() {
    let repository = repository();
    repository.commit("second");
    repository.run(&["checkout", "--quiet", "--orphan", "alone"]);
    repository.commit("alone");
    let failed = json(repository.path(), &["validate", "--rev", "alone", "--base", "main"], Exit::Failed);
    assert!(failed["remedy"].as_str().unwrap().contains("git fetch"), "{failed}");
    let shallow = Folder::empty();
    let from = format!("file://{}", repository.path().display());
    testkit::git(shallow.path(), &["clone", "--quiet", "--depth=1", "--no-single-branch", &from, "."]);
    let failed = json(shallow.path(), &["validate", "--rev", "origin/alone", "--base", "origin/main"], Exit::Failed);
    assert!(failed["message"].as_str().unwrap().contains("shallow"), "{failed}");
    assert!(failed["remedy"].as_str().unwrap().contains("git fetch --unshallow"), "{failed}");
}

#[test]
fn in_a_partial_clone_nothing_absent_is_a_deletion() {
    let repository = repository();
    repository.write(NEW, unassigned("new"));
    repository.commit("new");
    repository.run(&["config", "uploadpack.allowFilter", "true"]);
    let partial = Folder::empty();
    let from = format!("file://{}", repository.path().display());
    testkit::git(partial.path(), &["clone", "--quiet", "--no-checkout", "--filter=blob:none", &from, "."]);
    testkit::git(partial.path(), &["sparse-checkout", "set", "--no-cone", "/osv/malicious/npm/new/"]);
    testkit::git(partial.path(), &["checkout", "--quiet", "main"]);
    let found = json(partial.path(), &["validate"], Exit::Done);
    assert_eq!((&found["reports"], &found["unread"], &found["verdict"]), (&3.into(), &2.into(), &"clean".into()));
    let found = json(partial.path(), &["validate", "--base", "HEAD~1"], Exit::Done);
    assert_eq!((&found["verdict"], &found["unread"]), (&"clean".into(), &2.into()));
    partial.write(NEW, misplaced("X", "new").replace("  \"id\": \"X\",\n", ""));
    let found = json(partial.path(), &["validate", "--base", "HEAD~1"], Exit::Found);
    assert_eq!(told(&found), [("path-mismatch".into(), "introduced".into(), NEW.into())]);
}

#[test]
fn a_stranger_may_bring_reports_and_texts() {
    let repository = repository();
    let fork = repository.id("HEAD");
    let judged = |exit| json(repository.path(), &["validate", "--base-exact", &fork, "--contribution"], exit);
    repository.write(NEW, unassigned("new"));
    let later = good("MAL-2026-1", "a").replace("\"modified\": \"2026-01-01", "\"modified\": \"2026-01-02");
    repository.write(A, later.replace("when it is installed", "on install"));
    assert_eq!(judged(Exit::Done)["verdict"], "clean");
    repository.write("malpkg.toml", "[database]\n");
    repository.write("osv/ids.json", "{}\n");
    repository.write("osv/malicious/npm/c/MAL-2026-3.json", good("MAL-2026-3", "c"));
    let found = judged(Exit::Found);
    let rules: Vec<String> = told(&found).into_iter().map(|(rule, ..)| rule).collect();
    assert_eq!(rules, ["outside-contribution"; 3]);
    let failed = json(repository.path(), &["validate", "--contribution"], Exit::Failed);
    assert!(failed["remedy"].as_str().unwrap().contains("--base"), "{failed}");
}

#[test]
fn a_change_does_not_judge_itself() {
    let repository = repository();
    repository.write("malpkg.toml", "[rules]\npath-mismatch = \"off\"\n");
    repository.write(NEW, misplaced("X", "new").replace("  \"id\": \"X\",\n", ""));
    repository.commit("switches the rule off that it breaks");
    check(repository.path(), Exit::Found, "introduced", &[("path-mismatch", "introduced", NEW)]);
}
