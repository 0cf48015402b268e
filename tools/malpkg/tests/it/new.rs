//! `malpkg new`: a report that is right once its blanks are filled.

use malpkg::Exit;
use testkit::{Database, report};

use crate::program::{json, malpkg};

const PATH: &str = "osv/malicious/npm/@s/left-padd/MAL-0000-s-left-padd.json";

fn database() -> Database {
    Database::default().with("osv/malicious/npm/a/MAL-2026-1.json", &report("MAL-2026-1", "npm", "a", &["1.0.0"]))
}

#[test]
fn a_new_report_validates() {
    let repository = database().repository();
    let printed = malpkg(repository.path(), &["new", "npm/@s/left-padd@1.0.0,1.0.1"]);
    assert_eq!(printed.exit, Exit::Done, "{}", printed.err);
    assert!(printed.out.starts_with(PATH) && !repository.has(PATH), "{}", printed.out);
    let written = json(repository.path(), &["new", "npm/@s/left-padd@1.0.0,1.0.1", "--write"], Exit::Done);
    assert_eq!((&written["path"], &written["written"]), (&PATH.into(), &true.into()));
    assert_eq!(written["report"]["affected"][0]["versions"], serde_json::json!(["1.0.0", "1.0.1"]));
    let blanks = json(repository.path(), &["validate"], Exit::Found);
    let found: Vec<&str> =
        blanks["findings"].as_array().unwrap().iter().map(|one| one["rule"].as_str().unwrap()).collect();
    assert_eq!(found, ["template-text"], "only the blanks are wrong with it");
    let text = repository.read(PATH);
    let blank = text.lines().find(|line| line.contains("(Say here")).unwrap();
    repository.write(PATH, text.replace(blank, "  \"details\": \"It sends the environment to its author.\","));
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    assert_eq!(malpkg(repository.path(), &["new", "npm/@s/left-padd@1.0.0", "--write"]).exit, Exit::Failed);
}

#[test]
fn versions_or_a_reason_must_be_named() {
    let folder = database().folder();
    let refused = malpkg(folder.path(), &["new", "npm/b"]);
    assert_eq!(refused.exit, Exit::Failed);
    for spelling in ["npm/b@VERSION", "--all-versions --because"] {
        assert!(refused.err.contains(spelling), "{}", refused.err);
    }
    let all = ["new", "npm/b", "--all-versions", "--because", "never honest", "--write"];
    json(folder.path(), &all, Exit::Done);
    assert_eq!(malpkg(folder.path(), &["query", "npm/b@9.9.9"]).exit, Exit::Found);
}

#[test]
fn a_known_package_is_told_with_what_would_be_added() {
    let told = json(database().folder().path(), &["new", "npm/a@1.0.0,2.0.0"], Exit::Done);
    assert_eq!(told["known"][0]["id"], "MAL-2026-1");
    assert_eq!(told["known"][0]["adds"], serde_json::json!(["2.0.0"]));
}

#[test]
fn two_packages_do_not_get_one_name() {
    let repository = database().repository();
    for (package, stem) in
        [("npm/@x/y", "x-y"), ("npm/x-y", "x-y-2"), ("npm/\u{430}", "draft"), ("npm/\u{431}", "draft-2")]
    {
        let written = json(repository.path(), &["new", &format!("{package}@1.0.0"), "--write"], Exit::Done);
        let path = written["path"].as_str().expect("a path");
        assert!(path.ends_with(&format!("/MAL-0000-{stem}.json")), "{path}");
    }
    let again = malpkg(repository.path(), &["new", "npm/x-y@1.0.0", "--write"]);
    assert!(again.exit == Exit::Failed && again.err.contains("there already"), "{}", again.err);
}
