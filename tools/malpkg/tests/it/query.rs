//! `malpkg query`: by package, version, purl, id and path.

use malpkg::Exit;
use testkit::{Database, Folder, report, withdrawn_report};

use crate::program::{json, malpkg};

fn database() -> Folder {
    let mut database = Database::default();
    database = database
        .with("osv/malicious/npm/@s/a/MAL-2026-1.json", &report("MAL-2026-1", "npm", "@s/a", &["1.0.0", "1.0.1"]));
    // Without versions named it is all of them.
    let all = report("MAL-2026-2", "PyPI", "foo-bar", &[]);
    let all = all.replacen("\"summary\"", "\"aliases\": [\"GHSA-aaaa-bbbb-cccc\"],\n  \"summary\"", 1);
    database = database.with("osv/malicious/pypi/foo-bar/MAL-2026-2.json", &all);
    database = database.with(
        "osv/withdrawn/npm/honest/MAL-2026-3.json",
        &withdrawn_report("MAL-2026-3", "npm", "honest", &["1.0.0"], "2026-02-01T00:00:00Z"),
    );
    let vscode = "VSCode:https://open-vsx.org";
    database = database.with(
        "osv/malicious/vscode:open-vsx.org/a.b/MAL-2026-4.json",
        &report("MAL-2026-4", vscode, "a.b", &["1.0.0"]),
    );
    database = database.with("malpkg.toml", "[database]\nhome = \"https://example.org/db/\"\n");
    database.folder()
}

#[track_caller]
fn check(what: &str, expected: (&str, &str), ids: &[&str]) {
    let exit = if matches!(expected.0, "malicious" | "some-versions") { Exit::Found } else { Exit::Done };
    let answers = json(database().path(), &["query", what], exit);
    let answer = &answers["answers"][0];
    let reports = answer["reports"].as_array().expect("reports");
    let found: Vec<&str> = reports.iter().filter_map(|report| report["id"].as_str()).collect();
    assert_eq!(
        (answer["query"].as_str(), answer["verdict"].as_str(), answer["versions"].as_str()),
        (Some(what), Some(expected.0), Some(expected.1))
    );
    assert_eq!(found, ids, "{what}");
}

#[test]
fn a_question_has_an_answer_however_it_is_spelled() {
    check("npm/@s/a", ("some-versions", "these"), &["MAL-2026-1"]);
    check("npm/@s/a@1.0.1", ("malicious", "these"), &["MAL-2026-1"]);
    check("NPM/@s/a@1.0.1", ("malicious", "these"), &["MAL-2026-1"]);
    check("npm/@s/a@2.0.0", ("not-known", "none"), &[]);
    check("pkg:npm/%40s/a@1.0.1", ("malicious", "these"), &["MAL-2026-1"]);
    check("pypi/Foo_Bar", ("malicious", "all"), &["MAL-2026-2"]);
    check("pypi/foo.bar@9.9", ("malicious", "all"), &["MAL-2026-2"]);
    check("npm/honest", ("withdrawn", "none"), &["MAL-2026-3"]);
    check("npm/honest@1.0.0", ("withdrawn", "none"), &["MAL-2026-3"]);
    check("MAL-2026-1", ("some-versions", "these"), &["MAL-2026-1"]);
    check("MAL-2026-3", ("withdrawn", "none"), &["MAL-2026-3"]);
    check("MAL-2026-99", ("not-known", "none"), &[]);
    check("osv/malicious/npm/@s/a/MAL-2026-1.json", ("some-versions", "these"), &["MAL-2026-1"]);
    check("npm/nobody-knows", ("not-known", "none"), &[]);
    check("mal-2026-1", ("some-versions", "these"), &["MAL-2026-1"]);
    check("GHSA-aaaa-bbbb-cccc", ("malicious", "all"), &["MAL-2026-2"]);
    check("GHSA-none-none-none", ("not-known", "none"), &[]);
    check("vscode/a.b@1.0.0", ("malicious", "these"), &["MAL-2026-4"]);
}

#[test]
fn an_ecosystem_with_slashes_is_named_apart() {
    let arguments = ["query", "--ecosystem", "VSCode:https://open-vsx.org", "a.b@1.0.0"];
    let answers = json(database().path(), &arguments, Exit::Found);
    assert_eq!(answers["answers"][0]["reports"][0]["id"], "MAL-2026-4");
}

#[test]
fn an_answer_says_what_is_known() {
    let answers = json(database().path(), &["query", "npm/@s/a@1.0.1", "npm/none"], Exit::Found);
    assert_eq!(answers["answers"].as_array().map(Vec::len), Some(2));
    let report = &answers["answers"][0]["reports"][0];
    assert_eq!(report["affected_versions"], serde_json::json!(["1.0.0", "1.0.1"]));
    assert_eq!(report["url"], "https://example.org/db/osv/malicious/npm/@s/a/MAL-2026-1.json");
    assert_eq!(report["kind"], "malware");
    assert!(report["withdrawn"].is_null() && report["since"].is_object());
    let shown = malpkg(database().path(), &["query", "npm/@s/a@1.0.1"]).out;
    assert!(shown.starts_with("npm/@s/a@1.0.1: malicious\n  MAL-2026-1  "), "{shown}");
}

#[test]
fn a_question_that_cannot_be_read_is_no_answer() {
    let database = database();
    let nonsense = ["axios", "event-stream@3.3.6", "npm:@s/a@1.0.0", "# c", "npm/@s/a@^1.0", "npm/"];
    for what in ["nosuch/x", "osv/malicious/npm/none.json", "./osv/malicious", "pkg:npm"].into_iter().chain(nonsense) {
        let ran = malpkg(database.path(), &["query", what]);
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Failed, ""), "{what}: {}", ran.err);
    }
}

#[test]
fn a_report_that_cannot_be_read_is_no_silence() {
    let database = database();
    database.write("osv/malicious/npm/@s/a/MAL-2026-1.json", "broken");
    let ran = malpkg(database.path(), &["query", "npm/@s/a"]);
    assert_eq!(ran.exit, Exit::Failed);
    assert!(ran.err.contains("osv/malicious/npm/@s/a/MAL-2026-1.json"), "{}", ran.err);
}

#[test]
fn one_question_that_cannot_be_answered_does_not_hide_the_others() {
    let database = database();
    let found = malpkg(database.path(), &["query", "npm/@s/a@1.0.0", "axios"]);
    assert_eq!(found.exit, Exit::Found);
    assert!(found.out.contains("malicious") && found.err.contains("axios"), "{}{}", found.out, found.err);
    let clean = malpkg(database.path(), &["query", "npm/none", "axios"]);
    assert_eq!(clean.exit, Exit::Failed, "silence about one of them is no all-clear");
    assert_eq!(malpkg(database.path(), &["query", "npm/none", "axios", "--format", "json"]).exit, Exit::Failed);
}

#[test]
fn a_version_that_is_not_listed_is_told_from_a_package_nobody_knows() {
    let answers = json(database().path(), &["query", "npm/@s/a@2.0.0"], Exit::Done);
    assert_eq!(answers["answers"][0]["others"], serde_json::json!(["MAL-2026-1"]));
    let shown = malpkg(database().path(), &["query", "npm/@s/a@2.0.0"]).out;
    assert_eq!(shown, "npm/@s/a@2.0.0: not known; other versions are malicious (MAL-2026-1)\n");
}

#[test]
fn an_alias_is_found_whatever_is_known_of_the_tree() {
    let aliased = |id: &str, name: &str, alias: &str| {
        let text = report(id, "npm", name, &["1.0.0"]);
        text.replace("\"summary\"", &format!("\"aliases\": [\"{alias}\"],\n  \"summary\""))
    };
    let repository = Database::default()
        .with("malpkg.toml", "")
        .with("osv/malicious/npm/a/MAL-2026-1.json", &aliased("MAL-2026-1", "a", "GHSA-aaaa-bbbb-cccc"))
        .with("osv/malicious/npm/b/MAL-2026-2.json", &aliased("MAL-2026-2", "b", "GHSA-AAAA-BBBB-CCCC"))
        .with("osv/malicious/npm/c/MAL-2026-3.json", &aliased("MAL-2026-3", "c", "GHSA-dddd-eeee-ffff"))
        .repository();
    let words =
        ["GHSA-aaaa-bbbb-cccc", "GHSA-AAAA-BBBB-CCCC", "GHSA-DDDD-EEEE-FFFF", "GHSA-aaaa-bbbb-CCCC", "GHSA-none"];
    let found = |words: &[&str]| -> Vec<Vec<String>> {
        let told = json(repository.path(), &[&["query"], words].concat(), Exit::Found);
        let answers = told["answers"].as_array().unwrap().iter();
        let ids = |answer: &serde_json::Value| {
            answer["reports"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
        };
        answers.map(ids).collect()
    };
    let expected =
        [vec!["MAL-2026-1"], vec!["MAL-2026-2"], vec!["MAL-2026-3"], vec!["MAL-2026-1", "MAL-2026-2"], vec![]];
    // The first one is looked for, the others are learned; then an index is kept.
    assert_eq!(found(&words), expected);
    let backwards: Vec<&str> = words.iter().rev().copied().collect();
    assert_eq!(found(&backwards), expected.iter().rev().cloned().collect::<Vec<_>>());
    json(repository.path(), &["validate", "--rev", "HEAD"], Exit::Done);
    assert!(repository.has(".git/malpkg"), "an index is kept");
    assert_eq!(found(&words), expected);
    for (word, expected) in words.iter().zip(&expected).take(4) {
        assert_eq!(found(&[word])[0], *expected, "{word}");
    }
}

#[test]
fn who_asks_why_is_told_of_what_is_not_listed() {
    let plain = json(database().path(), &["query", "npm/@s/a@2.0.0"], Exit::Done);
    assert_eq!(plain["answers"][0]["reports"], serde_json::json!([]));
    let why = json(database().path(), &["query", "--why", "npm/@s/a@2.0.0"], Exit::Done);
    assert_eq!(
        (&why["answers"][0]["verdict"], &why["answers"][0]["reports"][0]["id"]),
        (&"not-known".into(), &"MAL-2026-1".into())
    );
    // What was taken back means nothing.
    let gone = json(database().path(), &["query", "--why", "npm/honest"], Exit::Done);
    assert_eq!(gone["answers"][0]["reports"][0]["why"][0]["meant"], false);
}
