//! One branch makes two reports one, and something comes to one of them on the other branch: after `malpkg merge` the one
//! that stays knows of it.

use malpkg::Exit;
use serde_json::{Value, json};
use testkit::{Database, Folder, Repository, report};

use crate::program::{json as answer, malpkg};

const FIRST: &str = "MAL-2026-1";
const SECOND: &str = "MAL-2026-2";

/// A report on `npm/x` with one stream of `feed`.
fn one(id: &str, stream: &str, version: &str) -> String {
    let mut text: Value = serde_json::from_str(&report(id, "npm", "x", &[version])).unwrap();
    text["published"] = json!(format!("2026-01-0{}T00:00:00Z", &id[9..]));
    text["modified"] = json!("2026-02-01T00:00:00Z");
    text["database_specific"]["malicious-packages-origins"] = json!([{
        "source": "feed", "sha256": "1".repeat(63) + &id[9..], "id": stream, "versions": [version],
        "import_time": "2026-01-30T00:00:00Z", "modified_time": "2026-01-29T00:00:00Z",
    }]);
    format!("{text:#}\n")
}

/// Two reports on one package: `main` makes them one, and `other` does something else. Then the two meet.
fn met(streams: [&str; 2], with_driver: bool, on_other: impl Fn(&Repository)) -> Repository {
    let mut database = Database::default().with("malpkg.toml", "[source.feed]\nformat = \"osv\"\n");
    for ((id, stream), version) in [FIRST, SECOND].into_iter().zip(streams).zip(["1.0.0", "2.0.0"]) {
        database = database.with(&format!("osv/malicious/npm/x/{id}.json"), &one(id, stream, version));
    }
    let repository = database.repository();
    if with_driver {
        let program = ["--program", env!("CARGO_BIN_EXE_malpkg")];
        answer(repository.path(), &[&["git-driver", "install", "--write"], &program[..]].concat(), Exit::Done);
        repository.commit("a driver");
    }
    repository.run(&["checkout", "--quiet", "-b", "other"]);
    on_other(&repository);
    repository.run(&["checkout", "--quiet", "main"]);
    answer(repository.path(), &["dedupe", "--commit"], Exit::Done);
    repository.run(&["-c", "alias.try=!git merge --no-edit other >/dev/null 2>&1 || true", "try"]);
    if repository.has(".git/MERGE_HEAD") {
        answer(repository.path(), &["merge", "--write"], Exit::Done);
        repository.run(&["add", "--all"]);
        repository.run(&["commit", "--quiet", "--no-edit"]);
    }
    answer(repository.path(), &["merge", "--commit"], Exit::Done);
    let again = answer(repository.path(), &["merge", "--commit"], Exit::Done);
    assert!(again["commit"].is_null(), "{again}");
    assert_eq!(answer(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    repository.is_clean();
    repository
}

fn settle(repository: &Repository, arguments: &[&str]) {
    answer(repository.path(), &[arguments, &["--by", "Eve", "--commit"]].concat(), Exit::Done);
}

/// A delivery of `feed` on `npm/x`.
fn deliver(repository: &Repository, stream: &str, version: &str, day: &str) {
    let inbox = Folder::empty();
    let mut text: Value = serde_json::from_str(&report(stream, "npm", "x", &[version])).unwrap();
    text["modified"] = json!(format!("2026-03-{day}T00:00:00Z"));
    inbox.write("1.json", text.to_string());
    answer(repository.path(), &["ingest", "--source", "feed", inbox.path().to_str().unwrap(), "--commit"], Exit::Done);
}

fn versions(repository: &Repository, id: &str) -> (bool, Vec<String>) {
    let shown = answer(repository.path(), &["show", id], Exit::Done);
    let path = shown["path"].as_str().unwrap();
    let report: Value = serde_json::from_str(&repository.show("HEAD", path)).unwrap();
    let listed = report["affected"][0]["versions"].as_array().into_iter().flatten();
    (report["withdrawn"].is_string(), listed.map(|one| one.as_str().unwrap().to_owned()).collect())
}

#[test]
fn what_was_withdrawn_is_cleared_in_the_one_that_stays() {
    for with_driver in [false, true] {
        let repository = met(["F-1", "F-2"], with_driver, |repository| {
            settle(repository, &["withdraw", SECOND, "--reason", "false-positive"]);
        });
        assert_eq!(versions(&repository, FIRST), (false, vec!["1.0.0".to_owned()]));
        // Whoever says it again, it stays out.
        deliver(&repository, "F-2", "2.0.0", "01");
        deliver(&repository, "F-3", "2.0.0", "02");
        assert_eq!(versions(&repository, FIRST), (false, vec!["1.0.0".to_owned()]));
    }
}

#[test]
fn where_nobody_else_says_anything_all_of_it_is_taken_back() {
    for with_driver in [false, true] {
        let repository = met(["F-1", "F-1"], with_driver, |repository| {
            settle(repository, &["withdraw", SECOND, "--reason", "false-positive"]);
        });
        assert!(versions(&repository, FIRST).0);
    }
}

#[test]
fn what_came_in_is_known_to_the_one_that_stays() {
    for with_driver in [false, true] {
        let repository = met(["F-1", "F-2"], with_driver, |repository| {
            let path = format!("osv/malicious/npm/x/{SECOND}.json");
            let mut text: Value = serde_json::from_str(&repository.show("HEAD", &path)).unwrap();
            let origins = &mut text["database_specific"]["malicious-packages-origins"];
            let mut newer = origins[0].clone();
            newer["sha256"] = json!("2".repeat(64));
            newer["modified_time"] = json!("2026-01-31T00:00:00Z");
            newer["versions"] = json!(["2.1.0"]);
            origins.as_array_mut().unwrap().push(newer);
            text["affected"][0]["versions"] = json!(["2.1.0"]);
            repository.write(&path, format!("{text:#}\n"));
            repository.commit("a newer word");
        });
        assert_eq!(versions(&repository, FIRST), (false, vec!["1.0.0".to_owned(), "2.1.0".to_owned()]));
    }
}

#[test]
fn who_withdrew_the_one_that_stays_is_asked_about_the_other() {
    for with_driver in [false, true] {
        let repository = met(["F-1", "F-2"], with_driver, |repository| {
            settle(repository, &["withdraw", FIRST, "--reason", "false-positive"]);
        });
        assert!(versions(&repository, FIRST).0);
        let queue = malpkg(repository.path(), &["triage"]);
        assert!(queue.out.contains(FIRST) && queue.out.contains("named again"), "{}{}", queue.out, queue.err);
    }
}
