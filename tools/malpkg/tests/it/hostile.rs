//! Databases that somebody made to hurt: each fault is told with its rule and place, or the whole is refused, in bounded
//! memory; nothing outside is read and nothing of theirs is run.

mod bounded;
mod contents;
mod disk;
mod names;
mod objects;
mod settings;
mod tree;

use std::path::Path;

use serde_json::Value;
use testkit::{Database, Folder, report};

/// A report with which nothing is wrong, in every database here.
const GOOD: &str = "osv/malicious/npm/good/MAL-2026-1.json";

/// What is said of a database.
#[derive(Clone, Copy, Debug)]
enum Says<'s> {
    /// Nothing that is an error.
    Nothing,
    /// A rule of level error, at a file and a place in it.
    Error(&'s str, &'s str, &'s str),
    /// A rule of level warning, at a file.
    Warning(&'s str, &'s str),
    /// A file cannot be read: nothing is said of the whole and no release is made; questions about others are answered.
    Unread(&'s str),
    /// The tree cannot be read: what each command says, with its place in the words or beside them.
    Refused(&'s str),
}

fn good() -> Database {
    Database::default().with(GOOD, &report("MAL-2026-1", "npm", "good", &["1.0.0"]))
}

/// Holds the commands to what they must say of a database, and with a base of the change to it.
#[track_caller]
fn check(case: &str, repo: &Path, base: Option<&str>, says: Says<'_>) {
    is_judged(case, repo, base, says);
    is_shown(case, repo, says);
    is_published(case, repo, says);
}

#[track_caller]
fn is_judged(case: &str, repo: &Path, base: Option<&str>, says: Says<'_>) {
    let (exit, found) = bounded::json(repo, &["validate"]);
    is_said(case, exit, &found, says, "present");
    if let Some(base) = base {
        let (exit, found) = bounded::json(repo, &["validate", "--base-exact", base]);
        is_said(case, exit, &found, says, "introduced");
    }
}

#[track_caller]
fn is_shown(case: &str, repo: &Path, says: Says<'_>) {
    for format in ["text", "github", "sarif"] {
        let shown = bounded::run(repo, &["validate", "--format", format, "--color", "never"]);
        assert_eq!(shown.exit, exit_of(says), "{case}: {}{}", shown.out, shown.err);
        let is_hostile = |c: char| c.is_control() && c != '\n' || osv_schema::write::is_unseen(c);
        let hostile = [&shown.out, &shown.err].into_iter().find(|text| text.contains(is_hostile));
        assert_eq!(hostile, None, "{case}: {format} can be shown");
    }
}

#[track_caller]
fn is_published(case: &str, repo: &Path, says: Says<'_>) {
    let is_refused = matches!(says, Says::Refused(_));
    let (exit, answer) = bounded::json(repo, &["query", "npm/good@1.0.0"]);
    assert_eq!(exit, if is_refused { 2 } else { 1 }, "{case}: {answer}");
    let out = Folder::empty();
    let (exit, told) = bounded::json(repo, &["export", "--out", &out.place("release").to_string_lossy()]);
    assert_eq!(exit, exit_of_export(says), "{case}: {told}");
    assert_eq!(out.has("release"), exit != 2, "{case}: a release is whole, or there is none");
    if let Says::Error(rule, path, _) = says
        && exit == 1
    {
        let held = told["held"].as_array().into_iter().flatten();
        let rules: Vec<&Value> = held.filter(|held| held["path"] == path).map(|held| &held["rule"]).collect();
        assert_eq!(rules.len(), 1, "{case}: {rule} holds it: {told}");
    }
}

#[track_caller]
fn is_said(case: &str, exit: i32, found: &Value, says: Says<'_>, status: &str) {
    assert_eq!(exit, exit_of(says), "{case}: {found:#}");
    let findings = || found["findings"].as_array().into_iter().flatten();
    let is_there = |rule: &str, level: &str, path: &str, pointer: Option<&str>| {
        findings().any(|finding| {
            finding["rule"] == rule
                && finding["level"] == level
                && finding["status"] == status
                && finding["path"] == path
                && pointer.is_none_or(|pointer| finding["pointer"] == pointer)
        })
    };
    let is_as_it_should = match says {
        Says::Nothing => findings().all(|finding| finding["level"] == "warning"),
        Says::Error(rule, path, pointer) => is_there(rule, "error", path, Some(pointer)),
        Says::Warning(rule, path) => is_there(rule, "warning", path, None),
        Says::Unread(words) | Says::Refused(words) => {
            let text = |member: &str| found[member].as_str().unwrap_or_default();
            found["format"] == "malpkg.error" && format!("{}: {}", text("place"), text("message")).contains(words)
        }
    };
    assert!(is_as_it_should, "{case}: {says:?} is not said: {found:#}");
}

fn exit_of(says: Says<'_>) -> i32 {
    match says {
        Says::Nothing | Says::Warning(..) => 0,
        Says::Error(..) => 1,
        Says::Unread(_) | Says::Refused(_) => 2,
    }
}

/// A report with an error is held; a file that is none is no part of a release.
fn exit_of_export(says: Says<'_>) -> i32 {
    match says {
        Says::Error(_, path, _) if !path.ends_with(".json") => 0,
        says => exit_of(says),
    }
}
