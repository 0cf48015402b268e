//! `malpkg show`, `log`, `diff` and `stats`: what reports say and what happened to them, for people and for programs.

use malpkg::Exit;
use serde_json::{Value, json};
use testkit::{Database, Repository, report};

use crate::program::{json as answer, malpkg};

const ONE: &str = "osv/malicious/npm/a/MAL-2026-1.json";

fn repository() -> Repository {
    testkit::repository(&[
        ("malpkg.toml", ""),
        (ONE, &report("MAL-2026-1", "npm", "a", &["1.0.0", "2.0.0"])),
        ("osv/malicious/pypi/b/MAL-2026-2.json", &report("MAL-2026-2", "PyPI", "b", &["1.0"])),
    ])
}

/// The history of npm/a: narrowed, withdrawn, reinstated, with something else in between.
fn with_history() -> Repository {
    let repository = repository();
    answer(
        repository.path(),
        &["narrow", "npm/a", "--clear", "2.0.0", "--reason", "versions-clean", "--commit"],
        Exit::Done,
    );
    answer(repository.path(), &["withdraw", "PyPI/b", "--reason", "false-positive", "--commit"], Exit::Done);
    answer(
        repository.path(),
        &["withdraw", "npm/a", "--reason", "false-positive", "--by", "Ada", "--commit"],
        Exit::Done,
    );
    answer(repository.path(), &["reinstate", "npm/a", "--reason", "evidence", "--commit"], Exit::Done);
    repository
}

fn kinds(change: &Value) -> Vec<&str> {
    change["changes"].as_array().unwrap().iter().map(|turn| turn["kind"].as_str().unwrap()).collect()
}

#[test]
fn a_report_is_followed_wherever_it_lay() {
    let repository = with_history();
    let log = answer(repository.path(), &["log", "MAL-2026-1"], Exit::Done);
    assert_eq!((&log["format"], &log["version"], &log["package"]), (&json!("malpkg.log"), &json!(1), &json!("npm/a")));
    let groups: Vec<&str> =
        log["changes"].as_array().unwrap().iter().map(|one| one["group"].as_str().unwrap()).collect();
    assert_eq!(groups, ["reinstated", "withdrawn", "narrowed", "created"]);
    assert_eq!(kinds(&log["changes"][0]), ["moved", "reinstated", "decided"]);
    let told = &log["changes"][2]["changes"];
    assert_eq!(told[0], json!({"kind": "versions-cleared", "items": ["2.0.0"]}));
    let text = malpkg(repository.path(), &["log", "npm/a"]);
    assert!(
        text.out.contains("withdraw, false-positive by Ada at ") && text.out.contains("versions-cleared: 2.0.0"),
        "{}",
        text.out
    );
    assert_eq!(malpkg(repository.path(), &["log", "npm/nothing"]).exit, Exit::Failed);
}

#[test]
fn a_report_is_followed_when_it_gets_its_id() {
    let draft = report("", "npm", "c", &["1.0.0"]).replace("  \"id\": \"\",\n", "");
    let repository = testkit::repository(&[("malpkg.toml", ""), ("osv/malicious/npm/c/MAL-0000-c.json", &draft)]);
    answer(repository.path(), &["assign", "--commit"], Exit::Done);
    let log = answer(repository.path(), &["log", "npm/c"], Exit::Done);
    assert_eq!(log["changes"].as_array().unwrap().len(), 2, "{log}");
    assert_eq!(kinds(&log["changes"][0])[..2], ["moved", "renamed"]);
    let diff = answer(repository.path(), &["diff", "HEAD~1..HEAD"], Exit::Done);
    assert_eq!((&diff["counts"], &diff["files"]), (&json!({"moved": 1}), &json!(["osv/ids.json"])));
}

#[test]
fn a_merge_is_no_news_where_one_side_has_it() {
    let repository = repository();
    repository.run(&["checkout", "--quiet", "-B", "other"]);
    answer(repository.path(), &["withdraw", "npm/a", "--reason", "false-positive", "--commit"], Exit::Done);
    repository.run(&["checkout", "--quiet", "main"]);
    answer(repository.path(), &["withdraw", "PyPI/b", "--reason", "false-positive", "--commit"], Exit::Done);
    repository.run(&["merge", "--quiet", "--no-edit", "other"]);
    let log = answer(repository.path(), &["log", "npm/a"], Exit::Done);
    assert_eq!(log["changes"].as_array().unwrap().len(), 2, "{log}");
}

#[test]
fn a_range_is_told_by_what_it_did() {
    let repository = with_history();
    let diff = answer(repository.path(), &["diff", "HEAD~4..HEAD~1"], Exit::Done);
    assert_eq!(diff["counts"], json!({"withdrawn": 2}));
    let of_one = answer(repository.path(), &["diff", "HEAD~4..", "npm/a"], Exit::Done);
    assert_eq!((&of_one["counts"], &of_one["reports"][0]["was"]), (&json!({"narrowed": 1}), &json!(ONE)));
    let of_commit = answer(repository.path(), &["diff", "HEAD~3"], Exit::Done);
    assert_eq!((&of_commit["counts"], &of_commit["reports"][0]["id"]), (&json!({"narrowed": 1}), &json!("MAL-2026-1")));
    let nothing = malpkg(repository.path(), &["diff", "HEAD..HEAD"]);
    assert_eq!((nothing.exit, nothing.out.as_str()), (Exit::Done, "nothing changed\n"));
    // The same content in other bytes is no change in meaning.
    let text = repository.read(ONE);
    repository.write(ONE, text.replace("\n  ", "\n   "));
    repository.commit("spaces");
    assert_eq!(answer(repository.path(), &["diff", "HEAD"], Exit::Done)["counts"], json!({"rewritten": 1}));
    repository.write(ONE, "{");
    repository.commit("broken");
    assert_eq!(answer(repository.path(), &["diff", "HEAD"], Exit::Done)["counts"], json!({"edited": 1}));
    for wrong in ["HEAD~99", "nothing..HEAD", "HEAD~5"] {
        assert_eq!(
            malpkg(repository.path(), &["diff", wrong]).exit,
            if wrong == "HEAD~5" { Exit::Done } else { Exit::Failed }
        );
    }
}

#[test]
fn a_report_is_shown_so_that_nothing_in_it_can_be_followed() {
    let hostile = report("MAL-2026-1", "npm", "a", &["1.0.0"])
        .replace("runs code", "calls https://evil.example.com/x and \\u001b[31m 10.1.2.3 \\u202e runs code");
    let repository = testkit::repository(&[("malpkg.toml", ""), (ONE, &hostile)]);
    let shown = malpkg(repository.path(), &["show", "npm/a"]);
    assert_eq!(shown.exit, Exit::Done);
    assert!(
        shown.out.contains("hxxps://evil[.]example[.]com/x") && shown.out.contains("10[.]1[.]2[.]3"),
        "{}",
        shown.out
    );
    assert!(!shown.out.contains(['\u{1b}', '\u{202e}']), "{}", shown.out);
    let live = malpkg(repository.path(), &["--live", "show", "MAL-2026-1"]);
    assert!(live.out.contains("https://evil.example.com/x") && !live.out.contains('\u{1b}'), "{}", live.out);
    let raw = answer(repository.path(), &["show", ONE], Exit::Done);
    assert_eq!(
        (&raw["format"], &raw["id"], &raw["affected_versions"]),
        (&json!("malpkg.show"), &json!("MAL-2026-1"), &json!(["1.0.0"]))
    );
    assert!(raw["report"]["details"].as_str().unwrap().contains("https://evil.example.com/x"));
}

#[test]
fn a_report_is_shown_as_it_was() {
    let repository = with_history();
    let shown = malpkg(repository.path(), &["show", "npm/a"]);
    assert!(
        shown.out.contains("decisions\n") && shown.out.contains("withdraw by Ada, false-positive"),
        "{}",
        shown.out
    );
    assert!(shown.out.starts_with("MAL-2026-1  npm/a  stands\n"), "{}", shown.out);
    let before = malpkg(repository.path(), &["show", "npm/a", "--rev", "HEAD~1"]);
    assert!(before.out.contains("  withdrawn 2026-"), "{}", before.out);
}

#[test]
fn reports_are_counted() {
    let repository = with_history();
    let stats = answer(repository.path(), &["stats"], Exit::Done);
    assert_eq!(
        (&stats["format"], &stats["reports"], &stats["standing"]),
        (&json!("malpkg.stats"), &json!(2), &json!(1))
    );
    assert_eq!(stats["ecosystems"]["PyPI"], json!({"standing": 0, "withdrawn": 1}));
    assert_eq!((&stats["versions"], &stats["decisions"]), (&json!(1), &json!(6)), "{stats}");
    let before = malpkg(repository.path(), &["stats", "--rev", "HEAD~4"]);
    assert!(before.out.starts_with("2 reports: 2 stand, 0 are withdrawn\n"), "{}", before.out);
}

#[test]
fn a_test_of_blocking_counts_nowhere_and_blocks() {
    let test = report("MAL-2026-9", "npm", "proof", &["1.0.0"]).replace(r#""kind": "malware""#, r#""kind": "test""#);
    assert!(test.contains(r#""test""#), "{test}");
    let database = Database::default().with("osv/malicious/npm/proof/MAL-2026-9.json", &test);
    let repository = database.repository();
    let stats = answer(repository.path(), &["stats"], Exit::Done);
    assert_eq!((&stats["reports"], &stats["tests"], &stats["kinds"]), (&json!(0), &json!(1), &json!({})), "{stats}");
    assert_eq!(malpkg(repository.path(), &["query", "npm/proof@1.0.0"]).exit, Exit::Found);
    assert_eq!(malpkg(repository.path(), &["query", "npm/proof@1.0.1"]).exit, Exit::Done);
}
