//! `malpkg assign`: ids for what people wrote, and other ones after two branches met.

use malpkg::Exit;
use testkit::{Database, Repository, report};

use crate::program::{json, malpkg};

const DRAFT: &str = "osv/malicious/npm/a/MAL-0000-a.json";
const NAMED: &str = "osv/malicious/npm/a/MAL-2026-900001.json";

fn draft(name: &str) -> String {
    report("", "npm", name, &["1.0.0"]).replace("  \"id\": \"\",\n", "")
}

fn repository() -> Repository {
    Database::default().with(DRAFT, &draft("a")).with("malpkg.toml", "").repository()
}

#[test]
fn an_id_that_the_history_knows_is_not_given_again() {
    let repository = repository();
    let gone = "osv/malicious/npm/gone/MAL-2026-900007.json";
    repository.write(gone, report("MAL-2026-900007", "npm", "gone", &["1.0.0"]));
    repository
        .write(&gone.replace("gone", "here").replace("07", "03"), report("MAL-2026-900003", "npm", "here", &["1.0.0"]));
    repository.commit("a report");
    repository.remove(gone);
    repository.commit("gone again");
    let done = json(repository.path(), &["assign", "--commit"], Exit::Done);
    assert_eq!(done["changes"][0]["id"], "MAL-2026-900008");
}

#[test]
fn a_plan_says_what_moves_where() {
    let repository = repository();
    let head = repository.id("HEAD");
    let plan = json(repository.path(), &["assign"], Exit::Done);
    assert_eq!((&plan["format"], &plan["version"]), (&"malpkg.plan".into(), &1.into()));
    assert_eq!((&plan["base"], plan["commit"].is_null(), &plan["status"]), (&head.into(), true, &"done".into()));
    let change = &plan["changes"][0];
    for (member, expected) in [("kind", "move"), ("path", NAMED), ("id", "MAL-2026-900001"), ("package", "npm/a")] {
        assert_eq!(change[member], expected, "{member}");
    }
    repository.is_clean();
    let told = malpkg(repository.path(), &["assign"]).out;
    assert!(told.contains("move      MAL-2026-900001 npm/a") && told.contains("1 report got an id"), "{told}");
}

#[test]
fn a_commit_moves_the_report_and_the_mark() {
    let repository = repository();
    let done = json(repository.path(), &["assign", "--commit"], Exit::Done);
    assert_eq!(done["commit"], repository.id("HEAD"));
    repository.is_clean();
    assert_eq!(repository.paths("HEAD"), ["malpkg.toml", "osv/ids.json", NAMED]);
    assert!(repository.read(NAMED).contains("\"id\": \"MAL-2026-900001\""));
    let message = repository.run(&["log", "-1", "--format=%B"]);
    assert!(message.starts_with("assign: MAL-2026-900001 given\n\nReports: 1\n"), "{message}");
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    let again = json(repository.path(), &["assign", "--commit"], Exit::Done);
    assert!(again["commit"].is_null() && again["changes"].as_array().unwrap().is_empty());
    let bare = repository.bare_clone();
    assert!(json(bare.path(), &["assign", "--commit", "--ref", "main"], Exit::Done)["commit"].is_null());
}

#[test]
fn what_is_not_committed_yet_is_named_where_it_lies() {
    let repository = repository();
    repository.write(DRAFT, draft("a").replace("1.0.0", "1.0.1"));
    repository.write("osv/malicious/npm/b/MAL-0000-b.json", draft("b"));
    json(repository.path(), &["assign", "--write"], Exit::Done);
    assert!(repository.read(NAMED).contains("1.0.1"));
    assert!(repository.has("osv/malicious/npm/b/MAL-2026-900002.json") && !repository.has(DRAFT));
    assert!(!repository.has("osv/malicious/npm/b/MAL-0000-b.json"));
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    // A commit is planned from the branch, and would not know of the edit.
    let repository = self::repository();
    repository.write(DRAFT, draft("a").replace("1.0.0", "1.0.1"));
    let refused = malpkg(repository.path(), &["assign", "--commit"]);
    assert_eq!(refused.exit, Exit::Failed, "{}", refused.out);
    assert!(repository.read(DRAFT).contains("1.0.1"));
}

#[test]
fn what_cannot_get_an_id_is_told() {
    let wrong = draft("b").replace("\"name\": \"b\"", "\"name\": \"c\"");
    let database = Database::default().with(DRAFT, &draft("a")).with("osv/malicious/npm/b/MAL-0000-b.json", &wrong);
    let repository = database.with("osv/malicious/npm/d/MAL-0000-d.json", "{").repository();
    let done = json(repository.path(), &["assign", "--commit"], Exit::Done);
    let rules: Vec<&str> = done["rejected"].as_array().unwrap().iter().filter_map(|r| r["rule"].as_str()).collect();
    assert_eq!(rules, ["path-mismatch", "malformed-json"]);
    assert_eq!(done["changes"].as_array().map(Vec::len), Some(1));
    assert!(repository.has(NAMED));
    assert_eq!(malpkg(repository.path(), &["assign", "--strict"]).exit, Exit::Found);
}

/// Two branches that both gave ids, and the merge of the second one into the first that git could not finish.
fn met() -> Repository {
    let repository = repository();
    repository.run(&["branch", "theirs"]);
    let give = |name: &str| {
        repository.write(&format!("osv/malicious/npm/{name}/MAL-0000-{name}.json"), draft(name));
        repository.commit("a draft");
        json(repository.path(), &["assign", "--commit"], Exit::Done);
    };
    give("b");
    repository.run(&["checkout", "--quiet", "theirs"]);
    give("c");
    repository.run(&["checkout", "--quiet", "main"]);
    let conflict = repository.run_fails(&["merge", "--quiet", "theirs"]);
    assert!(repository.read("osv/ids.json").contains("<<<<<<<"), "{conflict}");
    repository
}

const REPORTS: [&str; 3] = [
    "osv/malicious/npm/a/MAL-2026-900001.json",
    "osv/malicious/npm/b/MAL-2026-900002.json",
    "osv/malicious/npm/c/MAL-2026-900003.json",
];

#[test]
fn after_two_branches_met_in_the_working_tree() {
    let repository = met();
    // Without being told which branch keeps its ids, nothing is given.
    let refused = malpkg(repository.path(), &["assign", "--write"]);
    assert!(refused.exit == Exit::Failed && refused.err.contains("--renumber"), "{}", refused.err);
    let told = json(repository.path(), &["merge", "--write"], Exit::Done);
    let rejected = &told["rejected"][0];
    assert_eq!((&rejected["rule"], told["changes"].as_array().map(Vec::len)), (&"duplicate-id".into(), Some(0)));
    assert!(rejected["remedy"].as_str().unwrap().contains("malpkg assign --renumber"), "{rejected}");
    let done = json(repository.path(), &["assign", "--renumber", "--base", "main", "--write"], Exit::Done);
    assert_eq!(
        (&done["changes"][0]["id"], done["changes"].as_array().map(Vec::len)),
        (&"MAL-2026-900003".into(), Some(1))
    );
    repository.commit("the merge");
    let paths = repository.paths("HEAD");
    assert_eq!(paths[2..], REPORTS);
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
    let next = json(repository.path(), &["assign", "--renumber", "--base", "HEAD~1", "--write"], Exit::Done);
    assert!(next["changes"].as_array().unwrap().is_empty());
    // What has two ids now has nothing to be joined; a report that got lost on the way is missed.
    let met = json(repository.path(), &["merge"], Exit::Done);
    assert_eq!((&met["rejected"], &met["changes"]), (&serde_json::json!([]), &serde_json::json!([])));
    repository.remove(REPORTS[2]);
    repository.run(&["add", "--all"]);
    repository.run(&["commit", "--quiet", "--amend", "--no-edit"]);
    let missed = json(repository.path(), &["merge", "--commit"], Exit::Done);
    assert!(missed["rejected"][0]["message"].as_str().unwrap().contains("is gone"), "{missed}");
}

#[test]
fn after_two_branches_met_in_a_commit() {
    let repository = met();
    repository.run(&["checkout", "--quiet", "--theirs", "osv/ids.json"]);
    repository.commit("the merge, both numbers and all");
    assert_eq!(json(repository.path(), &["validate"], Exit::Found)["verdict"], "findings");
    json(repository.path(), &["assign", "--renumber", "--base", "HEAD~1", "--commit"], Exit::Done);
    assert_eq!(repository.paths("HEAD")[2..], REPORTS);
    repository.is_clean();
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
}

#[test]
fn what_is_to_be_moved_keeps_the_name_that_it_has() {
    let wrong = "osv/malicious/npm/wrong/MAL-0000-w.json";
    let repository = Database::default().with(wrong, &draft("right")).with("malpkg.toml", "").repository();
    let refused = json(repository.path(), &["assign", "--commit"], Exit::Done)["rejected"][0].clone();
    assert_eq!(refused["rule"], "path-mismatch", "{refused}");
    let to = refused["remedy"].as_str().unwrap().strip_prefix("move the file to ").unwrap();
    let to = to.split(',').next().unwrap();
    repository.write(to, repository.read(wrong));
    repository.remove(wrong);
    repository.commit("as told");
    let done = json(repository.path(), &["assign", "--commit"], Exit::Done);
    assert_eq!(done["changes"][0]["path"], "osv/malicious/npm/right/MAL-2026-900001.json", "{done}");
    assert_eq!(json(repository.path(), &["validate"], Exit::Done)["verdict"], "clean");
}
